//! Floor 7: from a bound tree to a physical plan, chosen by cost.
