//! The model against the rules of the door, and against a second model.

use quantadb::storage::StorageBackend;
use quantadb_sim::door::{check_random, check_semantics};
use quantadb_sim::lockstep::Shape;
use quantadb_sim::model::ModelBackend;
use std::sync::Arc;

fn make() -> Arc<dyn StorageBackend> {
    Arc::new(ModelBackend::new())
}

#[test]
fn keeps_the_rules_of_the_door() {
    check_semantics(&make);
}

#[test]
fn agrees_with_itself_and_the_workload_reaches_everything() {
    let counts = check_random(&make, 1, 20_000, Shape::plain());
    assert!(
        counts.committed > 500,
        "transactions get through: {counts:?}"
    );
    assert!(counts.refused > 500, "transactions conflict: {counts:?}");
    assert!(counts.entries_compared > 1_000, "{counts:?}");
}
