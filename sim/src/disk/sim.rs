//! The simulated disk as a `Vfs`.

use super::counters::{Call, DiskCounters};
use super::directory::{InodeId, file_name};
use super::faults::{CrashKind, DiskFaults, Fault, dead};
use super::inode::Inode;
use super::kind::FaultKind;
use super::state::{Armed, State, Verdict};
use crate::baton::pause;
use crate::env::SimEnv;
use crate::phase::PhaseCell;
use crate::trace::SectorFate;
use quantadb::sync::{Mutex, MutexGuard};
use quantadb::vfs::{File, OpenMode, SECTOR_BYTES, Vfs};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A disk in memory that crashes and fails as it is told. Clones share the disk.
#[derive(Clone, Debug)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
    phase: PhaseCell,
    /// What slow calls move.
    clock: Option<Arc<SimEnv>>,
}

/// What a power loss could have left as well.
#[derive(Debug)]
pub struct OtherOutcome {
    /// A disk that holds it, and fails nothing.
    pub disk: SimDisk,
    /// What became of each sector, if somebody watches.
    pub(crate) sectors: Vec<SectorFate>,
}

/// How long a slow call takes at most.
const SLOW_MICROS_MAX: u64 = 1_000_000;

/// An open file.
struct SimFile {
    disk: SimDisk,
    inode: InodeId,
    handle: u64,
    life: u64,
}

impl SimDisk {
    /// An empty disk. `rng` decides faults and what a crash leaves; `phase` is read to count by it.
    pub fn new(rng: ChaCha8Rng, faults: DiskFaults, phase: PhaseCell) -> Self {
        Self {
            state: Arc::new(Mutex::new(State::new(rng, faults, phase.course().clone()))),
            phase,
            clock: None,
        }
    }

    /// The same disk, whose slow calls move this clock.
    #[must_use]
    pub fn with_clock(self, clock: Arc<SimEnv>) -> Self {
        Self {
            clock: Some(clock),
            ..self
        }
    }

    /// An independent copy: what happens to one does not happen to the other. Files open on the original are not open
    /// on the copy.
    pub fn fork(&self) -> Self {
        let mut state = self.state.lock().clone();
        state.life += 1;
        Self {
            state: Arc::new(Mutex::new(state)),
            phase: self.phase.clone(),
            clock: self.clock.clone(),
        }
    }

    /// Crashes at the `calls`-th call from now (1 is the next).
    pub fn arm_crash(&self, calls: u64) {
        self.state.lock().armed.crash_in = Some(calls.max(1));
    }

    /// Takes an armed crash and an armed fault back.
    pub fn disarm(&self) {
        self.state.lock().armed = Armed::default();
    }

    /// Lets the `calls`-th call from now fail.
    pub fn arm_fault(&self, calls: u64, fault: Fault) {
        self.state.lock().armed.fault_in = Some((calls.max(1), fault));
    }

    /// Whether the machine is off: an armed crash was met.
    pub fn is_off(&self) -> bool {
        self.state.lock().off
    }

    /// Crashes now if the machine is still on, and starts it again: what is left is what `kind` leaves.
    pub fn restart(&self, kind: CrashKind) {
        self.restart_each(kind, 0);
    }

    /// The same; gives up to `others` other outcomes of the power loss, if it is one and decides anything: no two of them
    /// are the same. They are drawn from streams of their own, so that this disk goes on as if nobody had asked.
    pub fn restart_each(&self, kind: CrashKind, others: u32) -> Vec<OtherOutcome> {
        let outcomes = self.state.lock().restart(kind, others);
        let outcomes = outcomes.into_iter().map(|(state, sectors)| {
            let disk = Self {
                state: Arc::new(Mutex::new(state)),
                phase: PhaseCell::default(),
                clock: None,
            };
            OtherOutcome { disk, sectors }
        });
        outcomes.collect()
    }

    /// Exchanges what may fail, and gives what could before.
    pub fn set_faults(&self, faults: DiskFaults) -> DiskFaults {
        std::mem::replace(&mut self.state.lock().faults, faults)
    }

    /// What was counted so far.
    pub fn counters(&self) -> DiskCounters {
        self.state.lock().counters
    }

    /// Calls so far.
    pub fn calls(&self) -> u64 {
        self.state.lock().counters.calls.total()
    }

    /// A hash of every call, its place, its content and its outcome, in order.
    pub fn trace_hash(&self) -> u64 {
        self.state.lock().trace
    }

    /// Names and lengths of all files.
    pub fn files(&self) -> Vec<(PathBuf, u64)> {
        let state = self.state.lock();
        let with_len = |(path, id): (&PathBuf, InodeId)| {
            let len = state.inodes.get(&id).map_or(0, Inode::len);
            (path.clone(), len as u64)
        };
        state.directory.iter().map(with_len).collect()
    }

    /// Flips a bit of something that rests, in any file that `may` rot, at the place that is made of its length; where: `None`
    /// when nothing rests there.
    pub fn rot_somewhere(
        &self,
        may: impl Fn(&Path) -> bool,
        place: impl FnOnce(usize) -> Range<usize>,
    ) -> Option<(PathBuf, u64)> {
        let mut state = self.state.lock();
        let files: Vec<(PathBuf, InodeId)> = state
            .directory
            .iter()
            .map(|(path, id)| (path.clone(), id))
            .filter(|(path, _)| may(path))
            .collect();
        let (path, id) = files.get(state.rng.random_range(0..files.len().max(1)))?;
        let len = state.inodes.get(id).map_or(0, Inode::len);
        let offset = state.rot_within(*id, place(len))?;
        Some((path.clone(), offset as u64))
    }

    /// The same, of what one of the last writes to such a file has written, mostly the last: the end of a log, which a search of
    /// all would seldom meet.
    pub fn rot_new(&self, may: impl Fn(&Path) -> bool) -> Option<(PathBuf, u64)> {
        let mut state = self.state.lock();
        let (path, id) = {
            let mut names = state.directory.iter();
            let (path, id) = names.find(|(path, _)| may(path))?;
            (path.clone(), id)
        };
        let places = state.writes.newest.iter();
        let places: Vec<Range<usize>> = places
            .filter(|(of, _)| *of == id)
            .map(|(_, place)| place.clone())
            .collect();
        let nth = match state.rng.random_bool(0.5) {
            true => 0,
            false => state.rng.random_range(0..places.len().max(1)),
        };
        let offset = state.rot_within(id, places.get(nth)?.clone())?;
        Some((path, offset as u64))
    }

    /// Forgets what sectors held before the last sync: no stale read gives it any more.
    pub fn forget_older(&self) {
        let mut state = self.state.lock();
        state.inodes.values_mut().for_each(Inode::forget_older);
    }

    /// Flips the bits of `mask` in the byte at `offset` of a file, as rot does.
    pub fn rot(&self, path: &Path, offset: u64, mask: u8) {
        let mut state = self.state.lock();
        let id = state.directory.get(path);
        if let Some(inode) = id.and_then(|id| state.inodes.get_mut(&id)) {
            inode.rot(to_usize(offset).unwrap_or(usize::MAX), mask);
        }
    }

    /// The stream that decides what goes wrong.
    pub(crate) fn with_stream<T>(&self, f: impl FnOnce(&mut ChaCha8Rng) -> T) -> T {
        f(&mut self.state.lock().rng)
    }

    pub(super) fn with_state<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.state.lock())
    }

    /// Takes the time of a call.
    fn take_time(&self, state: &mut State) {
        state.course.call();
        if let Some(clock) = &self.clock
            && state.strikes(FaultKind::Slow, state.faults.slow_ppm)
        {
            clock.advance(state.rng.random_range(0..SLOW_MICROS_MAX));
        }
    }

    fn enter(&self, call: Call, name: &Path) -> io::Result<(MutexGuard<'_, State>, Verdict)> {
        pause();
        let mut state = self.state.lock();
        self.take_time(&mut state);
        let subject = u64::from(crc32fast::hash(name.as_os_str().as_encoded_bytes()));
        let grows = call == Call::Open && state.directory.get(name).is_none();
        let phase = self.phase.get();
        let verdict = state.enter(call, phase, subject, (0, 0), grows)?;
        state.tell(call, phase, (0, 0), verdict, || file_name(name));
        Ok((state, verdict))
    }
}

/// Runs a call that changes names: done whole, failed, or at a crash decided by a coin.
fn change_names(
    state: &mut State,
    verdict: Verdict,
    change: impl FnOnce(&mut State) -> io::Result<()>,
) -> io::Result<()> {
    let does = State::whole(verdict, &mut state.rng)?;
    if verdict == Verdict::Crash {
        if does {
            // Whether it would have succeeded nobody will know.
            drop(change(state));
        }
        return Err(dead());
    }
    change(state)
}

impl Vfs for SimDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        let (mut state, verdict) = self.enter(Call::Open, path)?;
        let mut opened = None;
        change_names(&mut state, verdict, |state| {
            let found = state.directory.get(path);
            opened = Some(match (found, mode) {
                (Some(_), OpenMode::CreateNew) => return Err(io::ErrorKind::AlreadyExists.into()),
                (None, OpenMode::Existing | OpenMode::ReadOnly) => {
                    return Err(io::ErrorKind::NotFound.into());
                }
                (Some(id), _) => id,
                (None, _) => {
                    let id = state.next_number() as InodeId;
                    state.inodes.insert(id, Inode::default());
                    state.directory.change(vec![(path.to_owned(), Some(id))]);
                    id
                }
            });
            Ok(())
        })?;
        let inode = opened.expect("opened, or an error was returned");
        let (handle, life) = (state.next_number(), state.life);
        Ok(Arc::new(SimFile {
            disk: self.clone(),
            inode,
            handle,
            life,
        }))
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        let (mut state, verdict) = self.enter(Call::Exists, path)?;
        let mut exists = false;
        change_names(&mut state, verdict, |state| {
            exists = state.directory.get(path).is_some();
            Ok(())
        })?;
        Ok(exists)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let (mut state, verdict) = self.enter(Call::Remove, path)?;
        change_names(&mut state, verdict, |state| {
            state.directory.get(path).ok_or(io::ErrorKind::NotFound)?;
            state.directory.change(vec![(path.to_owned(), None)]);
            Ok(())
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let (mut state, verdict) = self.enter(Call::Rename, from)?;
        change_names(&mut state, verdict, |state| {
            let id = state.directory.get(from).ok_or(io::ErrorKind::NotFound)?;
            let names = vec![(from.to_owned(), None), (to.to_owned(), Some(id))];
            state.directory.change(names);
            Ok(())
        })
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let (mut state, verdict) = self.enter(Call::SyncDir, path)?;
        change_names(&mut state, verdict, |state| {
            state.directory.sync(path);
            Ok(())
        })
    }
}

fn to_usize(offset: u64) -> io::Result<usize> {
    // Half of the address space: sums of two such numbers do not overflow.
    usize::try_from(offset)
        .ok()
        .filter(|&n| n < usize::MAX / 4)
        .ok_or_else(|| io::ErrorKind::FileTooLarge.into())
}

impl SimFile {
    fn enter(
        &self,
        call: Call,
        place: (u64, u64),
        grown: usize,
    ) -> io::Result<(MutexGuard<'_, State>, Verdict)> {
        pause();
        let mut state = self.disk.state.lock();
        if state.life != self.life {
            return Err(dead());
        }
        self.disk.take_time(&mut state);
        // A file that was removed while open lives on for its handles.
        state.inodes.entry(self.inode).or_default();
        let grows = grown > 0 && {
            let len = state.inodes[&self.inode].len();
            grown > len
        };
        let phase = self.disk.phase.get();
        let verdict = state.enter(call, phase, u64::from(self.inode), place, grows)?;
        let name = || state.directory.name_of(self.inode);
        state.tell(call, phase, place, verdict, name);
        if grows && verdict == Verdict::Go {
            let gain = grown - state.inodes[&self.inode].len();
            if !state.has_room(gain) {
                state.counters.faults.count(call, phase);
                state.counters.kinds.add_one(FaultKind::Enospc);
                return Ok((state, Verdict::Fail(Fault::Full)));
            }
        }
        Ok((state, verdict))
    }
}

impl SimFile {
    /// Writes, unless the disk betrays its contract.
    fn put(&self, state: &mut State, buf: &[u8], at: usize) {
        let (by, keeps_all) = state.next_write();
        state.course.wrote(by, buf);
        state.remember(self.inode, at..at + buf.len());
        let betrayal = state.faults.betrayal;
        let end = at + buf.len();
        if state.strikes(FaultKind::Misdirected, betrayal.misdirected_ppm) {
            let rest = inode(state, self.inode).len().saturating_sub(buf.len());
            let sectors = rest / SECTOR_BYTES;
            let elsewhere = state.rng.random_range(0..=sectors) * SECTOR_BYTES;
            let inode = inode(state, self.inode);
            if elsewhere + buf.len() <= inode.len() {
                inode.write(buf, elsewhere, by, keeps_all);
            }
            inode.grow(end, by, keeps_all);
        } else if state.strikes(FaultKind::LostWrites, betrayal.lost_write_ppm) {
            // Gone at once, or shown by a cache until the next power loss.
            let is_shown = state.rng.random_bool(0.5);
            let inode = inode(state, self.inode);
            if is_shown {
                inode.write(buf, at, by, keeps_all);
                inode.doom(at..end);
            }
            inode.grow(end, by, keeps_all);
        } else {
            inode(state, self.inode).write(buf, at, by, keeps_all);
        }
    }
}

/// The file's content; `SimFile::enter` has seen to it that it is there.
fn inode(state: &mut State, id: InodeId) -> &mut Inode {
    state.inodes.entry(id).or_default()
}

impl File for SimFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let at = to_usize(offset)?;
        let (mut state, verdict) = self.enter(Call::Read, (offset, buf.len() as u64), 0)?;
        let count = match verdict {
            Verdict::Go => buf.len(),
            Verdict::Fail(Fault::Short) => state.rng.random_range(1..=buf.len().max(1)),
            Verdict::Fail(fault) => return Err(State::error(fault)),
            Verdict::Crash => return Err(dead()),
        };
        let count = count.min(buf.len());
        let read = inode(&mut state, self.inode).read(&mut buf[..count], at);
        let stale_ppm = state.faults.betrayal.stale_ppm;
        if state.draws(FaultKind::Stale, stale_ppm)
            && inode(&mut state, self.inode).read_older(&mut buf[..read], at)
        {
            state.struck(FaultKind::Stale);
        }
        state.note(u64::from(crc32fast::hash(&buf[..read])));
        Ok(read)
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        let at = to_usize(offset)?;
        let place = (offset, buf.len() as u64);
        let (mut state, verdict) = self.enter(Call::Write, place, at + buf.len())?;
        state.note(u64::from(crc32fast::hash(buf)));
        let count = match verdict {
            Verdict::Go => buf.len(),
            Verdict::Fail(Fault::Short) => state.rng.random_range(1..=buf.len().max(1)),
            Verdict::Crash if !state.faults.power.tears => {
                buf.len() * usize::from(state.rng.random_bool(0.5))
            }
            Verdict::Fail(Fault::Io) | Verdict::Crash => state.rng.random_range(0..=buf.len()),
            Verdict::Fail(Fault::Full | Fault::Interrupted) => 0,
        };
        let count = count.min(buf.len());
        self.put(&mut state, &buf[..count], at);
        match verdict {
            Verdict::Go | Verdict::Fail(Fault::Short) => Ok(count),
            Verdict::Fail(fault) => Err(State::error(fault)),
            Verdict::Crash => Err(dead()),
        }
    }

    fn set_len(&self, len_bytes: u64) -> io::Result<()> {
        let len = to_usize(len_bytes)?;
        let (mut state, verdict) = self.enter(Call::SetLen, (len_bytes, 0), len)?;
        if State::whole(verdict, &mut state.rng)? {
            let (by, keeps_all) = state.next_write();
            inode(&mut state, self.inode).set_len(len, by, keeps_all);
        }
        match verdict {
            Verdict::Crash => Err(dead()),
            _ => Ok(()),
        }
    }

    fn len(&self) -> io::Result<u64> {
        let (mut state, verdict) = self.enter(Call::Len, (0, 0), 0)?;
        match verdict {
            Verdict::Crash => Err(dead()),
            Verdict::Fail(fault) => Err(State::error(fault)),
            Verdict::Go => Ok(inode(&mut state, self.inode).len() as u64),
        }
    }

    fn sync(&self) -> io::Result<()> {
        let (mut state, verdict) = self.enter(Call::Sync, (0, 0), 0)?;
        match verdict {
            Verdict::Go => {
                let keeps_older = state.faults.betrayal.stale_ppm > 0;
                inode(&mut state, self.inode).sync(keeps_older);
                Ok(())
            }
            // What of it was written the power loss decides, as for any unsynced sector.
            Verdict::Crash => Err(dead()),
            Verdict::Fail(fault) => {
                let State {
                    inodes,
                    rng,
                    faults,
                    counters,
                    ..
                } = &mut *state;
                if let Some(inode) = inodes.get_mut(&self.inode) {
                    counters.sectors_forgotten += inode.fail_sync(faults.sync_failure, rng);
                }
                Err(State::error(fault))
            }
        }
    }

    fn lock_exclusive(&self) -> io::Result<()> {
        let (mut state, verdict) = self.enter(Call::Lock, (0, 0), 0)?;
        match verdict {
            Verdict::Crash => return Err(dead()),
            Verdict::Fail(fault) => return Err(State::error(fault)),
            Verdict::Go => {}
        }
        let inode = inode(&mut state, self.inode);
        match inode.locked_by {
            Some(holder) if holder != self.handle => Err(io::ErrorKind::WouldBlock.into()),
            _ => {
                inode.locked_by = Some(self.handle);
                Ok(())
            }
        }
    }
}

impl Drop for SimFile {
    fn drop(&mut self) {
        let mut state = self.disk.state.lock();
        if state.life != self.life {
            return;
        }
        if let Some(inode) = state.inodes.get_mut(&self.inode)
            && inode.locked_by == Some(self.handle)
        {
            inode.locked_by = None;
        }
    }
}
