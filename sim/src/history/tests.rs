//! Histories by hand, each with one anomaly or none.

use super::Operation::{Append, Look, Read, Scan, Write};
use super::{Anomaly, History, Operation, Outcome, Transaction, check};
use quantadb::storage::IsolationLevel;

fn a(list: u32, number: u64) -> Operation {
    Append { list, number }
}

fn r(list: u32, numbers: &[u64]) -> Operation {
    Read {
        list,
        numbers: numbers.to_vec(),
    }
}

fn s(lists: &[(u32, &[u64])]) -> Operation {
    Scan {
        from: 0,
        to: 99,
        lists: lists.iter().map(|(l, n)| (*l, n.to_vec())).collect(),
    }
}

fn w(register: u32, number: u64) -> Operation {
    Write { register, number }
}

fn l(register: u32, number: Option<u64>) -> Operation {
    Look { register, number }
}

use Outcome::{Aborted, Committed, Unknown};

/// Outcomes and operations.
type Observed<'a> = &'a [(Outcome, &'a [Operation])];

/// All at the same time, but the last.
fn found(transactions: Observed<'_>) -> Vec<Anomaly> {
    let last = transactions.len() - 1;
    let transactions = transactions.iter().enumerate();
    let history = History {
        transactions: transactions
            .map(|(session, (outcome, operations))| Transaction {
                session,
                operations: operations.to_vec(),
                outcome: *outcome,
                began: if session == last { 20 } else { 0 },
                ended: if session == last { 30 } else { 10 },
            })
            .collect(),
    };
    let mut found: Vec<Anomaly> = check(&history).into_iter().map(|f| f.anomaly).collect();
    found.sort();
    found.dedup();
    found
}

#[test]
fn a_serial_history_shows_nothing() {
    let serial: &[(Outcome, &[Operation])] = &[
        (Committed, &[a(1, 1), r(1, &[1]), a(1, 2)]),
        (Committed, &[r(1, &[1, 2]), a(2, 3), r(2, &[3])]),
        (Aborted, &[a(1, 4), r(1, &[1, 2, 4])]),
        (Unknown, &[a(1, 5)]),
        (Unknown, &[a(1, 6)]),
        (Committed, &[s(&[(1, &[1, 2, 6]), (2, &[3])])]),
    ];
    assert_eq!(found(serial), []);
}

/// Each of `cases` shows what it is called and nothing else.
fn named(cases: &[(Anomaly, Observed)]) {
    for (anomaly, transactions) in cases {
        // What is read in the middle of a transaction is also written over by it.
        let circle = (*anomaly == Anomaly::G1b).then_some(Anomaly::GSingle);
        let expected: Vec<Anomaly> = [*anomaly].into_iter().chain(circle).collect();
        assert_eq!(found(transactions), expected);
    }
}

#[test]
fn what_no_level_allows_has_its_name() {
    named(&[
        (
            Anomaly::G0,
            &[
                (Committed, &[a(1, 1), a(2, 2)]),
                (Committed, &[a(1, 3), a(2, 4)]),
                (Committed, &[s(&[(1, &[1, 3]), (2, &[4, 2])])]),
            ],
        ),
        (
            Anomaly::G1a,
            &[
                (Aborted, &[a(1, 1)]),
                (Committed, &[r(1, &[1])]),
                (Committed, &[s(&[(1, &[1])])]),
            ],
        ),
        (
            Anomaly::G1b,
            &[
                (Committed, &[a(1, 1), a(1, 2)]),
                (Committed, &[r(1, &[1])]),
                (Committed, &[s(&[(1, &[1, 2])])]),
            ],
        ),
        (
            Anomaly::G1c,
            &[
                (Committed, &[a(1, 1), r(2, &[2])]),
                (Committed, &[a(2, 2), r(1, &[1])]),
                (Committed, &[s(&[(1, &[1]), (2, &[2])])]),
            ],
        ),
        (
            Anomaly::OwnWriteMissing,
            &[
                (Committed, &[a(1, 1), r(1, &[])]),
                (Committed, &[s(&[(1, &[1])])]),
            ],
        ),
        (
            Anomaly::Lost,
            &[(Committed, &[a(1, 1)]), (Committed, &[s(&[])])],
        ),
    ]);
}

#[test]
fn what_weaker_levels_allow_has_its_name() {
    named(&[
        (
            // A lost update would be one: here a read skew.
            Anomaly::GSingle,
            &[
                (Committed, &[a(1, 1), a(2, 2)]),
                (Committed, &[r(1, &[]), r(2, &[2])]),
                (Committed, &[s(&[(1, &[1]), (2, &[2])])]),
            ],
        ),
        (
            // A long fork: two see two writes in different orders.
            Anomaly::GNonadjacent,
            &[
                (Committed, &[a(1, 1)]),
                (Committed, &[a(2, 2)]),
                (Committed, &[r(1, &[1]), r(2, &[])]),
                (Committed, &[r(1, &[]), r(2, &[2])]),
                (Committed, &[s(&[(1, &[1]), (2, &[2])])]),
            ],
        ),
        (
            // Write skew.
            Anomaly::G2Item,
            &[
                (Committed, &[r(1, &[]), a(2, 2)]),
                (Committed, &[r(2, &[]), a(1, 1)]),
                (Committed, &[s(&[(1, &[1]), (2, &[2])])]),
            ],
        ),
        (
            // Each finds the range empty and adds to it.
            Anomaly::G2,
            &[
                (Committed, &[s(&[]), a(2, 2)]),
                (Committed, &[s(&[]), a(1, 1)]),
                (Committed, &[s(&[(1, &[1]), (2, &[2])])]),
            ],
        ),
    ]);
}

#[test]
fn readings_that_do_not_go_together() {
    let forked: &[(Outcome, &[Operation])] = &[
        (Committed, &[a(1, 1)]),
        (Committed, &[a(1, 2)]),
        (Committed, &[r(1, &[2])]),
        (Committed, &[s(&[(1, &[1, 2])])]),
    ];
    assert!(found(forked).contains(&Anomaly::Incompatible));
    let late: &[(Outcome, &[Operation])] =
        &[(Committed, &[a(1, 1)]), (Committed, &[s(&[(1, &[1])])])];
    assert_eq!(found(late), []);
    // The last begins after the others have ended.
    let stale: &[(Outcome, &[Operation])] = &[
        (Committed, &[a(1, 1)]),
        (Committed, &[r(1, &[1])]),
        (Committed, &[s(&[])]),
    ];
    assert!(found(stale).contains(&Anomaly::Stale));
}

#[test]
fn what_each_level_forbids() {
    use IsolationLevel::{ReadCommitted, RepeatableRead, Serializable};
    let forbidden = |anomaly: Anomaly| {
        [ReadCommitted, RepeatableRead, Serializable].map(|level| anomaly.is_forbidden(level))
    };
    for anomaly in [
        Anomaly::G0,
        Anomaly::G1a,
        Anomaly::G1b,
        Anomaly::G1c,
        Anomaly::Lost,
        Anomaly::Duplicate,
    ] {
        assert_eq!(forbidden(anomaly), [true, true, true]);
    }
    for anomaly in [Anomaly::GSingle, Anomaly::GNonadjacent, Anomaly::LostUpdate] {
        assert_eq!(forbidden(anomaly), [false, true, true]);
    }
    for anomaly in [Anomaly::G2Item, Anomaly::G2] {
        assert_eq!(forbidden(anomaly), [false, false, true]);
    }
}

/// Transactions with the times when they began and ended.
fn timed(transactions: &[(Outcome, u64, u64, &[Operation])]) -> Vec<Anomaly> {
    let transactions = transactions.iter().enumerate();
    let history = History {
        transactions: transactions
            .map(
                |(session, (outcome, began, ended, operations))| Transaction {
                    session,
                    operations: operations.to_vec(),
                    outcome: *outcome,
                    began: *began,
                    ended: *ended,
                },
            )
            .collect(),
    };
    check(&history).into_iter().map(|f| f.anomaly).collect()
}

#[test]
fn an_interrupted_commit_is_whole_or_absent_and_stays_so() {
    let torn = timed(&[
        (Unknown, 0, 10, &[a(1, 1), a(2, 2)]),
        (Committed, 20, 30, &[s(&[(1, &[1])])]),
    ]);
    assert_eq!(torn, [Anomaly::Lost]);
    let seen_then_lost = timed(&[
        (Unknown, 0, 10, &[a(1, 1)]),
        (Committed, 5, 9, &[r(1, &[1])]),
        (Committed, 20, 30, &[s(&[])]),
    ]);
    assert!(seen_then_lost.contains(&Anomaly::Stale));
}

#[test]
fn nothing_runs_against_the_time() {
    // What one has seen, another that begins later sees too, acknowledged or not.
    let backwards = timed(&[
        (Committed, 0, 30, &[a(1, 1)]),
        (Committed, 1, 5, &[r(1, &[1])]),
        (Committed, 10, 15, &[r(1, &[])]),
        (Committed, 40, 50, &[s(&[(1, &[1])])]),
    ]);
    assert!(backwards.contains(&Anomaly::Stale));
    let turned = timed(&[
        (Committed, 0, 10, &[a(1, 1)]),
        (Committed, 20, 30, &[a(1, 2)]),
        (Committed, 40, 50, &[s(&[(1, &[2, 1])])]),
    ]);
    assert!(turned.contains(&Anomaly::Stale));
}

#[test]
fn a_number_twice_and_a_scan_without_the_own_list() {
    let twice: &[(Outcome, &[Operation])] =
        &[(Committed, &[a(1, 1)]), (Committed, &[s(&[(1, &[1, 1])])])];
    assert_eq!(found(twice), [Anomaly::Duplicate]);
    let blind: &[(Outcome, &[Operation])] = &[
        (Committed, &[a(1, 1), s(&[])]),
        (Committed, &[s(&[(1, &[1])])]),
    ];
    assert_eq!(found(blind), [Anomaly::OwnWriteMissing]);
}

#[test]
fn registers_that_were_used_one_after_the_other_show_nothing() {
    let serial = timed(&[
        (
            Committed,
            0,
            1,
            &[l(1, None), w(1, 1), l(1, Some(1)), w(1, 2)],
        ),
        (Committed, 2, 3, &[l(1, Some(2)), w(1, 3)]),
        (Aborted, 4, 5, &[l(1, Some(3)), w(1, 4), l(1, Some(4))]),
        (Unknown, 6, 7, &[l(1, Some(3)), w(1, 5)]),
        (Unknown, 6, 7, &[l(1, Some(3)), w(1, 6)]),
        (Committed, 8, 9, &[l(1, Some(6)), l(2, None)]),
    ]);
    assert_eq!(serial, []);
}

#[test]
fn what_registers_show_has_its_name() {
    let lost: &[(Outcome, &[Operation])] = &[
        (Committed, &[l(1, None), w(1, 1)]),
        (Committed, &[l(1, None), w(1, 2)]),
        (Committed, &[l(1, Some(2))]),
    ];
    assert!(found(lost).contains(&Anomaly::LostUpdate));
    named(&[
        (
            Anomaly::G1a,
            &[
                (Aborted, &[w(1, 1)]),
                (Committed, &[l(1, Some(1))]),
                (Committed, &[]),
            ],
        ),
        (
            Anomaly::G1c,
            &[
                (Committed, &[w(1, 1), l(2, Some(2))]),
                (Committed, &[w(2, 2), l(1, Some(1))]),
                (Committed, &[]),
            ],
        ),
        (
            Anomaly::GSingle,
            &[
                (Committed, &[w(1, 1), w(2, 2)]),
                (Committed, &[l(1, None), l(2, Some(2))]),
                (Committed, &[]),
            ],
        ),
        (
            Anomaly::G2Item,
            &[
                (Committed, &[l(1, None), w(2, 2)]),
                (Committed, &[l(2, None), w(1, 1)]),
                (Committed, &[]),
            ],
        ),
        (
            Anomaly::OwnWriteMissing,
            &[(Committed, &[w(1, 1), l(1, None)]), (Committed, &[])],
        ),
    ]);
    let middle: &[(Outcome, &[Operation])] = &[
        (Committed, &[l(1, None), w(1, 1), w(1, 2)]),
        (Committed, &[l(1, Some(1))]),
        (Committed, &[]),
    ];
    assert!(found(middle).contains(&Anomaly::G1b));
    let stale: &[(Outcome, &[Operation])] = &[(Committed, &[w(1, 1)]), (Committed, &[l(1, None)])];
    assert!(found(stale).contains(&Anomaly::Stale));
}

/// T0 is before T1 by what it looked at, T2 before T0 likewise, and T1 before T2 by the clock alone.
#[test]
fn a_serial_order_that_the_clock_contradicts() {
    let history: &[(Outcome, u64, u64, &[Operation])] = &[
        (Committed, 0, 9, &[l(2, None), w(1, 1)]),
        (Committed, 1, 3, &[w(2, 2)]),
        (Committed, 4, 6, &[l(1, None)]),
    ];
    assert_eq!(timed(history), [Anomaly::G2Item]);
    let mut together = history.to_vec();
    together[2].1 = 2;
    assert_eq!(timed(&together), []);
}
