//! Builds one program of all mutants, in a copy of the workspace: what does not compile is left out, and tried no more.

use crate::find;
use crate::place::Place;
use crate::weave::{Woven, weave};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Asked by the woven text; a file of the copy alone.
const RUNTIME: &str = include_str!("../runtime/mutant.rs");
/// What a build needs of the workspace.
const COPIED: [&str; 8] = [
    "Cargo.toml",
    "Cargo.lock",
    "bench",
    "bin",
    "engine",
    "examples",
    "sim",
    "sqllogictest",
];
/// Each build leaves out what the one before it complained about.
const BUILDS_MAX: u32 = 40;

/// A file of the engine and its places.
pub(crate) struct Source {
    /// From the root of the repository.
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) places: Vec<Place>,
}

/// Why the tool cannot go on.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// All sources of these folders of `engine/src`, in the order of their names, but for tests.
///
/// # Errors
/// When one cannot be read.
pub(crate) fn sources(root: &Path, folders: &[String]) -> Result<Vec<Source>, Failure> {
    let mut sources = Vec::new();
    let mut next = 1;
    for folder in folders {
        let mut files = Vec::new();
        gather(&root.join("engine/src").join(folder), &mut files)?;
        files.sort();
        for file in files {
            let text = fs::read_to_string(&file)?;
            let path = file.strip_prefix(root)?.to_string_lossy().into_owned();
            let places = find::places(&text, next).map_err(|e| format!("{path}: {e}"))?;
            next += places.iter().map(|p| p.mutants.len() as u32).sum::<u32>();
            sources.push(Source { path, text, places });
        }
    }
    Ok(sources)
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    for entry in fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))? {
        let path = entry?.path();
        let is_tests = path.file_stem().is_some_and(|name| name == "tests");
        if path.is_dir() {
            gather(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "rs") && !is_tests {
            files.push(path);
        }
    }
    Ok(())
}

/// What is as it was keeps its time, so that it is not built again.
fn write_if_changed(path: &Path, content: &[u8]) -> Result<(), Failure> {
    if fs::read(path).is_ok_and(|old| old == content) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    Ok(fs::write(path, content)?)
}

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    if !from.is_dir() {
        return write_if_changed(to, &fs::read(from)?);
    }
    for entry in fs::read_dir(from)? {
        let name = entry?.file_name();
        if name != "target" {
            copy(&from.join(&name), &to.join(&name))?;
        }
    }
    Ok(())
}

/// The workspace with woven sources.
pub(crate) struct Workshop {
    root: PathBuf,
    copy: PathBuf,
    sources: Vec<Source>,
    /// Mutants that do not compile.
    left_out: BTreeSet<u32>,
}

impl Workshop {
    /// Works in `copy`, over the sources of the workspace at `root`, without these mutants.
    pub(crate) fn new(
        root: &Path,
        copy: PathBuf,
        sources: Vec<Source>,
        left_out: BTreeSet<u32>,
    ) -> Self {
        Self {
            root: root.to_owned(),
            copy,
            sources,
            left_out,
        }
    }

    /// Builds the simulator with all mutants that compile, and puts it at `program`. Gives those that do not compile.
    ///
    /// # Errors
    /// When files cannot be written, or the compiler complains about what no mutant is responsible for.
    pub(crate) fn build(mut self, program: &Path) -> Result<(Vec<Source>, BTreeSet<u32>), Failure> {
        let woven: BTreeSet<&str> = self.sources.iter().map(|s| s.path.as_str()).collect();
        for name in COPIED {
            self.copy_but(name, &woven)?;
        }
        self.adapt()?;
        let target = self.root.join("target");
        for round in 1..=BUILDS_MAX {
            let woven = self.weave()?;
            let errors = self.compile(&target)?;
            if errors.is_empty() {
                // Whoever is running the program that is there goes on with it.
                let new = program.with_extension("new");
                fs::copy(target.join("debug/quanta-sim"), &new)?;
                fs::rename(&new, program)?;
                return Ok((self.sources, self.left_out));
            }
            let before = self.left_out.len();
            for error in &errors {
                self.blame(error, &woven)?;
            }
            eprintln!(
                "build {round}: {} errors, {} mutants left out",
                errors.len(),
                self.left_out.len() - before
            );
        }
        Err(format!("there are still errors after {BUILDS_MAX} builds").into())
    }

    /// Copies what is below `name`, but the files that are woven.
    fn copy_but(&self, name: &str, woven: &BTreeSet<&str>) -> Result<(), Failure> {
        let from = self.root.join(name);
        if name != "engine" && name != "engine/src" && !name.starts_with("engine/src/") {
            return copy(&from, &self.copy.join(name));
        }
        for entry in fs::read_dir(&from)? {
            let entry = entry?;
            let inside = format!("{name}/{}", entry.file_name().to_string_lossy());
            if woven.contains(inside.as_str()) || inside == "engine/src/lib.rs" {
                continue;
            }
            match entry.path().is_dir() {
                true => self.copy_but(&inside, woven)?,
                false => copy(&entry.path(), &self.copy.join(&inside))?,
            }
        }
        Ok(())
    }

    /// The copy has one more module, and woven text need not be beautiful.
    fn adapt(&self) -> Result<(), Failure> {
        let library = fs::read_to_string(self.root.join("engine/src/lib.rs"))?;
        let library = format!("{library}\n/// Asked by mutated places.\npub mod mutant;\n");
        write_if_changed(&self.copy.join("engine/src/lib.rs"), library.as_bytes())?;
        write_if_changed(&self.copy.join("engine/src/mutant.rs"), RUNTIME.as_bytes())?;
        let manifest = fs::read_to_string(self.root.join("Cargo.toml"))?;
        let lints = "[workspace.lints.rust]\n";
        let manifest = manifest
            .replace("\"deny\"", "\"allow\"")
            .replace("\"warn\"", "\"allow\"")
            .replace(lints, &format!("{lints}warnings = \"allow\"\n"));
        write_if_changed(&self.copy.join("Cargo.toml"), manifest.as_bytes())
    }

    fn weave(&self) -> Result<BTreeMap<String, Woven>, Failure> {
        let mut all = BTreeMap::new();
        for source in &self.sources {
            let woven = weave(&source.text, &source.places, &self.left_out);
            write_if_changed(&self.copy.join(&source.path), woven.text.as_bytes())?;
            all.insert(source.path.clone(), woven);
        }
        Ok(all)
    }

    /// Builds the copy's simulator; gives the compiler's errors.
    fn compile(&self, target: &Path) -> Result<Vec<Value>, Failure> {
        let output = Command::new("cargo")
            .args(["build", "-p", "quantadb-bin", "--bin", "quanta-sim"])
            .args(["--message-format", "json", "--target-dir"])
            .arg(target)
            .current_dir(&self.copy)
            .stderr(Stdio::inherit())
            .output()?;
        let messages = String::from_utf8(output.stdout)?;
        let errors: Vec<Value> = messages
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|line| line["reason"] == "compiler-message")
            .map(|line| line["message"].clone())
            .filter(|message| message["level"] == "error" && message["spans"][0].is_object())
            .collect();
        match output.status.success() || !errors.is_empty() {
            true => Ok(errors),
            false => Err("the copy cannot be built".into()),
        }
    }

    /// Leaves out the mutants in whose text an error is: first the place that it is about, then others that it names, then
    /// whatever else could have been left undone in that function.
    fn blame(&mut self, error: &Value, woven: &BTreeMap<String, Woven>) -> Result<(), Failure> {
        let none = Vec::new();
        let spans = error["spans"].as_array().unwrap_or(&none);
        let (primary, others): (Vec<_>, Vec<_>) =
            spans.iter().partition(|s| s["is_primary"] == true);
        let file_of = |span: &Value| span["file_name"].as_str().unwrap_or_default().to_owned();
        for span in primary.iter().chain(&others) {
            let Some(woven) = woven.get(&file_of(span)) else {
                continue;
            };
            let byte = |name: &str| span[name].as_u64().unwrap_or_default() as usize;
            let guilty = woven.mutants_at(&(byte("byte_start")..byte("byte_end")));
            if !guilty.is_empty() {
                self.left_out.extend(guilty);
                return Ok(());
            }
        }
        let place = primary.iter().map(|span| {
            let line = span["line_start"].as_u64().unwrap_or_default() as usize;
            (file_of(span), line)
        });
        let guilty: BTreeSet<u32> = place
            .flat_map(|(file, line)| self.could_be_left_undone(&file, line))
            .collect();
        if guilty.is_subset(&self.left_out) {
            return Err(format!("no mutant is responsible for {}", error["rendered"]).into());
        }
        self.left_out.extend(guilty);
        Ok(())
    }

    /// The mutants of statements and arms in the function around a line.
    fn could_be_left_undone(&self, file: &str, line: usize) -> Vec<u32> {
        use crate::place::Kind::{Arm, Assignment, Guard, Statement};
        let Some(source) = self.sources.iter().find(|source| source.path == file) else {
            return Vec::new();
        };
        let mut places = source.places.iter().rev();
        let Some(near) = places.find(|place| place.line <= line) else {
            return Vec::new();
        };
        let skips = |place: &&Place| {
            matches!(place.kind, Arm | Assignment | Guard | Statement)
                && place.function == near.function
        };
        let places = source.places.iter().filter(skips);
        places
            .flat_map(|p| p.mutants.iter().map(|m| m.number))
            .collect()
    }
}
