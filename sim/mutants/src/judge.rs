//! Lets the simulator judge: first which mutants each seed reaches, then whether a seed notices those that it reaches.
//!
//! A run follows from its seed alone, so a seed that does not reach a mutant need not be tried with it.

use crate::catalog::Entry;
use crate::run::{As, End, Stage, Task, run};
use crate::workshop::Failure;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Seconds of a core for a run of one seed without a mutant; most take some hundredths.
const SECONDS_OF_RECORDING: u64 = 120;

/// How the judge works.
pub(crate) struct Judge {
    pub(crate) program: PathBuf,
    /// Where results are kept.
    pub(crate) folder: PathBuf,
    /// Seeds that may be tried, and in what.
    pub(crate) seeds: u64,
    pub(crate) stage: Stage,
    /// How many of them a process runs.
    pub(crate) at_once: u64,
    /// How many processes that reach a mutant are tried.
    pub(crate) tries: usize,
    /// Whether all crashes of the short workloads are tried too.
    pub(crate) exhaustive: bool,
    /// Seconds of a core for a process, and ten times as many for all crashes of the workloads.
    pub(crate) seconds: u64,
    pub(crate) jobs: usize,
}

/// What is known of a mutant.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    pub(crate) key: String,
    /// What told on it, and how; `None`: it survived.
    pub(crate) caught: Option<(String, String)>,
    /// What reached it and was clean, by its name.
    pub(crate) clean: Vec<String>,
    /// The program that was judged.
    build: String,
}

impl Judged {
    fn new(mutant: &Entry, build: &str) -> Self {
        Self {
            key: mutant.key(),
            caught: None,
            clean: Vec::new(),
            build: build.to_owned(),
        }
    }

    fn to_json(&self) -> Value {
        let (by, how) = self.caught.clone().unzip();
        json!({ "key": self.key, "by": by, "how": how, "clean": self.clean, "build": self.build })
    }

    fn of_json(value: &Value) -> Option<Self> {
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        Some(Self {
            key: text("key")?,
            caught: text("by").zip(text("how")),
            clean: value["clean"]
                .as_array()?
                .iter()
                .filter_map(|name| Some(name.as_str()?.to_owned()))
                .collect(),
            build: text("build")?,
        })
    }
}

/// The results so far, the last of each mutant.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn results(folder: &Path) -> Result<BTreeMap<String, Judged>, Failure> {
    let lines = lines_of(&folder.join("results.jsonl"))?;
    let judged = lines.iter().filter_map(Judged::of_json);
    Ok(judged.map(|judged| (judged.key.clone(), judged)).collect())
}

/// What each task reached, of this build.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn reached(folder: &Path, build: &str) -> Result<Vec<(Task, BTreeSet<u32>)>, Failure> {
    let lines = lines_of(&folder.join("reached.jsonl"))?;
    let of_build = lines.iter().filter(|line| line["build"] == build);
    let mut all: Vec<_> = of_build
        .filter_map(|line| {
            let task = Task::of_name(line["task"].as_str()?)?;
            let numbers = line["reached"].as_array()?.iter();
            let numbers = numbers.filter_map(|n| u32::try_from(n.as_u64()?).ok());
            Some((task, numbers.collect()))
        })
        .collect();
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(all)
}

/// The lines of a file of results; a torn last one is left out.
fn lines_of(path: &Path) -> Result<Vec<Value>, Failure> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(path)?;
    Ok(text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect())
}

fn append(path: &Path, line: &Value) -> Result<(), Failure> {
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)?;
    Ok(file.write_all(format!("{line}\n").as_bytes())?)
}

/// Tells one build from another.
///
/// # Errors
/// When the program cannot be read.
pub(crate) fn build_of(program: &Path) -> Result<String, Failure> {
    let mut hasher = DefaultHasher::new();
    hasher.write(&fs::read(program).map_err(|e| format!("{}: {e}", program.display()))?);
    Ok(format!("{:016x}", hasher.finish()))
}

/// Does `work` with each item, on several threads, until all is done or something fails.
fn in_parallel<T: Sync>(
    jobs: usize,
    items: &[T],
    work: impl Fn(&T) -> Result<(), Failure> + Sync,
) -> Result<(), Failure> {
    let next = AtomicUsize::new(0);
    let failure = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(e) = work(item) {
                        next.store(items.len(), Ordering::Relaxed);
                        *failure.lock().expect("no panic while it is held") = Some(e);
                    }
                }
            });
        }
    });
    failure
        .into_inner()
        .expect("no panic while it was held")
        .map_or(Ok(()), Err)
}

impl Judge {
    /// Runs every seed without a mutant and notes what it reaches, unless that is known.
    ///
    /// # Errors
    /// When a run is not clean: then the simulator is no judge.
    pub(crate) fn record(&self) -> Result<(), Failure> {
        let build = build_of(&self.program)?;
        let known = reached(&self.folder, &build)?;
        let known = |task: &Task| known.iter().any(|(of, _)| of == task);
        let starts = (0..self.seeds).step_by(self.at_once as usize);
        let seeds = starts.map(|from| {
            let to = (from + self.at_once).min(self.seeds);
            Task::Seeds(self.stage.clone(), from, to)
        });
        let tasks = std::iter::once(Task::Exhaustive).chain(seeds);
        let tasks: Vec<Task> = tasks.filter(|task| !known(task)).collect();
        in_parallel(self.jobs, &tasks, |task| {
            let path = self
                .folder
                .join(format!("reached-{}", task.name().replace(' ', "-")));
            let end = run(
                &self.program,
                As::Recorder(&path),
                task,
                SECONDS_OF_RECORDING,
            )?;
            if end != End::Clean {
                return Err(format!("{} without a mutant: {}", task.name(), end.name()).into());
            }
            let text = fs::read_to_string(&path)?;
            fs::remove_file(&path)?;
            let numbers: Vec<u32> = text.lines().filter_map(|line| line.parse().ok()).collect();
            let line = json!({ "build": build, "task": task.name(), "reached": numbers });
            append(&self.folder.join("reached.jsonl"), &line)
        })
    }

    /// Judges the mutants that were not caught before, each with what reaches it and was not tried with it.
    ///
    /// # Errors
    /// When the program cannot be run or a result cannot be written.
    pub(crate) fn judge(&self, mutants: &[&Entry]) -> Result<(), Failure> {
        let build = build_of(&self.program)?;
        let reached = reached(&self.folder, &build)?;
        let known = results(&self.folder)?;
        let is_asked = |task: &Task| match task {
            Task::Seeds(stage, from, to) => *stage == self.stage && to - from <= self.at_once,
            Task::Exhaustive => self.exhaustive,
        };
        let mut todo = Vec::new();
        for &mutant in mutants {
            let judged = known
                .get(&mutant.key())
                .filter(|j| j.caught.is_some() || j.build == build);
            let judged = judged
                .cloned()
                .unwrap_or_else(|| Judged::new(mutant, &build));
            if judged.caught.is_some() {
                continue;
            }
            let reach = reached
                .iter()
                .filter(|(_, numbers)| numbers.contains(&mutant.number));
            let mut tasks: Vec<&Task> = reach
                .map(|(task, _)| task)
                .filter(|t| is_asked(t))
                .collect();
            let exhaustive = tasks.pop_if(|task| **task == Task::Exhaustive);
            tasks.truncate(self.tries);
            tasks.extend(exhaustive);
            tasks.retain(|task| !judged.clean.contains(&task.name()));
            if !tasks.is_empty() {
                todo.push((mutant, judged, tasks));
            }
        }
        let done = AtomicUsize::new(0);
        in_parallel(self.jobs, &todo, |(mutant, judged, tasks)| {
            let judged = self.one(mutant.number, judged.clone(), tasks)?;
            let count = done.fetch_add(1, Ordering::Relaxed) + 1;
            let what = judged.caught.as_ref().map_or("SURVIVED", |(_, how)| how);
            eprintln!(
                "{count}/{} {}:{} {}: {what}",
                todo.len(),
                mutant.file,
                mutant.line,
                mutant.change
            );
            append(&self.folder.join("results.jsonl"), &judged.to_json())
        })
    }

    fn one(&self, number: u32, mut judged: Judged, tasks: &[&Task]) -> Result<Judged, Failure> {
        for task in tasks {
            let seconds = match task {
                Task::Seeds(..) => self.seconds,
                Task::Exhaustive => 10 * self.seconds,
            };
            let end = run(&self.program, As::Mutant(number), task, seconds)?;
            if end != End::Clean {
                judged.caught = Some((task.name(), end.name().to_owned()));
                break;
            }
            judged.clean.push(task.name());
        }
        Ok(judged)
    }
}
