//! Creating, opening and recovering a database.

use super::control::Control;
use super::core::{CATALOG_ROOT, Core, DIRECTORY_ROOT, PAGES_AT_FIRST};
use super::options::DiskOptions;
use super::undo::UndoAction;
use crate::btree::Tree;
use crate::buffer::{Allocation, Pool, PoolOptions};
use crate::env::Env;
use crate::error::{Error, ErrorKind, Result};
use crate::page::{Lsn, Page};
use crate::planted::{Mistake, makes};
use crate::recovery::{Analysis, analyse, undo_losers};
use crate::txn::TxnManager;
use crate::vfs::{File, OpenMode, Vfs, write_all_at};
use crate::wal::{
    Log, LogChain, LogGaps, LogGeometry, LogReader, NeededLog, RecordHead, RecordKind,
};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

pub(super) fn lock(file: &dyn File, path: &Path) -> Result<()> {
    file.lock_exclusive().map_err(|e| match e.kind() {
        io::ErrorKind::WouldBlock => Error::new(
            ErrorKind::Misuse,
            "55006",
            format!("{} is open elsewhere", path.display()),
        ),
        _ => Error::io(format!("cannot lock {}", path.display()), e),
    })
}

/// Opens the database at `path`, creating it first if it is missing and the options say so.
pub(super) fn open(
    vfs: &dyn Vfs,
    env: Arc<dyn Env>,
    path: &Path,
    options: DiskOptions,
) -> Result<Core> {
    options.validate()?;
    let exists = vfs
        .exists(path)
        .map_err(|e| Error::io(format!("cannot look for {}", path.display()), e))?;
    let file = if exists {
        existing(vfs, path)?
    } else if options.create {
        create(vfs, &*env, path, &options)?
    } else {
        return Err(Error::new(
            ErrorKind::Misuse,
            "58P01",
            format!("{} does not exist", path.display()),
        ));
    };
    recover(vfs, env, path, file, options).map_err(|e| e.context(path.display()))
}

/// Opens and locks the file of a database.
fn existing(vfs: &dyn Vfs, path: &Path) -> Result<Arc<dyn File>> {
    let file = vfs
        .open(path, OpenMode::Existing)
        .map_err(|e| Error::io(format!("cannot open {}", path.display()), e))?;
    lock(&*file, path)?;
    // Whoever created it may have failed before its name was durable.
    sync_dir(vfs, path)?;
    Ok(file)
}

/// Creates a database. A crash leaves either nothing under its name or all of it.
fn create(
    vfs: &dyn Vfs,
    env: &dyn Env,
    path: &Path,
    options: &DiskOptions,
) -> Result<Arc<dyn File>> {
    let creating = |e| Error::io(format!("cannot create {}", path.display()), e);
    let new = with_suffix(path, "-new");
    let file = vfs.open(&new, OpenMode::OpenOrCreate).map_err(creating)?;
    lock(&*file, path)?;
    if vfs.exists(path).map_err(creating)? {
        // Another process was faster: what has that name by now is a database, and its log is in use.
        drop(file);
        let _ = vfs.remove(&new);
        return existing(vfs, path);
    }
    let database = env.entropy();
    let geometry = LogGeometry {
        segment_bytes: options.log_segment_bytes,
        database,
    };
    let first = Lsn(geometry.first_lsn(1));
    let control = Control {
        page_bytes: options.page_bytes as u32,
        segment_bytes: options.log_segment_bytes,
        database,
        sequence: 0,
        needed: NeededLog {
            start: first,
            redo: first,
            epoch: 1,
        },
        next_txn: 1,
        closed: false,
        gaps: LogGaps::default(),
    };
    file.set_len(0).map_err(creating)?;
    file.set_len((PAGES_AT_FIRST as usize * options.page_bytes) as u64)
        .map_err(creating)?;
    let mut pages: [Page; 3] = [
        Allocation::initial(options.page_bytes, PAGES_AT_FIRST),
        Tree::empty_root(options.page_bytes, CATALOG_ROOT),
        Tree::empty_root(options.page_bytes, DIRECTORY_ROOT),
    ];
    for page in &mut pages {
        page.seal();
        let offset = u64::from(page.id().0) * options.page_bytes as u64;
        write_all_at(&*file, page.bytes(), offset).map_err(creating)?;
    }
    control.write(&*file)?;
    file.sync().map_err(creating)?;

    let wal_path = with_suffix(path, "-wal");
    let wal = vfs
        .open(&wal_path, OpenMode::OpenOrCreate)
        .map_err(creating)?;
    wal.set_len(0).map_err(creating)?;
    Log::create(&*wal, geometry)?;
    sync_dir(vfs, path)?;
    vfs.rename(&new, path).map_err(creating)?;
    sync_dir(vfs, path)?;
    Ok(file)
}

fn sync_dir(vfs: &dyn Vfs, path: &Path) -> Result<()> {
    if makes(Mistake::DirectoryNotSynced) {
        return Ok(());
    }
    vfs.sync_dir(path).map_err(|e| {
        Error::io(
            format!("cannot sync the directory of {}", path.display()),
            e,
        )
    })
}

fn recover(
    vfs: &dyn Vfs,
    env: Arc<dyn Env>,
    path: &Path,
    file: Arc<dyn File>,
    options: DiskOptions,
) -> Result<Core> {
    let control = Control::read(&*file)?;
    let geometry = LogGeometry {
        segment_bytes: control.segment_bytes,
        database: control.database,
    };
    let wal_path = with_suffix(path, "-wal");
    let wal = vfs
        .open(&wal_path, OpenMode::Existing)
        .map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => Error::corrupt(format!(
                "its log {} is missing; the database cannot be opened without it",
                wal_path.display()
            )),
            _ => Error::io(format!("cannot open {}", wal_path.display()), e),
        })?;
    let mut reader = LogReader::open(wal.clone(), geometry)?;
    let analysis = analyse(&mut reader, &control.needed)?;
    let extent = &analysis.extent;
    let gaps = control.gaps.followed_by(extent.gaps.as_slice())?;
    let log = Log::continue_after(reader, &control.needed, extent, gaps)?;
    let pool_options = PoolOptions {
        page_bytes: control.page_bytes as usize,
        cache_bytes: options.cache_bytes,
    };
    let pool = Arc::new(Pool::new(file.clone(), Arc::new(log), pool_options)?);
    // From here on what is durable is read: the originals of what was copied may be gone any time.
    let mut reader = LogReader::open(wal, geometry)?;
    redo(&mut reader, &pool, control.needed.redo, &analysis)?;
    // Nobody has logged anything behind the end of a log that was closed.
    let gaps = match control.closed {
        true => control.gaps.clone(),
        false => pool.log().gaps().clone(),
    };
    let next_txn = control.next_txn.max(analysis.txn_max.0 + 1);
    let txns = TxnManager::new(env, next_txn);
    let start = control.needed.start;
    let control = Control {
        closed: false,
        ..control
    };
    let core = Core::new(file, options, pool, txns, control);
    if !makes(Mistake::UndoSkipped) {
        undo(&mut reader, &core, &analysis, start)?;
    }
    if analysis.records_to_redo > 0 {
        core.garbage.lock().needs_scan = true;
    }
    core.maintenance.lock().gaps = core.gaps_to_keep(gaps)?;
    core.checkpoint()?;
    Ok(core)
}

fn redo(reader: &mut LogReader, pool: &Pool, from: Lsn, analysis: &Analysis) -> Result<()> {
    // The file had all pages when the last checkpoint synced it; since then they came one by one, each by an operation.
    let mut pages = pool.file_pages();
    let extent = reader.scan_again(from, from, |_, record, end| {
        pages += record.ops.len() as u64;
        match record.ops.iter().find(|(id, _)| u64::from(id.0) >= pages) {
            None => pool.redo(&record, end),
            Some((id, _)) => Err(Error::corrupt(format!(
                "the log names page {}, which the database cannot have had: the record that ends at {}",
                id.0, end.0
            ))),
        }
    })?;
    if extent.end != analysis.extent.end {
        return Err(Error::new(
            ErrorKind::Io,
            "58030",
            "the end of the log could be read once and is gone; open the database again",
        ));
    }
    // Where that page cannot be read, nothing is allocated.
    let allocation = pool.read(Allocation::PAGE);
    let counted = allocation.map_or(0, |frame| Allocation::of(&frame.page).pages);
    if u64::from(counted) > pages {
        return Err(Error::corrupt(format!(
            "it counts {counted} pages, and cannot have had more than {pages}"
        )));
    }
    Ok(())
}

fn undo(reader: &mut LogReader, core: &Core, analysis: &Analysis, start: Lsn) -> Result<()> {
    undo_losers(
        reader,
        &analysis.losers,
        start,
        |chain, note, next| core.undo(chain, &UndoAction::decode(note)?, next),
        |chain| core.log_end_of(chain, RecordKind::End).map(drop),
    )
}

/// Log space for the record that ends a transaction.
pub(super) const END_BYTES: u64 = 64;

impl Core {
    /// Appends the record that ends a transaction; gives where the log then ends.
    ///
    /// # Errors
    /// `53100` when the log is full, `58030` when it has stopped. Nothing was appended.
    pub(super) fn log_end_of(&self, chain: &LogChain, kind: RecordKind) -> Result<Lsn> {
        let _reservation = self.log().reserve(END_BYTES)?;
        self.append_end_of(chain, kind)
    }

    /// [`Core::log_end_of`] with space that the caller has reserved: [`END_BYTES`].
    ///
    /// # Errors
    /// `58030` when the log has stopped.
    pub(super) fn append_end_of(&self, chain: &LogChain, kind: RecordKind) -> Result<Lsn> {
        let (_, end) = self.log().append(|_, start, out| {
            RecordHead {
                kind,
                txn: chain.txn(),
                prev: chain.push(start),
                undo_next: None,
                undo: &[],
            }
            .encode(out);
        })?;
        Ok(end)
    }
}
