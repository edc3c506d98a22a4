//! Style as a test: imports run down the floors, no file is dead, nothing grows without a reason, and each numbered
//! invariant is cited by what keeps or checks it.
//!
//! `cargo test -p quantadb --test tidy -- --nocapture` prints the longest of everything.

#[path = "tidy/scan.rs"]
mod scan;

use scan::{blank, first_segments, identifier, items, split_at_commas, words};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;
const STRUCT_FIELDS_MAX: usize = 12;
const TRAIT_METHODS_MAX: usize = 10;

/// What may pass a cap: its kind, where it stands, and why. One that nothing needs fails.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "trait",
        "engine/src/storage/backend.rs StorageTxn",
        "it is the whole door: fewer methods would be a second door",
    ),
    (
        "trait",
        "engine/src/storage/backend.rs StorageBackend",
        "it is the whole door: to close is another thing than a checkpoint",
    ),
    (
        "struct",
        "engine/src/storage/disk/core.rs Core",
        "to be split: what vacuum needs wants a struct of its own",
    ),
    (
        "function",
        "engine/src/sql/bind/tests/print.rs expr",
        "one line for each kind of expression",
    ),
    (
        "logic in mod.rs",
        "engine/src/recovery/mod.rs",
        "to be split: analysis and undo want files of their own",
    ),
    (
        "logic in mod.rs",
        "engine/src/vfs/mod.rs",
        "to be split: the transfers over short calls want a file of their own",
    ),
];

struct Source {
    /// From the root of the repository, with slashes.
    path: String,
    text: String,
    /// The text without comments and strings.
    code: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the engine lies in the workspace")
        .to_owned()
}

fn gather(folder: &Path, found: &mut Vec<Source>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            gather(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let path = path.strip_prefix(root()).unwrap();
            found.push(Source {
                path: path.to_str().unwrap().replace('\\', "/"),
                code: blank(&text),
                text,
            });
        }
    }
}

/// All sources below these folders of the repository.
fn sources(folders: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    for folder in folders {
        gather(&root().join(folder), &mut found);
    }
    assert!(found.len() >= folders.len(), "no sources were found");
    found
}

fn packages() -> Vec<Source> {
    sources(&[
        "engine/src",
        "sim/src",
        "sim/mutants/src",
        "sqllogictest/src",
        "bin/src",
    ])
}

fn tests() -> Vec<Source> {
    let exists = |folder: &&str| root().join(folder).is_dir();
    let folders = ["engine/tests", "sim/tests", "sqllogictest/tests"];
    sources(&folders.into_iter().filter(exists).collect::<Vec<_>>())
}

fn excused(kind: &str, place: &str) -> bool {
    EXCEPTIONS.iter().any(|e| e.0 == kind && e.1 == place)
}

fn none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

#[test]
fn every_file_says_what_lives_in_it() {
    let found: Vec<String> = packages()
        .into_iter()
        .chain(tests())
        .filter(|s| !s.text.starts_with("//! "))
        .map(|s| s.path)
        .collect();
    none("files that do not open with a `//!` header", &found);
}

/// The rank of each module, from the table in `lib.rs`: floor × 100, and within a floor by `<`.
fn ranks(lib: &str) -> BTreeMap<&str, u32> {
    let mut ranks = BTreeMap::new();
    for line in lib.lines().filter_map(|l| l.strip_prefix("//! | ")) {
        let mut cells = line.split('|').map(str::trim);
        let Some(Ok(floor)) = cells.next().map(str::parse::<u32>) else {
            continue;
        };
        for (within, group) in cells.next().unwrap_or_default().split('<').enumerate() {
            for module in group.split('`').skip(1).step_by(2) {
                ranks.insert(module, floor * 100 + within as u32);
            }
        }
    }
    ranks
}

#[test]
fn imports_run_down_the_floors() {
    let all = sources(&["engine/src"]);
    let lib = &all.iter().find(|s| s.path == "engine/src/lib.rs").unwrap();
    let ranks = ranks(&lib.text);
    for module in words(&lib.code, "mod").map(|at| identifier(&lib.code[at + 3..])) {
        assert!(ranks.contains_key(module), "{module} is on no floor");
    }
    let mut found = Vec::new();
    for source in all.iter().filter(|s| s.path != "engine/src/lib.rs") {
        let inside = source.path["engine/src/".len()..].trim_end_matches(".rs");
        let inside = inside.trim_end_matches("/mod");
        let own = inside.split('/').next().unwrap();
        let to_root = vec!["super"; inside.split('/').count()].join("::");
        let mut targets = first_segments(&source.code, "crate");
        targets.extend(first_segments(&source.code, &to_root));
        for target in targets.into_iter().filter(|t| !t.is_empty()) {
            // What `lib.rs` exports again by name: the error, and the top floor.
            let module = match target {
                "Error" | "ErrorKind" | "Result" => "error",
                _ if ranks.contains_key(target) => target,
                _ => "api",
            };
            let lower = ranks[module] < ranks[own] || (ranks[module] == 0 && ranks[own] == 0);
            if module != own && !lower {
                found.push(format!("{} imports {target}", source.path));
            }
        }
    }
    none("imports that run up the floors", &found);
}

/// The roots of all packages: libraries, and programs that a manifest names.
fn package_roots() -> Vec<String> {
    let mut roots = Vec::new();
    for package in ["engine", "sim", "sim/mutants", "sqllogictest", "bin"] {
        let manifest = fs::read_to_string(root().join(package).join("Cargo.toml")).unwrap();
        let named = manifest.lines().filter_map(|l| l.strip_prefix("path = \""));
        roots.extend(named.map(|l| format!("{package}/{}", l.trim_end_matches('"'))));
        roots.push(format!("{package}/src/lib.rs"));
        roots.push(format!("{package}/src/main.rs"));
    }
    roots
}

#[test]
fn no_file_is_dead() {
    let all = packages();
    let roots = package_roots();
    let mut alive = BTreeSet::new();
    let mut todo = roots.clone();
    while let Some(path) = todo.pop() {
        let Some(source) = all.iter().find(|s| s.path == path) else {
            continue;
        };
        let base = match path.strip_suffix("/mod.rs") {
            Some(folder) => folder,
            None if roots.contains(&path) => path.rsplit_once('/').unwrap().0,
            None => path.trim_end_matches(".rs"),
        };
        for at in words(&source.code, "mod") {
            let child = identifier(&source.code[at + 3..]);
            todo.push(format!("{base}/{child}.rs"));
            todo.push(format!("{base}/{child}/mod.rs"));
        }
        alive.insert(path);
    }
    let paths = all.into_iter().map(|s| s.path);
    let dead: Vec<String> = paths.filter(|path| !alive.contains(path)).collect();
    none("files that no `mod` declares", &dead);
}

#[test]
fn a_mod_file_holds_no_logic() {
    let found: Vec<String> = packages()
        .into_iter()
        .filter(|s| s.path.ends_with("/mod.rs") && !s.path.ends_with("/tests/mod.rs"))
        .filter(|s| items(&s.code, "fn").next().is_some())
        .map(|s| s.path)
        .filter(|path| !excused("logic in mod.rs", path))
        .collect();
    none("functions in a mod.rs", &found);
}

/// The size of everything that has a cap: kind, place, size, cap.
fn sizes() -> Vec<(&'static str, String, usize, usize)> {
    let mut all = Vec::new();
    for Source { path, text, code } in packages() {
        for item in items(&code, "fn") {
            let place = format!("{path} {}", item.name);
            all.push(("function", place, item.lines, FUNCTION_LINES_MAX));
        }
        for item in items(&code, "struct") {
            let fields = split_at_commas(item.body).len();
            let place = format!("{path} {}", item.name);
            all.push(("struct", place, fields, STRUCT_FIELDS_MAX));
        }
        for item in items(&code, "trait") {
            let methods = words(item.body, "fn").count();
            let place = format!("{path} {}", item.name);
            all.push(("trait", place, methods, TRAIT_METHODS_MAX));
        }
        all.push(("file", path, text.lines().count(), FILE_LINES_MAX));
    }
    all
}

#[test]
fn nothing_grows_without_a_reason() {
    let mut all = sizes();
    all.sort_by_key(|(_, _, size, _)| std::cmp::Reverse(*size));
    for kind in ["file", "function", "struct", "trait"] {
        println!("the longest of kind {kind}:");
        for (_, place, size, cap) in all.iter().filter(|s| s.0 == kind).take(8) {
            println!("  {size:4} of {cap}  {place}");
        }
    }
    let over = |s: &&(&str, String, usize, usize)| s.2 > s.3 && !excused(s.0, &s.1);
    let found: Vec<String> = all
        .iter()
        .filter(over)
        .map(|(kind, place, size, cap)| format!("{kind} {place}: {size} of {cap}"))
        .collect();
    none("over the cap", &found);
}

#[test]
fn no_exception_outlives_its_need() {
    let sizes = sizes();
    let sources = packages();
    let needed = |kind: &str, place: &str| match kind {
        "logic in mod.rs" => sources
            .iter()
            .any(|s| s.path == place && items(&s.code, "fn").next().is_some()),
        _ => sizes
            .iter()
            .any(|s| s.0 == kind && s.1 == place && s.2 > s.3),
    };
    let found: Vec<String> = EXCEPTIONS
        .iter()
        .filter(|(kind, place, _)| !needed(kind, place))
        .map(|(kind, place, _)| format!("{kind} {place}"))
        .collect();
    none("exceptions that nothing needs", &found);
    assert!(EXCEPTIONS.iter().all(|(_, _, reason)| !reason.is_empty()));
}

/// Whether `token` is an invariant's number, like `BUF-2`.
fn is_number(token: &str) -> bool {
    token.split_once('-').is_some_and(|(name, number)| {
        name.len() > 1
            && name.bytes().all(|b| b.is_ascii_uppercase())
            && !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit())
    })
}

fn tokens(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .filter(|t| is_number(t))
}

#[test]
fn every_invariant_is_cited_and_every_citation_known() {
    let mut all = packages();
    all.extend(tests());
    all.retain(|s| !s.path.starts_with("engine/tests/tidy"));
    let mut defined: BTreeMap<&str, &str> = BTreeMap::new();
    for source in all.iter().filter(|s| s.path.ends_with("/mod.rs")) {
        for line in source.text.lines().filter_map(|l| l.strip_prefix("//! - ")) {
            let number = line.split(':').next().filter(|n| is_number(n));
            if let Some(other) = number.and_then(|n| defined.insert(n, &source.path)) {
                panic!(
                    "{number:?} is defined both in {other} and in {}",
                    source.path
                );
            }
        }
    }
    assert!(defined.len() > 15, "only {} invariants", defined.len());
    let prefixes: BTreeSet<&str> = defined.keys().filter_map(|n| n.split('-').next()).collect();
    let mut cited = BTreeSet::new();
    let mut unknown = Vec::new();
    for source in &all {
        for (index, line) in source.text.lines().enumerate() {
            for number in tokens(line) {
                let definition =
                    line.starts_with("//! - ") && defined.get(number) == Some(&&*source.path);
                let place = format!("{}:{} {number}", source.path, index + 1);
                match defined.contains_key(number) {
                    true if !definition => drop(cited.insert(number)),
                    false if prefixes.contains(number.split('-').next().unwrap()) => {
                        unknown.push(place)
                    }
                    _ => {}
                }
            }
        }
    }
    none("citations of no invariant", &unknown);
    let forgotten: Vec<String> = defined
        .iter()
        .filter(|(number, _)| !cited.contains(*number))
        .map(|(number, path)| format!("{number} of {path}"))
        .collect();
    none("invariants that nothing cites", &forgotten);
}

#[test]
fn the_scanner_knows_code_from_text() {
    let code = blank("a \"fn {\" /* { /* } */ */ 'x' '{' '\\'' &'a r#\"}\"# b\"{\" // }\n{}");
    let rest: String = code.split_whitespace().collect();
    assert_eq!(rest, "a&'ab{}");
    let code =
        "pub struct A<T> { a: Map<T, U>, b: fn(u8, u8) -> u8 } fn f(x: fn() -> u8) {\n}\nfn g();";
    let structs: Vec<_> = items(code, "struct").collect();
    assert_eq!(structs[0].name, "A");
    assert_eq!(split_at_commas(structs[0].body).len(), 2);
    let functions: Vec<_> = items(code, "fn").map(|i| (i.name, i.lines)).collect();
    assert_eq!(functions, [("f", 2)]);
    assert_eq!(
        first_segments("use crate::{a::{x, y}, b}; crate::c::d", "crate"),
        ["a", "b", "c"]
    );
}
