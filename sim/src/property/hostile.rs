//! Any bytes as a database or as its log: an answer or an error, never a panic, a hang or unbounded memory.

use super::files::DatabaseFiles;
use super::input::{Bytes, Rest};
use arbitrary::Arbitrary;
use quantadb::Error;
use quantadb::page::{Lsn, Page};
use quantadb::storage::{
    EntryBatch, KeyRange, ScanDirection, StorageBackend, StorageTxn, TreeId, TxnOptions, WaitLimits,
};
use quantadb::vfs::{MemoryVfs, OpenMode, Vfs, read_exact_at, write_all_at};
use quantadb::wal::{Log, LogGaps, LogGeometry, LogReader, NeededLog, RecordHead, RecordKind};
use std::path::Path;

const PAGE_BYTES: usize = 4096;
/// Where the control blocks stand, and what their checksum covers.
const CONTROL_OFFSETS: [usize; 4] = [0, 1024, 2048, 3072];
const CONTROL_CRC_AT: usize = 508;
/// What the checksum of a segment's header covers.
const HEADER_CRC_AT: usize = 44;
/// Longer files are not tried: a file may only cost what its length explains.
const FILE_BYTES_MAX: usize = 1 << 20;

/// Bytes that replace others.
#[derive(Arbitrary, Clone, Debug)]
pub struct Patch {
    at: u32,
    bytes: Bytes,
}

impl Patch {
    fn apply(&self, file: &mut [u8]) -> usize {
        let at = self.at as usize % file.len().max(1);
        for (to, from) in file[at..].iter_mut().zip(&self.bytes.0) {
            *to = *from;
        }
        at
    }
}

/// A file that claims to be a database.
#[derive(Arbitrary, Clone, Debug)]
pub enum FileInput {
    /// These bytes, beside a log or none.
    Foreign {
        /// Whether the log of a sound database lies beside it.
        log: bool,
        /// The file.
        bytes: Rest<u8>,
    },
    /// A sound database with other bytes here and there.
    Patched {
        /// Whether the checksums are made right again, so that the damage is met deeper down.
        sealed: bool,
        /// Cut to so many sectors.
        sectors: Option<u8>,
        /// What is replaced.
        patches: Rest<Patch>,
    },
}

/// Any file as a database: opening, reading, checking, changing and vacuuming it answer or fail.
///
/// # Panics
/// When the engine does.
pub fn check_file(input: FileInput) {
    let mut files = DatabaseFiles::sample().clone();
    match input {
        FileInput::Foreign { mut bytes, log } => {
            bytes.0.truncate(FILE_BYTES_MAX);
            files.database = bytes.0;
            if !log {
                files.log.clear();
            }
        }
        FileInput::Patched {
            patches,
            sealed,
            sectors,
        } => {
            for patch in &patches.0 {
                let at = patch.apply(&mut files.database);
                if sealed {
                    seal(&mut files.database, at / PAGE_BYTES);
                }
            }
            if let Some(sectors) = sectors {
                files.database.truncate(usize::from(sectors) * 512);
            }
        }
    }
    use_it(&files);
}

/// Makes the checksums of a page right.
fn seal(file: &mut [u8], page: usize) {
    let at = page * PAGE_BYTES;
    let Some(bytes) = file.get_mut(at..at + PAGE_BYTES) else {
        return;
    };
    if page == 0 {
        for offset in CONTROL_OFFSETS {
            put_crc(&mut bytes[offset..], CONTROL_CRC_AT);
        }
        return;
    }
    let mut copy = page_of(bytes);
    copy.seal();
    bytes.copy_from_slice(copy.bytes());
}

/// Makes the checksum right that stands at `at` and covers what is before.
fn put_crc(bytes: &mut [u8], at: usize) {
    let crc = crc32fast::hash(&bytes[..at]);
    bytes[at..at + 4].copy_from_slice(&crc.to_le_bytes());
}

fn page_of(bytes: &[u8]) -> Page {
    let mut page = Page::zeroed(PAGE_BYTES);
    page.bytes_mut().copy_from_slice(bytes);
    page
}

/// What the log may hold beside what it should.
#[derive(Arbitrary, Clone, Debug)]
pub enum LogDamage {
    /// The log is these bytes.
    Foreign(Rest<u8>),
    /// Other bytes here and there.
    Patched(Rest<Patch>),
    /// Records with these bodies, right checksums, after all others.
    Bodies(Rest<Bytes>),
    /// Changes with these undo notes and page operations, right checksums, after all others.
    Changes(Rest<Claim>),
    /// Other bytes in the headers of segments, right checksums.
    Headers(Rest<Patch>),
}

/// A record that nobody should have written.
#[derive(Arbitrary, Clone, Debug)]
pub struct Claim {
    txn: u8,
    prev: u16,
    undo_next: Option<u16>,
    undo: Bytes,
    page: u8,
    op: Bytes,
}

/// Any bytes as a log: recovering from it answers or fails.
///
/// # Panics
/// When the engine does.
pub fn check_log_damage(damage: LogDamage) {
    let mut files = DatabaseFiles::sample().clone();
    match damage {
        LogDamage::Foreign(mut bytes) => {
            bytes.0.truncate(FILE_BYTES_MAX);
            files.log = bytes.0;
        }
        LogDamage::Patched(patches) => {
            for patch in &patches.0 {
                patch.apply(&mut files.log);
            }
        }
        LogDamage::Bodies(bodies) => {
            let bodies: Vec<Vec<u8>> = bodies.0.into_iter().map(|b| b.0).collect();
            append_bodies(&mut files, &bodies);
        }
        LogDamage::Changes(claims) => {
            let (_, needed) = log_of(&files);
            let body = |claim: &Claim| claim.body(needed.start);
            let bodies: Vec<Vec<u8>> = claims.0.iter().map(body).collect();
            append_bodies(&mut files, &bodies);
        }
        LogDamage::Headers(patches) => patch_headers(&mut files, &patches.0),
    }
    use_it(&files);
}

impl Claim {
    fn body(&self, start: Lsn) -> Vec<u8> {
        let near = |offset: u16| Lsn(start.0 + u64::from(offset));
        let head = RecordHead {
            kind: RecordKind::Change,
            txn: quantadb::page::TxnId(self.txn.into()),
            prev: match self.prev {
                0 => Lsn(0),
                offset => near(offset),
            },
            undo_next: self.undo_next.map(near),
            undo: &self.undo.0,
        };
        let mut body = Vec::new();
        head.encode(&mut body);
        if !self.op.0.is_empty() {
            body.extend_from_slice(&u32::from(self.page).to_le_bytes());
            body.extend_from_slice(&self.op.0);
        }
        body
    }
}

/// What the newest control block says of the log.
fn log_of(files: &DatabaseFiles) -> (LogGeometry, NeededLog) {
    let u64_at = |at: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&files.database[at..at + 8]);
        u64::from_le_bytes(bytes)
    };
    let [first, ..] = CONTROL_OFFSETS;
    let newest = CONTROL_OFFSETS.into_iter().max_by_key(|at| u64_at(at + 32));
    let at = newest.unwrap_or(first);
    let geometry = LogGeometry {
        segment_bytes: (u64_at(at + 64) >> 32) as u32,
        database: u64_at(at + 24),
    };
    let needed = NeededLog {
        start: Lsn(u64_at(at + 48)),
        redo: Lsn(u64_at(at + 40)),
        epoch: u64_at(at + 64) as u32,
    };
    (geometry, needed)
}

/// Continues the log by records whose checksums are right, whatever their bodies say.
fn append_bodies(files: &mut DatabaseFiles, bodies: &[Vec<u8>]) {
    let (geometry, needed) = log_of(files);
    let vfs = MemoryVfs::new();
    let file = vfs
        .open(Path::new("log"), OpenMode::CreateNew)
        .expect("new");
    write_all_at(&*file, &files.log, 0).expect("memory takes it");
    let mut reader = LogReader::open(file.clone(), geometry).expect("the sample's log is sound");
    let scanned = reader.scan(needed.start, needed.redo, |_, _, _| Ok(()));
    let extent = scanned.expect("sound");
    let log = Log::continue_after(reader, &needed, &extent, LogGaps::default())
        .expect("memory fails nothing");
    for body in bodies.iter().take(64) {
        let _reservation = log.reserve(body.len() as u64 + 9).expect("space");
        log.append(|_, _, out| out.extend_from_slice(body))
            .expect("not stopped");
    }
    log.flush(log.end()).expect("memory fails nothing");
    files.log = vec![0; file.len().expect("memory") as usize];
    read_exact_at(&*file, &mut files.log, 0).expect("memory gives it");
}

/// Each patch alters the header of one segment.
fn patch_headers(files: &mut DatabaseFiles, patches: &[Patch]) {
    let segment_bytes = log_of(files).0.segment_bytes as usize;
    let segments = files.log.len() / segment_bytes;
    for patch in patches {
        let at = patch.at as usize / HEADER_CRC_AT % segments * segment_bytes;
        let header = &mut files.log[at..];
        patch.apply(&mut header[..HEADER_CRC_AT]);
        put_crc(header, HEADER_CRC_AT);
    }
}

/// Everything a user might do with a file. What fails may fail.
fn use_it(files: &DatabaseFiles) {
    salvage(files);
    let Ok(backend) = files.open() else {
        return;
    };
    let _ = backend.check();
    for tree in [backend.root_tree(), TreeId(4), TreeId(5), TreeId(6)] {
        read_all(&backend, tree);
        change(&backend, tree);
    }
    let _ = backend.vacuum(&WaitLimits::default());
    let _ = backend.checkpoint();
    let _ = backend.check();
}

/// Reads all that can be read, and each key that the sample has at most as often as there are pages.
fn salvage(files: &DatabaseFiles) {
    let Ok(salvage) = files.salvage() else { return };
    for tree in (0..8).map(TreeId) {
        let mut entries = 0;
        let read = salvage.for_each_entry(tree, |_, _| {
            entries += 1;
            Ok(())
        });
        assert!(
            read.is_ok() && entries < 100_000,
            "{read:?}, {entries} entries"
        );
    }
}

fn read_all(backend: &dyn StorageBackend, tree: TreeId) {
    let Ok(txn) = backend.begin(TxnOptions::default()) else {
        return;
    };
    for direction in [ScanDirection::Forward, ScanDirection::Backward] {
        let _ = count_entries(&*txn, tree, direction);
    }
}

/// Reads a tree to its end.
fn count_entries(
    txn: &dyn StorageTxn,
    tree: TreeId,
    direction: ScanDirection,
) -> Result<usize, Error> {
    let mut cursor = txn.scan(tree, KeyRange::ALL, direction)?;
    let (mut batch, mut entries) = (EntryBatch::default(), 0);
    while cursor.next_batch(&mut batch, 100)? {
        entries += batch.len();
        assert!(entries < 10_000, "a scan of a small file has no end");
    }
    Ok(entries)
}

fn change(backend: &dyn StorageBackend, tree: TreeId) {
    let Ok(mut txn) = backend.begin(TxnOptions::default()) else {
        return;
    };
    for number in [0u32, 8, 30, 59, 1 << 30] {
        let key = number.to_be_bytes();
        let _ = txn.get(tree, &key);
        let _ = txn.put(tree, &key, &[6; 500]);
        let _ = txn.delete(tree, &key);
        let _ = txn.insert(tree, &key, &[7; 3000]);
    }
    let _ = match tree == backend.root_tree() {
        true => txn.commit(),
        false => txn.rollback(),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use quantadb::page::{PageId, PageKind, PageOp, TxnId};
    use quantadb::wal::{LSN_END, encode_op};

    /// A page of the sample.
    fn page_at(files: &DatabaseFiles, id: PageId) -> Page {
        let at = id.0 as usize * PAGE_BYTES;
        page_of(&files.database[at..at + PAGE_BYTES])
    }

    fn put_page(files: &mut DatabaseFiles, page: &Page) {
        let at = page.id().0 as usize * PAGE_BYTES;
        files.database[at..at + PAGE_BYTES].copy_from_slice(page.bytes());
        seal(&mut files.database, page.id().0 as usize);
    }

    /// Leaves that follow themselves, and pairs of empty ones that follow each other.
    #[test]
    fn a_scan_of_leaves_in_a_circle_is_refused() {
        let sample = DatabaseFiles::sample();
        let pages = (sample.database.len() / PAGE_BYTES) as u32;
        let all = (1..pages).map(|id| page_at(sample, PageId(id)));
        let leaves = all.filter(|page| {
            page.kind() == Some(PageKind::Node) && page.level() == 0 && page.next() != PageId::NONE
        });
        let scan = |files: &DatabaseFiles, tree: u32, direction| {
            let backend = files.open().expect("it opens");
            let txn = backend.begin(TxnOptions::default()).expect("it begins");
            count_entries(&*txn, TreeId(tree), direction)
        };
        let mut refused = [0, 0];
        for mut leaf in leaves {
            let (id, next, tree) = (leaf.id(), leaf.next(), leaf.tree());
            let mut alone = sample.clone();
            leaf.set_next(id);
            put_page(&mut alone, &leaf);
            let mut pair = sample.clone();
            for (own, other) in [(id, next), (next, id)] {
                let mut empty = Page::new(PAGE_BYTES, own, PageKind::Node, 0, tree);
                empty.set_lsn(page_at(sample, own).lsn());
                empty.set_next(other);
                empty.set_prev(other);
                put_page(&mut pair, &empty);
            }
            for (refused, files) in refused.iter_mut().zip([alone, pair]) {
                for direction in [ScanDirection::Forward, ScanDirection::Backward] {
                    if let Err(error) = scan(&files, tree, direction) {
                        assert!(error.to_string().contains("TREE-4"), "{error}");
                        *refused += 1;
                    }
                }
            }
        }
        assert!(refused[0] > 0 && refused[1] > 0, "{refused:?}");
    }

    /// What follows such a segment could not be counted.
    #[test]
    fn a_segment_behind_all_that_a_log_can_have_is_refused() {
        let open_with = |at: u32, bytes: &[u8]| {
            let mut files = DatabaseFiles::sample().clone();
            let bytes = Bytes(bytes.to_vec());
            patch_headers(&mut files, &[Patch { at, bytes }]);
            files.open().map(drop)
        };
        let segment_bytes = u64::from(log_of(DatabaseFiles::sample()).0.segment_bytes);
        let last = (LSN_END.0 / (segment_bytes - 512) - 1).to_le_bytes();
        for (at, bytes, said) in [
            (8, &last[..], "cannot go on at"),
            (32, &[0xFF; 4], "cannot have an epoch after"),
            (40, &[0xFF; 4], "cannot have an epoch after"),
        ] {
            let refused = open_with(at, bytes).expect_err(said);
            assert_eq!(refused.sqlstate(), "XX001");
            assert!(refused.to_string().contains(said), "{refused}");
        }
    }

    /// A file with such a page would take what no log of that length explains.
    #[test]
    fn a_page_that_the_database_cannot_have_had_is_refused() {
        let open_with = |id: u32| {
            let page = Page::new(PAGE_BYTES, PageId(id), PageKind::Node, 0, 2);
            let head = RecordHead {
                kind: RecordKind::Change,
                txn: TxnId(0),
                prev: Lsn(0),
                undo_next: None,
                undo: &[],
            };
            let mut body = Vec::new();
            head.encode(&mut body);
            encode_op(PageId(id), &PageOp::image(&page), &mut body);
            let mut files = DatabaseFiles::sample().clone();
            append_bodies(&mut files, &[body]);
            files.open().map(drop)
        };
        let pages = (DatabaseFiles::sample().database.len() / PAGE_BYTES) as u32;
        assert!(open_with(pages).is_ok());
        for id in [u32::MAX, 1 << 20, pages + 1000] {
            let refused = open_with(id).expect_err("there is no such page");
            assert_eq!(refused.sqlstate(), "XX001");
            assert!(refused.to_string().contains("cannot have had"), "{refused}");
        }
    }
}
