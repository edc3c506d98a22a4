//! One suite over every file system: those of the engine, and the simulated disk.

use quantadb::vfs::{MemoryVfs, OpenMode, OsVfs, Vfs, read_exact_at, write_all_at};
use quantadb_sim::disk::{DiskFaults, SimDisk};
use quantadb_sim::phase::PhaseCell;
use quantadb_sim::streams::Streams;
use std::io::ErrorKind;
use std::path::Path;

fn suite(vfs: &dyn Vfs, folder: &Path) {
    let (a, b) = (folder.join("a"), folder.join("b"));
    assert!(!vfs.exists(&a).unwrap());
    assert_eq!(
        vfs.open(&a, OpenMode::Existing).err().unwrap().kind(),
        ErrorKind::NotFound
    );
    let file = vfs.open(&a, OpenMode::CreateNew).unwrap();
    assert_eq!(
        vfs.open(&a, OpenMode::CreateNew).err().unwrap().kind(),
        ErrorKind::AlreadyExists
    );

    write_all_at(&*file, b"tail", 1000).unwrap();
    assert_eq!(file.len().unwrap(), 1004);
    let mut bytes = [1u8; 8];
    read_exact_at(&*file, &mut bytes, 996).unwrap();
    assert_eq!(&bytes, b"\0\0\0\0tail", "a gap reads as zeros");
    assert_eq!(
        read_exact_at(&*file, &mut bytes, 1000).unwrap_err().kind(),
        ErrorKind::UnexpectedEof
    );
    assert_eq!(
        file.read_at(&mut bytes, 5000).unwrap(),
        0,
        "nothing lies behind the end"
    );

    file.set_len(1002).unwrap();
    file.set_len(200_000).unwrap();
    read_exact_at(&*file, &mut bytes, 1000).unwrap();
    assert_eq!(
        &bytes, b"ta\0\0\0\0\0\0",
        "what was cut off does not come back"
    );
    file.sync().unwrap();

    file.lock_exclusive().unwrap();
    let other = vfs.open(&a, OpenMode::OpenOrCreate).unwrap();
    assert_eq!(
        other.lock_exclusive().unwrap_err().kind(),
        ErrorKind::WouldBlock
    );
    drop(file);
    other.lock_exclusive().unwrap();

    vfs.rename(&a, &b).unwrap();
    vfs.sync_dir(&b).unwrap();
    assert!(!vfs.exists(&a).unwrap() && vfs.exists(&b).unwrap());
    assert_eq!(
        vfs.open(&b, OpenMode::Existing).unwrap().len().unwrap(),
        200_000
    );
    vfs.remove(&b).unwrap();
    assert_eq!(vfs.remove(&b).unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(
        other.len().unwrap(),
        200_000,
        "a removed file lives for its handles"
    );
}

#[test]
fn memory() {
    suite(&MemoryVfs::new(), Path::new("/"));
}

#[test]
fn simulated_disk() {
    let faults = Streams::new(1).faults();
    let disk = SimDisk::new(faults, DiskFaults::NONE, PhaseCell::default());
    suite(&disk, Path::new("/f"));
}

#[test]
fn operating_system() {
    let folder = tempfile::tempdir().unwrap();
    suite(&OsVfs, folder.path());
}
