//! Floor 1: the buffer pool.
