//! Floor 3: transactions: snapshots, versions, write conflicts, commit.
