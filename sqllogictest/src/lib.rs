//! Runs sqllogictest scripts over QuantaDB.
