//! Floor 1: analysis, redo and undo after a crash.
