//! A file system in memory.

/// Files in memory; what [`crate::api`]'s in-memory databases live on.
#[derive(Debug, Default)]
pub struct MemoryVfs;
