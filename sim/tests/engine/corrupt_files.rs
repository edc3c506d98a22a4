//! Bad files and bad places give an error with a name, and lose nothing.

use crate::common::{PAGE_BYTES, tight as options};
use quantadb::Error;
use quantadb::api::Database;
use quantadb::vfs::{File, MemoryVfs, OpenMode, OsVfs, Vfs, read_exact_at, write_all_at};
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const PATH: &str = "test.qdb";
const LOG: &str = "test.qdb-wal";
const ROWS: i64 = 40;
const CONTROL_BLOCKS: [usize; 4] = [0, 1024, 2048, 3072];

/// A file system whose files can be forbidden to grow, and which can be forbidden to create any.
struct Narrow {
    inner: MemoryVfs,
    file_bytes_max: Arc<AtomicU64>,
    read_only: AtomicBool,
}

struct NarrowFile(Arc<dyn File>, Arc<AtomicU64>);

impl Narrow {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            inner: MemoryVfs::new(),
            file_bytes_max: Arc::new(AtomicU64::new(u64::MAX)),
            read_only: AtomicBool::new(false),
        })
    }

    fn limit(&self, file_bytes_max: u64) {
        self.file_bytes_max.store(file_bytes_max, Ordering::Relaxed);
    }
}

impl Vfs for Narrow {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        if self.read_only.load(Ordering::Relaxed) && mode != OpenMode::Existing {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let file = self.inner.open(path, mode)?;
        Ok(Arc::new(NarrowFile(file, self.file_bytes_max.clone())))
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.inner.exists(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.inner.remove(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.inner.rename(from, to)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.inner.sync_dir(path)
    }
}

impl NarrowFile {
    fn make_room(&self, len_bytes: u64) -> io::Result<()> {
        let fits = len_bytes <= self.0.len()?.max(self.1.load(Ordering::Relaxed));
        fits.then_some(()).ok_or(io::ErrorKind::StorageFull.into())
    }
}

impl File for NarrowFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(buf, offset)
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        self.make_room(offset + buf.len() as u64)?;
        self.0.write_at(buf, offset)
    }

    fn set_len(&self, len_bytes: u64) -> io::Result<()> {
        self.make_room(len_bytes)?;
        self.0.set_len(len_bytes)
    }

    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync()
    }

    fn lock_exclusive(&self) -> io::Result<()> {
        self.0.lock_exclusive()
    }
}

fn value(id: i64) -> String {
    // Some rows outgrow their page.
    format!("{id}").repeat(if id % 10 == 0 { 4000 } else { 50 })
}

/// What must be in the table, or the error that says why it cannot be read.
fn rows(database: &Database) -> Result<Vec<(i64, String)>, Error> {
    let connection = database.connect()?;
    let rows = connection.query("SELECT id, v FROM t ORDER BY id", [])?;
    rows.map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

fn expected() -> Vec<(i64, String)> {
    (0..ROWS).map(|id| (id, value(id))).collect()
}

/// The two files of a database.
#[derive(Clone, PartialEq)]
struct Files {
    database: Vec<u8>,
    log: Vec<u8>,
}

impl Files {
    /// A closed database with every kind of page.
    fn sample() -> Self {
        let vfs = Arc::new(MemoryVfs::new());
        let database = Database::open_with(PATH, options(vfs.clone())).unwrap();
        let connection = database.connect().unwrap();
        connection
            .run(
                "CREATE TABLE t (id BIGINT PRIMARY KEY, v TEXT); CREATE TABLE gone (v TEXT); \
                 CREATE INDEX t_id ON t (id)",
            )
            .unwrap();
        for (id, v) in expected() {
            connection
                .execute(&format!("INSERT INTO t VALUES ({id}, '{v}')"), [])
                .unwrap();
            connection
                .execute(&format!("INSERT INTO gone VALUES ('{v}')"), [])
                .unwrap();
        }
        connection.run("DROP TABLE gone").unwrap();
        drop(connection);
        database.vacuum().unwrap();
        database.close().unwrap();
        Self::of(&*vfs)
    }

    fn of(vfs: &dyn Vfs) -> Self {
        let bytes = |name: &str| {
            let file = vfs.open(Path::new(name), OpenMode::Existing).unwrap();
            let mut bytes = vec![0; file.len().unwrap() as usize];
            read_exact_at(&*file, &mut bytes, 0).unwrap();
            bytes
        };
        Self {
            database: bytes(PATH),
            log: bytes(LOG),
        }
    }

    fn put(&self) -> Arc<MemoryVfs> {
        let vfs = Arc::new(MemoryVfs::new());
        for (name, bytes) in [(PATH, &self.database), (LOG, &self.log)] {
            let file = vfs.open(Path::new(name), OpenMode::CreateNew).unwrap();
            write_all_at(&*file, bytes, 0).unwrap();
        }
        vfs
    }

    /// Opening is refused with this state and a message that names the file and says this; the files stay as they are.
    fn refused(&self, sqlstate: &str, says: &str) {
        let vfs = self.put();
        let error = Database::open_with(PATH, options(vfs.clone())).unwrap_err();
        assert_eq!(error.sqlstate(), sqlstate, "{error:?}");
        assert!(error.message().contains(says), "{error:?}");
        assert!(error.message().contains(PATH), "{error:?}");
        assert!(*self == Self::of(&*vfs), "a refused file was changed");
    }

    /// Pages that the database has given out; the file may be longer.
    fn pages(&self) -> usize {
        let database = Database::open_with(PATH, options(self.put())).unwrap();
        database.stats().pages as usize
    }
}

#[test]
fn a_foreign_file_is_refused_and_left_alone() {
    for database in [
        Vec::new(),
        b"Dear diary".to_vec(),
        vec![0; 3 * PAGE_BYTES],
        b"SQLite format 3\0".repeat(1000),
    ] {
        let log = Files::sample().log;
        Files { database, log }.refused("XX001", "not a QuantaDB database");
    }
}

#[test]
fn what_no_build_writes_is_refused_by_name() {
    let sealed = |at: usize, byte: u8| {
        let mut files = Files::sample();
        for block in CONTROL_BLOCKS {
            let sector = &mut files.database[block..block + 512];
            sector[at] = byte;
            let crc = crc32fast::hash(&sector[..508]);
            sector[508..].copy_from_slice(&crc.to_le_bytes());
        }
        files
    };
    sealed(8, 3).refused("XX001", "version 3");
    sealed(16, 4).refused("XX001", "features");
    sealed(13, 3).refused("XX001", "page size");
    // Where redo begins, and where the log is needed from: too far for an addition.
    sealed(47, 0xff).refused("XX001", "positions");
    sealed(55, 0x40).refused("XX001", "positions");
}

#[test]
fn damaged_control_blocks_are_refused_or_done_without() {
    let mut files = Files::sample();
    for block in CONTROL_BLOCKS {
        let mut one = files.clone();
        one.database[block + 30] ^= 1;
        let vfs = one.put();
        match Database::open_with(PATH, options(vfs)) {
            Ok(database) => assert_eq!(rows(&database).unwrap(), expected()),
            // The older block may name a part of the log that was given up since.
            Err(error) => assert_eq!(error.sqlstate(), "XX001", "{error:?}"),
        }
        files.database[block + 30] ^= 1;
    }
    files.refused("XX001", "control blocks are damaged");
}

#[test]
fn a_missing_foreign_or_cut_log_is_refused() {
    let files = Files::sample();
    let vfs = files.put();
    vfs.remove(Path::new(LOG)).unwrap();
    let error = Database::open_with(PATH, options(vfs.clone())).unwrap_err();
    assert_eq!(error.sqlstate(), "XX001");
    assert!(
        error.message().contains(LOG) && error.message().contains("missing"),
        "{error:?}"
    );
    let log = vfs.open(Path::new(LOG), OpenMode::CreateNew).unwrap();
    write_all_at(&*log, &files.log, 0).unwrap();
    drop(log);
    let database = Database::open_with(PATH, options(vfs)).unwrap();
    assert_eq!(
        rows(&database).unwrap(),
        expected(),
        "nothing is lost once it is back"
    );

    let with_log = |log: Vec<u8>| Files {
        log,
        ..files.clone()
    };
    with_log(Files::sample().log).refused("XX001", "another database");
    with_log(Vec::new()).refused("XX001", "the log does not hold position");
    with_log(vec![0; files.log.len()]).refused("XX001", "the log does not hold position");
}

#[test]
fn a_rotten_header_of_the_log_is_named_or_takes_the_last_commit_at_most() {
    let vfs = Files::sample().put();
    let database = Database::open_with(PATH, options(vfs.clone())).unwrap();
    let connection = database.connect().unwrap();
    let all: Vec<(i64, String)> = (0..ROWS + 3).map(|id| (id, value(id))).collect();
    for (id, value) in &all[ROWS as usize..] {
        connection
            .execute(&format!("INSERT INTO t VALUES ({id}, '{value}')"), [])
            .unwrap();
    }
    let killed = Files::of(&*vfs);
    let mut refused = 0;
    for header in (0..killed.log.len()).step_by(8192) {
        let mut files = killed.clone();
        files.log[header + 9] ^= 1;
        match Database::open_with(PATH, options(files.put())) {
            Ok(database) => {
                let found = rows(&database).unwrap();
                assert!(
                    found == all || found == all[..all.len() - 1],
                    "{} rows without the header at {header}",
                    found.len()
                );
            }
            Err(error) => {
                named(&error, "the log");
                refused += 1;
            }
        }
    }
    assert!(refused > 0, "no header was missed");
}

#[test]
fn every_flipped_bit_is_named_and_loses_nothing_else() {
    let sound = Files::sample();
    let mut kinds = BTreeSet::new();
    for page in 1..sound.pages() {
        let at = page * PAGE_BYTES + (page * 997) % PAGE_BYTES;
        let mut files = sound.clone();
        kinds.insert(files.database[page * PAGE_BYTES + 16]);
        files.database[at] ^= 1 << (page % 8);
        let vfs = files.put();
        let name = format!("page {page}");
        match Database::open_with(PATH, options(vfs.clone())) {
            Ok(database) => {
                match rows(&database) {
                    Ok(found) => assert_eq!(found, expected(), "{name}"),
                    Err(error) => named(&error, &name),
                }
                match database.check() {
                    Ok(report) => {
                        let found = report.problems.iter().any(|p| p.contains(&name));
                        assert!(found, "{name} is damaged, but: {:?}", report.problems);
                    }
                    Err(error) => named(&error, &name),
                }
            }
            Err(error) => named(&error, &name),
        }
        let mut files = Files::of(&*vfs);
        files.database[at] ^= 1 << (page % 8);
        let database = Database::open_with(PATH, options(files.put())).unwrap();
        assert_eq!(
            rows(&database).unwrap(),
            expected(),
            "{name}, after its repair"
        );
        assert!(database.check().unwrap().problems.is_empty());
    }
    assert_eq!(kinds, BTreeSet::from([1, 2, 3, 4]), "every kind of page");
}

/// A database whose last commit fills several segments of the log, and that died in a checkpoint when all pages were written
/// and its control block was not; and what was in it before that commit.
fn crashed_behind_a_long_flush() -> (Files, Vec<(i64, String)>) {
    let vfs = Arc::new(MemoryVfs::new());
    let database = Database::open_with(PATH, options(vfs.clone())).unwrap();
    let connection = database.connect().unwrap();
    connection
        .run(
            "CREATE TABLE t (id BIGINT PRIMARY KEY, v TEXT); CREATE TABLE other (id BIGINT PRIMARY KEY, v TEXT); \
             INSERT INTO t SELECT i, repeat('a', 900) FROM generate_series(1, 20) i; \
             INSERT INTO other SELECT i, repeat('b', 900) FROM generate_series(1, 200) i",
        )
        .unwrap();
    database.checkpoint().unwrap();
    let before = rows(&database).unwrap();
    connection.run("UPDATE t SET v = repeat('c', 900)").unwrap();
    let mut files = Files::of(&*vfs);
    database.checkpoint().unwrap();
    let pages = Files::of(&*vfs).database.split_off(PAGE_BYTES);
    files.database.truncate(PAGE_BYTES);
    files.database.extend(pages);
    (files, before)
}

#[test]
fn rot_in_the_last_flush_takes_all_of_it_or_is_named() {
    let (sound, before) = crashed_behind_a_long_flush();
    let after: Vec<_> = before
        .iter()
        .map(|(id, _)| (*id, "c".repeat(900)))
        .collect();
    let (mut lost, mut refused) = (None, 0);
    for at in (7..sound.log.len()).step_by(512) {
        let mut files = sound.clone();
        files.log[at] ^= 1;
        let vfs = files.put();
        let named = |error: Error| {
            assert_eq!(error.sqlstate(), "XX001", "rot at {at}: {error:?}");
            error.message().contains("WAL-10")
        };
        match Database::open_with(PATH, options(vfs.clone())) {
            Ok(database) => match rows(&database) {
                Ok(found) => assert!(found == before || found == after, "rot at {at}: {found:?}"),
                Err(error) => lost = named(error).then_some(vfs).or(lost),
            },
            Err(error) => refused += u32::from(named(error)),
        }
    }
    assert!(refused > 0, "a page that is to be replaced proves nothing");
    let vfs = lost.expect("a page outlives its log");
    // Whatever comes behind it, and however often its process dies, such a page is never taken for sound.
    for life in 0..80 {
        let database = Database::open_with(PATH, options(vfs.clone())).unwrap();
        let named = rows(&database).expect_err("the page is still there");
        assert!(named.message().contains("WAL-10"), "{named:?}");
        let connection = database.connect().unwrap();
        connection
            .execute(
                &format!("UPDATE other SET v = 'life {life}' WHERE id = 7"),
                [],
            )
            .unwrap();
        if life % 9 == 0 {
            drop(connection);
            database.close().unwrap();
        }
    }
}

fn named(error: &Error, page: &str) {
    assert_eq!(error.sqlstate(), "XX001", "{error:?}");
    assert!(error.message().contains(page), "{page}: {error:?}");
}

#[test]
fn a_short_file_is_refused_or_reported() {
    let sound = Files::sample();
    for len in (0..sound.pages()).map(|page| page * PAGE_BYTES + 700) {
        let mut files = sound.clone();
        files.database.truncate(len);
        let Ok(database) = Database::open_with(PATH, options(files.put()))
            .map_err(|e| assert_eq!(e.sqlstate(), "XX001", "{len} bytes: {e:?}"))
        else {
            continue;
        };
        let found = rows(&database);
        match &found {
            Ok(found) => assert_eq!(*found, expected()),
            Err(error) => assert_eq!(error.sqlstate(), "XX001", "{len} bytes: {error:?}"),
        }
        let is_sound = database
            .check()
            .is_ok_and(|report| report.problems.is_empty());
        // With only the first control block left, the log may still hold all of a short life.
        let is_rebuilt = len < PAGE_BYTES && found.is_ok();
        assert!(
            !is_sound || is_rebuilt,
            "a file cut to {len} bytes looks sound"
        );
    }
}

#[test]
fn a_full_disk_stops_growth_and_nothing_else() {
    let vfs = Narrow::new();
    vfs.limit(2 * PAGE_BYTES as u64);
    let error = Database::open_with(PATH, options(vfs.clone())).unwrap_err();
    assert_eq!(error.sqlstate(), "53100", "{error:?}");
    assert!(
        !vfs.exists(Path::new(PATH)).unwrap(),
        "half a database has a name"
    );

    vfs.limit(40 * PAGE_BYTES as u64);
    let database = Database::open_with(PATH, options(vfs.clone())).unwrap();
    let connection = database.connect().unwrap();
    connection
        .run("CREATE TABLE t (id BIGINT PRIMARY KEY, v TEXT)")
        .unwrap();
    let insert =
        |id: i64| connection.execute(&format!("INSERT INTO t VALUES ({id}, '{}')", value(id)), []);
    let mut stored = Vec::new();
    let error = loop {
        let id = stored.len() as i64;
        match insert(id) {
            Ok(_) => stored.push((id, value(id))),
            Err(error) => break error,
        }
    };
    assert_eq!(error.sqlstate(), "53100", "{error:?}");
    assert!(stored.len() > 10, "{}", stored.len());
    assert_eq!(
        rows(&database).unwrap(),
        stored,
        "a failed insertion left something"
    );
    assert!(database.check().unwrap().problems.is_empty());

    vfs.limit(u64::MAX);
    let id = stored.len() as i64;
    insert(id).unwrap();
    stored.push((id, value(id)));
    drop(connection);
    drop(database);
    let database = Database::open_with(PATH, options(vfs)).unwrap();
    assert_eq!(rows(&database).unwrap(), stored);
    assert!(database.check().unwrap().problems.is_empty());
}

#[test]
fn a_folder_that_takes_no_file_is_said_to() {
    let vfs = Narrow::new();
    vfs.read_only.store(true, Ordering::Relaxed);
    let error = Database::open_with(PATH, options(vfs)).unwrap_err();
    assert_eq!(error.sqlstate(), "58030", "{error:?}");
    assert!(error.message().contains(PATH), "{error:?}");
}

#[test]
fn places_that_are_no_place_for_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |path: &Path, create: bool, sqlstate: &str| {
        let mut options = options(Arc::new(OsVfs));
        options.disk.create = create;
        let error = Database::open_with(path, options).unwrap_err();
        assert_eq!(error.sqlstate(), sqlstate, "{error:?}");
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(error.message().contains(name), "{error:?}");
    };
    refused(folder.path(), true, "58030");
    refused(&folder.path().join("missing.qdb"), false, "58P01");
    refused(
        &folder.path().join("no folder").join("a.qdb"),
        true,
        "58030",
    );

    let path = folder.path().join("shared.qdb");
    let database = Database::open_with(&path, options(Arc::new(OsVfs))).unwrap();
    refused(&path, true, "55006");
    drop(database);
    Database::open_with(&path, options(Arc::new(OsVfs))).unwrap();
}
