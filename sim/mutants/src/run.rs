//! One run of the simulator, as a mutant or as none, within limits.

use crate::workshop::Failure;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Address space of a run: a mutant may take memory without end.
const MEMORY_KIB: u32 = 4 << 20;
/// How often a run is looked after.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Nothing was noticed.
    Clean,
    /// The simulator told of a violation.
    Violation,
    /// It died.
    Died,
    /// It did not end.
    Hung,
}

impl End {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Violation => "violation",
            Self::Died => "died",
            Self::Hung => "hung",
        }
    }
}

/// How the names of results call the scenario that a seed chooses.
const ANY: &str = "any";

/// What they put before the name of a property.
const PROPERTY: &str = "property:";

/// What a seed is run in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// The scenario that it chooses.
    Any,
    Scenario(String),
    /// A property, whose input it makes.
    Property(String),
}

impl Stage {
    fn name(&self) -> String {
        match self {
            Self::Any => ANY.to_owned(),
            Self::Scenario(name) => name.clone(),
            Self::Property(name) => format!("{PROPERTY}{name}"),
        }
    }

    /// Understands what [`Stage::name`] gives.
    fn of_name(name: &str) -> Self {
        match name.strip_prefix(PROPERTY) {
            Some(property) => Self::Property(property.to_owned()),
            None if name == ANY => Self::Any,
            None => Self::Scenario(name.to_owned()),
        }
    }

    fn arguments(&self) -> Vec<String> {
        match self {
            Self::Any => Vec::new(),
            Self::Scenario(name) => vec![format!("--scenario={name}")],
            Self::Property(name) => vec!["property".to_owned(), name.clone()],
        }
    }
}

/// What the simulator is asked to do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Task {
    /// Seeds from one up to another.
    Seeds(Stage, u64, u64),
    /// Every crash of the short workloads: it takes longest, so it comes last.
    Exhaustive,
}

impl Task {
    /// How results call it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Seeds(stage, from, to) => format!("{} {from}..{to}", stage.name()),
            Self::Exhaustive => "exhaustive".to_owned(),
        }
    }

    /// Understands what [`Task::name`] gives.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        let Some((stage, seeds)) = name.split_once(' ') else {
            return (name == "exhaustive").then_some(Self::Exhaustive);
        };
        let (from, to) = seeds.split_once("..")?;
        let stage = Stage::of_name(stage);
        Some(Self::Seeds(stage, from.parse().ok()?, to.parse().ok()?))
    }

    fn arguments(&self) -> Vec<String> {
        match self {
            Self::Seeds(stage, from, to) => {
                let mut arguments = stage.arguments();
                arguments.push(format!("--seeds={from}..{to}"));
                arguments.push("--quiet".to_owned());
                arguments
            }
            Self::Exhaustive => vec!["exhaustive".to_owned(), "--bound=4".to_owned()],
        }
    }
}

/// Which mutant a process is, or where it writes what it reaches.
#[derive(Clone, Copy)]
pub(crate) enum As<'a> {
    Mutant(u32),
    Recorder(&'a Path),
}

fn end_of(status: ExitStatus) -> End {
    // As seen through the shell or directly.
    let signal = status
        .signal()
        .or_else(|| status.code().filter(|c| *c > 128).map(|c| c - 128));
    match (status.code(), signal) {
        (Some(0), _) => End::Clean,
        (Some(1), _) => End::Violation,
        (_, Some(SIGXCPU | SIGKILL)) => End::Hung,
        _ => End::Died,
    }
}

const SIGKILL: i32 = 9;
const SIGXCPU: i32 = 24;

/// Runs `program` for at most so many seconds of a core, and ten times as many on the clock.
///
/// # Errors
/// When the program cannot be started.
pub(crate) fn run(program: &Path, who: As<'_>, task: &Task, seconds: u64) -> Result<End, Failure> {
    let limits = format!("ulimit -v {MEMORY_KIB}; ulimit -t {seconds}; exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command
        .args(["-c", &limits])
        .arg(program)
        .args(task.arguments());
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    match who {
        As::Mutant(number) => command.env("QUANTA_MUTANT", number.to_string()),
        As::Recorder(path) => command.env("QUANTA_MUTANT_REACHED", path),
    };
    let begun = Instant::now();
    let mut child = command.spawn()?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(end_of(status));
        }
        if begun.elapsed().as_secs() > 10 * seconds {
            child.kill()?;
            child.wait()?;
            return Ok(End::Hung);
        }
        std::thread::sleep(LOOK_EVERY);
    }
}
