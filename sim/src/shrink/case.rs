//! A case as a text: written, read, run.

use super::reason::Reason;
use crate::course::{Course, CourseCell, Incident, Kind, Moment, Step, Turn, What};
use crate::disk::FaultSet;
use crate::report::{Report, Violation};
use crate::scenario::{
    Request, Scenario, mistake_by_name, options_of_seed, run_course, scenario_by_name,
};
use crate::trace::Trace;
use std::fmt;

/// How every case begins.
const TITLE: &str = "quanta-sim case ";
/// The version that is written and read.
const VERSION: &str = "1";

/// A run with parts left out.
#[derive(Clone, Debug)]
pub struct Case {
    /// Which scenario.
    pub scenario: &'static Scenario,
    /// Which seed.
    pub seed: u64,
    /// What was asked of the run.
    pub request: Request,
    /// What is left of it.
    pub course: Course,
    /// Why it fails.
    pub reason: Reason,
    /// What it finds, for people.
    pub violation: String,
    /// More for people, a line each.
    pub comments: Vec<String>,
}

/// What a replay came to.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// A report, or what was found.
    pub outcome: Result<Report, Box<Violation>>,
    /// Whether it was found for the reason that the case names.
    pub is_same_reason: bool,
    /// The first note that is another than in the case: then the workload draws otherwise than when the case was made.
    pub drifted: Option<String>,
    /// What happened.
    pub course: Course,
}

impl Case {
    /// Says where the case comes from and what the seed's options are.
    pub(super) fn with_comments(mut self, before: &Course, attempts: u64) -> Self {
        let counts = |course: &Course| {
            format!(
                "{} steps, {} turns, {} incidents",
                course.count(Kind::Steps),
                course.count(Kind::Turns),
                course.count(Kind::Incidents)
            )
        };
        let (from, to) = (counts(before), counts(&self.course));
        self.comments = vec![format!("from {from} to {to} in {attempts} runs")];
        let options = options_of_seed(self.scenario, self.seed, &self.request).describe();
        let named = options
            .into_iter()
            .filter(|(_, value)| value != "0" && value != "false");
        self.comments
            .extend(named.map(|(name, value)| format!("{name}: {value}")));
        self
    }

    /// Reads a case; `read` gives the text of a script.
    ///
    /// # Errors
    /// What is wrong, with the number of the line.
    pub fn parse(
        text: &str,
        read: &dyn Fn(&str) -> Result<String, String>,
    ) -> Result<Self, String> {
        let mut lines = text.lines().enumerate();
        match lines.next().and_then(|(_, line)| line.strip_prefix(TITLE)) {
            Some(VERSION) => {}
            Some(other) => {
                return Err(format!(
                    "line 1: cases of version {other:?} are not known, only {VERSION}"
                ));
            }
            None => return Err(format!("line 1: expected {TITLE:?} and a version")),
        }
        let mut draft = Draft::default();
        for (at, line) in lines {
            let line = line.trim();
            let read = match line.is_empty() {
                true => Ok(()),
                false => draft.line(line, read),
            };
            read.map_err(|what| format!("line {}: {what}", at + 1))?;
        }
        draft.finish()
    }

    /// Runs it.
    pub fn replay(&self) -> Replayed {
        self.replay_in(&CourseCell::replaying(self.course.clone()))
    }

    /// Runs it and keeps all that happens.
    pub fn watch(&self) -> (Replayed, Trace) {
        let cell = CourseCell::replaying(self.course.clone()).watched();
        let replayed = self.replay_in(&cell);
        let mistake = self
            .request
            .mistake
            .map(|m| format!(", with the mistake {m:?}"));
        let trace = Trace {
            title: format!(
                "seed {} of scenario {}{}",
                self.seed,
                self.scenario.name,
                mistake.unwrap_or_default()
            ),
            events: cell.events(),
            violation: replayed.outcome.as_ref().err().cloned(),
        };
        (replayed, trace)
    }

    fn replay_in(&self, cell: &CourseCell) -> Replayed {
        let outcome = run_course(self.scenario, self.seed, &self.request, cell);
        let reason = outcome.as_ref().err().map(|v| Reason::of(v));
        let course = cell.made();
        Replayed {
            is_same_reason: reason.as_ref() == Some(&self.reason),
            drifted: self.drifted(&course),
            outcome,
            course,
        }
    }

    fn drifted(&self, now: &Course) -> Option<String> {
        let notes = |course: &Course| -> Vec<String> {
            let steps = course.steps.iter();
            let lines = steps.flat_map(|step| step.notes.iter().map(|note| one_line(note)));
            lines.collect()
        };
        let (then, now) = (notes(&self.course), notes(now));
        let differs = then.iter().zip(&now).find(|(then, now)| then != now);
        differs.map(|(then, now)| {
            format!("the case was made when this was done: {then}; now it is: {now}")
        })
    }
}

/// A text as one line of a case.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{TITLE}{VERSION}")?;
        for comment in &self.comments {
            writeln!(f, "# {comment}")?;
        }
        writeln!(f, "scenario {}", self.scenario.name)?;
        writeln!(f, "seed {}", self.seed)?;
        let Request {
            mistake,
            faults,
            switches,
            scripts,
            ..
        } = &self.request;
        if let Some(mistake) = mistake {
            writeln!(f, "mistake {mistake:?}")?;
        }
        if let Some(faults) = faults {
            writeln!(f, "faults {faults}")?;
        }
        if let Some(point) = self.course.point {
            writeln!(f, "point {point}")?;
        }
        for (path, _) in scripts {
            writeln!(f, "script {path}")?;
        }
        for (name, value) in switches {
            writeln!(f, "set {name} = {value}")?;
        }
        writeln!(f, "reason {}", self.reason)?;
        for line in self.violation.lines() {
            writeln!(f, "violation {}", line.trim())?;
        }
        self.course
            .steps
            .iter()
            .try_for_each(|step| write_step(f, step))
    }
}

fn write_step(f: &mut fmt::Formatter<'_>, step: &Step) -> fmt::Result {
    write!(f, "\n{} at", step.moment)?;
    step.at.iter().try_for_each(|at| write!(f, " {at}"))?;
    writeln!(f)?;
    for note in &step.notes {
        writeln!(f, "  | {}", one_line(note))?;
    }
    for Turn {
        session,
        number,
        at,
    } in &step.turns
    {
        writeln!(f, "  turn {session} {number} at {at}")?;
    }
    for Incident {
        leg,
        call,
        what,
        at,
    } in &step.incidents
    {
        writeln!(f, "  {what} in leg {leg} call {call} at {at}")?;
    }
    Ok(())
}

/// A case of which not everything was read yet.
#[derive(Default)]
struct Draft {
    scenario: Option<&'static Scenario>,
    seed: Option<u64>,
    request: Request,
    course: Course,
    reason: Option<Reason>,
    violation: Vec<String>,
    comments: Vec<String>,
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    let expected = |_| format!("expected a number, not {text:?}");
    text.parse().map_err(expected)
}

impl Draft {
    fn line(
        &mut self,
        line: &str,
        read: &dyn Fn(&str) -> Result<String, String>,
    ) -> Result<(), String> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "#" => self.comments.push(rest.to_owned()),
            "scenario" => {
                let found = scenario_by_name(rest);
                self.scenario = Some(found.ok_or(format!("no scenario is called {rest:?}"))?);
            }
            "seed" => self.seed = Some(number(rest)?),
            "mistake" => {
                let found = mistake_by_name(rest);
                self.request.mistake = Some(found.ok_or(format!("no mistake is called {rest:?}"))?);
            }
            "faults" => self.request.faults = Some(FaultSet::parse(rest)?),
            "point" => self.course.point = Some(number(rest)?),
            "script" => self.request.scripts.push((rest.to_owned(), read(rest)?)),
            "set" => {
                let pair = rest
                    .split_once(" = ")
                    .ok_or("expected: set option = value")?;
                let pair = (pair.0.to_owned(), pair.1.to_owned());
                self.request.switches.push(pair);
            }
            "reason" => self.reason = Some(Reason::from_text(rest)),
            "violation" => self.violation.push(rest.to_owned()),
            "start" | "step" | "end" => self.course.steps.push(step(line)?),
            _ => {
                let last = self.course.steps.last_mut();
                let step = last.ok_or(format!("what is {word:?}?"))?;
                match word {
                    "|" => step.notes.push(rest.to_owned()),
                    "turn" => step.turns.push(turn(rest)?),
                    _ => step.incidents.push(incident(word, rest)?),
                }
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Case, String> {
        let scenario = self.scenario.ok_or("the case names no scenario")?;
        let seed = self.seed.ok_or("the case names no seed")?;
        let mut options = options_of_seed(scenario, seed, &Request::default());
        for (name, value) in &self.request.switches {
            options.set(name, value)?;
        }
        Ok(Case {
            scenario,
            seed,
            request: self.request,
            course: self.course,
            reason: self.reason.ok_or("the case names no reason")?,
            violation: self.violation.join("\n"),
            comments: self.comments,
        })
    }
}

fn step(line: &str) -> Result<Step, String> {
    let (moment, at) = line
        .split_once(" at")
        .ok_or("expected a moment and \"at\"")?;
    let moment = match moment.split_once(' ') {
        None if moment == "start" => Moment::Start,
        None if moment == "end" => Moment::End,
        Some(("step", text)) => Moment::Step(number(text)?),
        _ => return Err(format!("{moment:?} is no moment")),
    };
    let at = at
        .split_whitespace()
        .map(number)
        .collect::<Result<_, _>>()?;
    Ok(Step::new(moment, at))
}

fn turn(rest: &str) -> Result<Turn, String> {
    match rest.split(' ').collect::<Vec<_>>()[..] {
        [session, nth, "at", at] => Ok(Turn {
            session: number(session)?,
            number: number(nth)?,
            at: number(at)?,
        }),
        _ => Err("expected: turn session number at number".to_owned()),
    }
}

fn incident(word: &str, rest: &str) -> Result<Incident, String> {
    let what = What::all().find(|what| what.to_string() == word);
    let what = what.ok_or_else(|| format!("what is {word:?}?"))?;
    match rest.split(' ').collect::<Vec<_>>()[..] {
        ["in", "leg", leg, "call", call, "at", at] => Ok(Incident {
            leg: number(leg)?,
            call: number(call)?,
            what,
            at: number(at)?,
        }),
        _ => Err(format!(
            "expected: {word} in leg number call number at number"
        )),
    }
}
