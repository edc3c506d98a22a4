//! The properties of `quantadb_sim::property` over random inputs.

use arbitrary::Arbitrary;
use proptest::prelude::*;
use quantadb::planted::{Mistake, plant};
use quantadb_sim::property::{
    ExpressionInput, FileInput, ForgottenInput, KeyInput, LogDamage, LogInput, PageInput,
    QueryInput, RowInput, TransactionsInput, TreeInput, check_expression, check_file,
    check_forgotten, check_keys, check_log, check_log_damage, check_page, check_query, check_rows,
    check_sql, check_transactions, check_tree, input_of,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Inputs of at most so many bytes of choices.
fn input<T: for<'a> Arbitrary<'a> + std::fmt::Debug>(bytes_max: usize) -> impl Strategy<Value = T> {
    prop::collection::vec(any::<u8>(), 8..bytes_max)
        .prop_filter_map("the bytes describe no input", |bytes| input_of(&bytes))
}

proptest! {
    #![proptest_config(config(300))]

    /// WAL-1, WAL-2, WAL-3, WAL-4, WAL-5.
    #[test]
    fn a_log_gives_back_what_was_flushed(input in input::<LogInput>(2500)) {
        check_log(input);
    }
}

#[test]
fn a_log_that_believes_its_cache_is_noticed() {
    let _planted = plant(Some(Mistake::TailBelieved));
    let noticed = (0..400).position(|seed| {
        let mut bytes = vec![0; 800];
        ChaCha8Rng::seed_from_u64(seed).fill(&mut bytes[..]);
        let check = || input_of(&bytes).map(check_log);
        std::panic::catch_unwind(check).is_err()
    });
    println!("noticed at input {noticed:?}");
    assert!(noticed.is_some(), "a loss of what was read went unnoticed");
}

proptest! {
    #![proptest_config(config(60))]

    /// BUF-5.
    #[test]
    fn what_a_failed_sync_forgot_is_told(input in input::<ForgottenInput>(64)) {
        check_forgotten(input);
    }

    #[test]
    fn sessions_see_what_the_model_says(input in input::<TransactionsInput>(500)) {
        check_transactions(input);
    }

    #[test]
    fn a_tree_is_an_ordered_map(input in input::<TreeInput>(1500)) {
        check_tree(input);
    }
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn any_file_gives_an_answer_or_an_error(input in input::<FileInput>(200)) {
        check_file(input);
    }

    #[test]
    fn any_log_gives_an_answer_or_an_error(input in input::<LogDamage>(300)) {
        check_log_damage(input);
    }

    #[test]
    fn any_page_is_sound_or_refused(input in input::<PageInput>(200)) {
        check_page(input);
    }

    #[test]
    fn rows_are_their_values(input in input::<RowInput>(600)) {
        check_rows(input);
    }

    #[test]
    fn keys_are_in_the_order_of_their_values(input in input::<KeyInput>(200)) {
        check_keys(input);
    }

    #[test]
    fn an_expression_is_what_it_is_by_hand(input in input::<ExpressionInput>(150)) {
        check_expression(input);
    }

    #[test]
    fn a_query_is_the_same_whatever_its_plan(input in input::<QueryInput>(200)) {
        check_query(input);
    }

    #[test]
    fn any_text_is_bound_or_refused(text in "[a-eselctfromw*(),.0-9' =<>\"\\-;$:]{0,60}") {
        check_sql(&text);
    }
}

/// A fuzz target found it: a change in the log says that it goes on where another transaction has its record.
#[test]
fn a_record_of_another_transaction_is_damage() {
    let bytes = [1, 0, 0, 255, 19, 0, 0, 1, 0, 0, 0, 37, 96];
    let damage = LogDamage::arbitrary_take_rest(arbitrary::Unstructured::new(&bytes));
    check_log_damage(damage.expect("the input of a fuzz target"));
}
