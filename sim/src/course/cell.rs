//! The course while the run is under way: it is taken down, or followed, or both, or nobody cares.

use super::list::{Course, Incident, Moment, Step, Turn, What};
use crate::baton;
use crate::disk::{CrashKind, Fault, FaultKind};
use crate::trace::{DiskCall, Event, SectorFate};
use quantadb::sync::Mutex;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// Notes of one step that are kept; the rest is counted.
const NOTES_MAX: usize = 24;

/// The course of a run, shared by all who decide something in it. The default is that of a run whose course nobody keeps:
/// each call then costs one comparison.
#[derive(Clone, Debug, Default)]
pub struct CourseCell(Option<Arc<Mutex<Taking>>>);

#[derive(Debug, Default)]
struct Taking {
    /// What is followed.
    given: Option<Course>,
    /// The step of `given` that is under way.
    at: Option<usize>,
    /// What has happened.
    made: Course,
    leg: u32,
    /// Whether nothing may go wrong in this leg, whatever the course that is followed says.
    peaceful: bool,
    call: u64,
    /// Restarts in this step.
    restarts: usize,
    /// The session that is speaking.
    lane: usize,
    /// All that happens, if somebody watches.
    events: Option<Vec<Event>>,
}

impl Taking {
    fn given_step(&self) -> Option<&Step> {
        self.given.as_ref()?.steps.get(self.at?)
    }

    fn made_step(&mut self) -> &mut Step {
        if self.made.steps.is_empty() {
            self.made.steps.push(Step::new(Moment::Start, Vec::new()));
        }
        let last = self.made.steps.last_mut();
        last.expect("there is one at least")
    }

    fn struck(&mut self, what: What, rng: &ChaCha8Rng) {
        let incident = Incident {
            leg: self.leg,
            call: self.call,
            what,
            at: word(rng),
        };
        self.made_step().incidents.push(incident);
    }

    fn happens(&mut self, event: impl FnOnce() -> Event) {
        if let Some(events) = &mut self.events {
            events.push(event());
        }
    }

    fn begin(&mut self, moment: Moment) {
        let steps = self.given.as_ref().map(|given| &given.steps);
        let found = steps.and_then(|steps| steps.iter().position(|s| s.moment == moment));
        self.at = found;
        (self.leg, self.call, self.restarts) = (0, 0, 0);
    }
}

/// Where a stream stands.
fn word(rng: &ChaCha8Rng) -> u64 {
    // Streams are as long as 2^68 words; nobody draws more than 2^40.
    rng.get_word_pos() as u64
}

impl CourseCell {
    /// One that takes the course of a run down.
    pub fn recording() -> Self {
        Self(Some(Arc::default()))
    }

    /// One that makes the run follow `course`, and takes down what becomes of it.
    pub fn replaying(course: Course) -> Self {
        let taking = Taking {
            given: Some(course),
            ..Taking::default()
        };
        Self(Some(Arc::new(Mutex::new(taking))))
    }

    /// The same, and all that happens is kept for whoever watches.
    #[must_use]
    pub fn watched(self) -> Self {
        self.with(|taking| taking.events = Some(Vec::new()));
        self
    }

    /// Whether somebody watches.
    pub fn is_watched(&self) -> bool {
        self.with(|taking| taking.events.is_some()).unwrap_or(false)
    }

    /// What has happened so far, if somebody watches.
    pub fn events(&self) -> Vec<Event> {
        let events = self.with(|taking| taking.events.clone()).flatten();
        events.unwrap_or_default()
    }

    /// The disk was called, for the session whose thread this is.
    pub fn called(&self, call: impl FnOnce(usize) -> DiskCall) {
        self.with(|taking| {
            let lane = baton::seat().unwrap_or(taking.lane);
            taking.happens(|| Event::Calls(call(lane)));
        });
    }

    /// The call that was taken down last has written this, as write number `number`.
    pub fn wrote(&self, number: u64, bytes: &[u8]) {
        self.with(|taking| {
            let last = taking.events.as_mut().and_then(|events| events.last_mut());
            if let Some(Event::Calls(call)) = last {
                call.written = Some((number, bytes.to_vec()));
            }
        });
    }

    /// A life has ended, and this became of what was not synced.
    pub fn restarted(&self, kind: CrashKind, sectors: impl FnOnce() -> Vec<SectorFate>) {
        self.with(|taking| {
            taking.happens(|| Event::Restarts {
                kind,
                sectors: sectors(),
            });
        });
    }

    fn with<T>(&self, f: impl FnOnce(&mut Taking) -> T) -> Option<T> {
        self.0.as_ref().map(|taking| f(&mut taking.lock()))
    }

    /// Whether nothing may go wrong by chance, because the run follows a course.
    pub fn is_followed(&self) -> bool {
        self.with(|taking| taking.given.is_some()).unwrap_or(false)
    }

    /// Whether the course that is followed takes the machine's power.
    pub fn loses_power(&self) -> bool {
        let lost = |taking: &mut Taking| {
            let steps = taking.given.as_ref().map(|given| &given.steps);
            let mut incidents = steps.into_iter().flatten().flat_map(|s| &s.incidents);
            incidents.any(|i| i.what == What::Restart(CrashKind::PowerLoss))
        };
        self.with(lost).unwrap_or(false)
    }

    /// What has been taken down so far.
    pub fn made(&self) -> Course {
        self.with(|taking| taking.made.clone()).unwrap_or_default()
    }

    /// The call at which the run that is followed was crashed.
    pub fn point(&self) -> Option<u64> {
        self.with(|taking| taking.given.as_ref()?.point).flatten()
    }

    /// A run begins, which is crashed at call `point`, if one was chosen; an earlier one is forgotten.
    pub fn begin(&self, point: Option<u64>) {
        self.with(|taking| {
            taking.made = Course {
                point,
                ..Course::default()
            };
            if let Some(events) = &mut taking.events {
                events.clear();
            }
            taking.begin(Moment::Start);
        });
    }

    /// The number of the next step, at least `next` and below `end` unless a course says which.
    pub fn next_step(&self, next: u64, end: u64) -> Option<u64> {
        let given = |taking: &mut Taking| {
            let steps = &taking.given.as_ref()?.steps;
            let numbers = steps.iter().filter_map(|step| match step.moment {
                Moment::Step(number) => Some(number),
                _ => None,
            });
            Some(numbers.filter(|&number| number >= next).min())
        };
        match self.with(given).flatten() {
            Some(number) => number,
            None => (next < end).then_some(next),
        }
    }

    /// A step begins: the streams are taken down, or set to where they stood.
    pub fn begin_step(&self, moment: Moment, streams: &mut [&mut ChaCha8Rng]) {
        self.with(|taking| {
            taking.begin(moment);
            if let Some(given) = taking.given_step() {
                for (stream, &at) in streams.iter_mut().zip(&given.at) {
                    stream.set_word_pos(at.into());
                }
            }
            let at = streams.iter().map(|stream| word(stream)).collect();
            taking.made.steps.push(Step::new(moment, at));
            taking.happens(|| Event::Begins(moment));
        });
    }

    /// Whether a session has that turn; its stream is set to where it stood.
    pub fn turn(&self, session: usize, number: u32, stream: &mut ChaCha8Rng) -> bool {
        let has = self.with(|taking| {
            if taking
                .given
                .as_ref()
                .is_some_and(|given| !given.draws_turns)
            {
                let mut turns = taking.given_step().into_iter().flat_map(|s| &s.turns);
                let Some(turn) = turns.find(|t| (t.session, t.number) == (session, number)) else {
                    return false;
                };
                stream.set_word_pos(turn.at.into());
            }
            let at = word(stream);
            taking.made_step().turns.push(Turn {
                session,
                number,
                at,
            });
            true
        });
        has.unwrap_or(true)
    }

    /// Calls of the disk are counted anew from here; none of them goes wrong in a `peaceful` leg.
    pub fn begin_leg(&self, peaceful: bool) {
        self.with(|taking| {
            taking.leg += 1;
            taking.call = 0;
            taking.peaceful = peaceful;
        });
    }

    /// A call of the disk begins.
    pub fn call(&self) {
        self.with(|taking| taking.call += 1);
    }

    /// Takes down what went wrong in this call by chance; `stream` is the disk's.
    pub fn struck(&self, what: What, stream: &ChaCha8Rng) {
        self.with(|taking| taking.struck(what, stream));
    }

    /// What the course that is followed says of this call, if it says something of that sort; the stream is set for it.
    fn told<T>(&self, stream: &mut ChaCha8Rng, sort: impl Fn(What) -> Option<T>) -> Option<T> {
        self.with(|taking| {
            if taking.peaceful {
                return None;
            }
            let here = (taking.leg, taking.call);
            let incidents = taking.given_step().into_iter().flat_map(|s| &s.incidents);
            let mut of_call = incidents.filter(|i| (i.leg, i.call) == here);
            let (found, what, at) = of_call.find_map(|i| Some((sort(i.what)?, i.what, i.at)))?;
            stream.set_word_pos(at.into());
            taking.struck(what, stream);
            Some(found)
        })
        .flatten()
    }

    /// Whether the machine goes off in this call, as the course that is followed says.
    pub fn crashes(&self, stream: &mut ChaCha8Rng) -> bool {
        let told = self.told(stream, |what| (what == What::Crash).then_some(()));
        told.is_some()
    }

    /// How this call fails, as the course that is followed says.
    pub fn fault(&self, stream: &mut ChaCha8Rng) -> Option<Fault> {
        self.told(stream, |what| match what {
            What::Fault(fault) => Some(fault),
            _ => None,
        })
    }

    /// Whether `kind` strikes in this call, as the course that is followed says.
    pub fn strikes(&self, kind: FaultKind, stream: &mut ChaCha8Rng) -> bool {
        let told = self.told(stream, |what| (what == What::Strike(kind)).then_some(()));
        told.is_some()
    }

    /// What ends this life of the machine: what was drawn, or what the course that is followed says, and nothing worse than
    /// the end of the process if it says nothing.
    pub fn restarts(&self, drawn: CrashKind, stream: &mut ChaCha8Rng) -> CrashKind {
        let kind = self.with(|taking| {
            taking.restarts += 1;
            let nth = taking.restarts;
            let mut kind = drawn;
            if taking.given.is_some() {
                let incidents = taking.given_step().into_iter().flat_map(|s| &s.incidents);
                let told = incidents
                    .filter_map(|i| match i.what {
                        What::Restart(kind) => Some((kind, i.call, i.at)),
                        _ => None,
                    })
                    .find(|&(_, call, _)| call == nth as u64);
                kind = told.map_or(CrashKind::Process, |(kind, _, _)| kind);
                if let Some((_, _, at)) = told {
                    stream.set_word_pos(at.into());
                }
            }
            let incident = Incident {
                leg: taking.leg,
                call: nth as u64,
                what: What::Restart(kind),
                at: word(stream),
            };
            // The end of a process is what comes unless something worse is told.
            if kind == CrashKind::PowerLoss {
                taking.made_step().incidents.push(incident);
            }
            kind
        });
        kind.unwrap_or(drawn)
    }

    /// Says which session what follows is about.
    pub fn speaks(&self, lane: usize) {
        self.with(|taking| taking.lane = lane);
    }

    /// Takes down what is done, for people.
    pub fn note(&self, text: impl FnOnce() -> String) {
        self.with(|taking| {
            let (lane, text) = (taking.lane, text());
            let line = format!("s{lane}: {text}");
            taking.happens(|| Event::Done { lane, text });
            let notes = &mut taking.made_step().notes;
            match notes.len() {
                ..NOTES_MAX => notes.push(line),
                NOTES_MAX => notes.push("…".to_owned()),
                _ => {}
            }
        });
    }
}
