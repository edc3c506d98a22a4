//! The simulator of QuantaDB: a disk that forgets, a model that does not, and scenarios between them.
