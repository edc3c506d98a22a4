//! A run to look at: all that happens is told, in the order in which it does, and a lost row leads to the write that lost it.

mod common;

use quantadb::planted::Mistake;
use quantadb_sim::shrink::Case;
use quantadb_sim::trace::{Cause, Event, Trace};

/// The shrunk case of the first run that notices `mistake`.
fn case_of(mistake: Mistake) -> Case {
    common::shrunk(mistake, 500).case
}

fn calls(trace: &Trace) -> impl Iterator<Item = &quantadb_sim::trace::DiskCall> {
    trace.events.iter().filter_map(|event| match event {
        Event::Calls(call) => Some(call),
        _ => None,
    })
}

#[test]
fn a_lost_commit_leads_to_the_write_that_lost_it() {
    // Of some runs only the end of a process is left, or a database that is refused.
    let cases = (0..2_000).step_by(100);
    let cases = cases.map(|first| common::shrunk_from(first, Mistake::LogRecycledEarly, 500).case);
    let mut watched = cases.map(|case| (case.watch(), case));
    let loses = watched.find(|((_, trace), _)| {
        let cause = Cause::of(trace);
        cause.is_some_and(|cause| !cause.lost.is_empty())
    });
    let ((replayed, trace), case) = loses.expect("a power loss takes what was needed");
    assert!(replayed.is_same_reason);
    let (again, _) = case.watch();
    assert_eq!(
        replayed.outcome.err(),
        again.outcome.err(),
        "watching changes nothing"
    );

    let cause = Cause::of(&trace).expect("it has found something");
    assert!(!cause.lost.is_empty(), "{trace}");
    for &at in &cause.lost {
        assert!(matches!(&trace.events[at], Event::Calls(call) if call.written.is_some()));
    }
    let violation = trace.violation.as_ref().expect("it has found something");
    let text = trace.to_string();
    assert!(text.contains(&violation.mismatch.expected), "{text}");
}

#[test]
fn what_was_in_memory_only_is_said_to_be() {
    let (_, trace) = case_of(Mistake::CommitWithoutSync).watch();
    let cause = Cause::of(&trace).expect("it has found something");
    assert!(cause.never_written && cause.lost.is_empty(), "{trace}");
    assert!(cause.needles.contains(&"slot-0".to_owned()), "{cause:?}");
}

#[test]
fn the_three_ways_of_showing_it_show_the_same() {
    let (_, trace) = case_of(Mistake::UndoSkipped).watch();
    let text = trace.to_string();
    let json = trace.to_json_lines();
    assert_eq!(json.lines().count(), trace.events.len() + 1);
    for line in json.lines() {
        let value: serde_json::Value = serde_json::from_str(line).expect("each line is JSON");
        assert!(value.is_object(), "{line}");
    }
    for call in calls(&trace) {
        assert!(text.contains(&call.to_string()), "{call}");
    }
    let html = trace.to_html();
    assert!(html.starts_with("<!doctype html>") && html.ends_with("</html>\n"));
    for outside in ["http://", "https://", "<script", "<link", "@import", "url("] {
        assert!(!html.contains(outside), "the page needs {outside}");
    }
    let opened = html.matches("<div").count();
    assert_eq!(
        opened,
        html.matches("</div>").count(),
        "what is opened is closed"
    );
    for event in &trace.events {
        if let Event::Done { text, .. } = event {
            let start: String = text.chars().take_while(|c| c.is_alphanumeric()).collect();
            assert!(html.contains(&start), "{text}");
        }
    }
}
