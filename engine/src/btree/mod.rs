//! Floor 2: the B+tree of slotted pages, the one access method.
