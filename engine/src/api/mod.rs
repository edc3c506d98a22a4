//! Floor 9: what users call.
