//! The search for the least case.

use super::case::Case;
use super::reason::Reason;
use super::reduce::minimize;
use crate::course::{Course, CourseCell, Kind};
use crate::report::Violation;
use crate::scenario::{Request, SWITCHES, Scenario, options_of_seed, run_course};
use std::fmt;

/// How long the search may take.
pub struct Limits<'a> {
    /// Runs.
    pub attempts_max: u64,
    /// Asked before each run: whether to be content with what there is. It alone can make two searches end differently.
    pub is_enough: &'a dyn Fn() -> bool,
}

/// What a search came to.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The least case found.
    pub case: Case,
    /// What it finds.
    pub violation: Box<Violation>,
    /// The course of the run that failed first.
    pub before: Course,
    /// Runs that were made.
    pub attempts: u64,
    /// Whether no part of the case could be left out; else the search was cut short.
    pub is_minimal: bool,
}

/// Why there is no case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotShrunk {
    /// The seed finds nothing wrong.
    Clean,
    /// Following the whole course does not fail for the reason for which the seed did: a defect of this package.
    NotRepeated {
        /// The seed's.
        expected: Reason,
        /// That of the course, if it failed at all.
        found: Option<Reason>,
    },
}

impl fmt::Display for NotShrunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotShrunk::Clean => f.write_str("the seed finds nothing wrong"),
            NotShrunk::NotRepeated { expected, found } => {
                let found = found.as_ref().map(Reason::to_string);
                let found = found.as_deref().unwrap_or("nothing wrong");
                write!(
                    f,
                    "the course of the run does not repeat it: expected {expected}; found {found}"
                )
            }
        }
    }
}

/// The search under way.
struct Search<'a> {
    scenario: &'static Scenario,
    seed: u64,
    request: Request,
    reason: Reason,
    limits: &'a Limits<'a>,
    attempts: u64,
    cut_short: bool,
}

impl Search<'_> {
    fn follow(&self, request: &Request, course: Course) -> (Option<Box<Violation>>, Course) {
        let cell = CourseCell::replaying(course);
        let ran = run_course(self.scenario, self.seed, request, &cell);
        (ran.err(), cell.made())
    }

    /// Whether a run fails for the same reason; no longer, when there were enough runs.
    fn fails(&mut self, request: &Request, course: Course) -> bool {
        if self.attempts >= self.limits.attempts_max || (self.limits.is_enough)() {
            self.cut_short = true;
            return false;
        }
        self.attempts += 1;
        let (violation, _) = self.follow(request, course);
        violation.is_some_and(|v| Reason::of(&v) == self.reason)
    }

    /// Leaves out what is not needed of one kind.
    fn reduce(&mut self, course: &mut Course, kind: Kind) {
        let (request, whole) = (self.request.clone(), course.clone());
        let kept = minimize(whole.count(kind), &mut |kept| {
            self.fails(&request, whole.only(kind, kept))
        });
        *course = whole.only(kind, &kept);
    }

    /// Gives each option the simplest value that it can have.
    fn simplify(&mut self, course: &Course) {
        let scenario = self.scenario;
        for switch in SWITCHES.iter().filter(|s| s.concerns(scenario)) {
            let now = options_of_seed(self.scenario, self.seed, &self.request).get(switch.name);
            for &value in switch.simpler {
                if now.as_deref() == Some(value) {
                    break;
                }
                let mut request = self.request.clone();
                request.switches.retain(|(name, _)| name != switch.name);
                let pair = (switch.name.to_owned(), value.to_owned());
                request.switches.push(pair);
                if self.fails(&request, course.clone()) {
                    self.request = request;
                    break;
                }
            }
        }
    }

    /// All levels, until nothing goes any more.
    fn search(&mut self, course: &mut Course) {
        loop {
            let before = (course.clone(), self.request.switches.clone());
            self.reduce(course, Kind::Steps);
            self.reduce(course, Kind::Turns);
            self.reduce(course, Kind::Incidents);
            self.simplify(course);
            if self.cut_short || before == (course.clone(), self.request.switches.clone()) {
                return;
            }
        }
    }
}

/// Finds the least part of a failing run that fails for the same reason. The same arguments give the same case.
///
/// # Errors
/// When the run does not fail, or its course does not repeat it.
pub fn shrink(
    scenario: &'static Scenario,
    seed: u64,
    request: &Request,
    limits: &Limits<'_>,
) -> Result<Shrunk, NotShrunk> {
    let cell = CourseCell::recording();
    let ran = run_course(scenario, seed, request, &cell);
    let violation = ran.err().ok_or(NotShrunk::Clean)?;
    let before = cell.made();
    let mut search = Search {
        scenario,
        seed,
        request: request.clone(),
        reason: Reason::of(&violation),
        limits,
        attempts: 1,
        cut_short: false,
    };
    let (found, _) = search.follow(request, before.clone());
    let found = found.map(|v| Reason::of(&v));
    if found.as_ref() != Some(&search.reason) {
        let expected = search.reason;
        return Err(NotShrunk::NotRepeated { expected, found });
    }
    let mut course = before.clone();
    search.search(&mut course);
    let (violation, course) = search.follow(&search.request, course);
    let violation = violation.ok_or(NotShrunk::NotRepeated {
        expected: search.reason.clone(),
        found: None,
    })?;
    let case = Case {
        scenario,
        seed,
        request: search.request,
        reason: search.reason,
        violation: violation.mismatch.to_string(),
        course,
        comments: Vec::new(),
    };
    Ok(Shrunk {
        case: case.with_comments(&before, search.attempts),
        violation,
        before,
        attempts: search.attempts,
        is_minimal: !search.cut_short,
    })
}
