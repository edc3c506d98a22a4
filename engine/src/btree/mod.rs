//! Floor 2: the B+tree of slotted pages, the one access method.
//!
//! ```text
//!                    ┌───────── root (its page number names the tree) ─────────┐
//!                    │ leftmost │ "f" ▸ child │ "p" ▸ child                    │
//!                    └────┬──────────┬─────────────┬──────────────────────────┘
//!              keys < "f" ▼   "f" ≤ keys < "p" ▼   ▼ "p" ≤ keys
//!                 leaf  ◀──▶  leaf  ◀──▶  leaf          next / prev on every level
//!
//!   leaf cell   │ flags 1 │ key length 2 │ key … │ value … │        flags: 1 tombstone, 2 overflow
//!   inner cell  │ child 4 │ separator …  │
//!   overflow    value = │ length 8 │ first page 4 │ ; each page holds a piece, next leads on
//! ```
//!
//! The number of the root never changes: growth moves the root's content down. A separator is the shortest byte
//! string that divides its neighbours (Bayer and Unterauer, "Prefix B-trees", TODS 1977).
//!
//! Every operation on leaves holds the tree's *structure latch* shared; that makes inner pages immutable, so a descent
//! needs no latch coupling, and only the leaf is latched for the time of the operation. Splits and merges hold it
//! exclusively. A cursor copies what it needs of one leaf and goes on from the fence that it saw on its way down, so it
//! holds nothing between two steps, and leaves may split and merge under it.
//!
//! A split makes room and inserts nothing; the insertion descends again. A split at the right edge moves no cell, so
//! ascending keys leave full pages behind.
//!
//! Invariants:
//! - TREE-1: keys ascend within a leaf and from leaf to leaf, and lie within the fences that the path to the leaf gives.
//! - TREE-2: the level of a child is one less than its parent's.
//! - TREE-3: a cell is at most a quarter of a page, so a split always makes room.
//! - TREE-4: neighbours name each other.
//!
//! Who goes from leaf to leaf asks each for TREE-4, and who goes on from a key whether it is behind the last (TREE-1): so a
//! scan has an end, whatever a damaged file says.

mod check;
mod merge;
mod node;
mod overflow;
mod split;
mod tree;

pub use check::{PageOwners, TreeReport, add_problem, check_tree};
pub use node::{
    Entry, EntryPlace, OVERFLOW, StoredEntry, TOMBSTONE, cell_bytes_max, key_bytes_max,
};
pub(crate) use node::{child_at as inner_child, leaf_cell, leaf_entry, leaf_key};
pub use overflow::{
    ChainReader, ChainRef, VALUE_BYTES_MAX, free_chain_step, read_chain, write_chain,
};
pub use tree::{Leaf, LeafMut, Seek, Tree};
pub(crate) use tree::{expect_node, out_of_order};
