//! How a database on disk is created and opened.

use crate::error::{Error, ErrorKind, Result};
use crate::wal::SEGMENT_BYTES_MIN;

/// Options of a database on disk.
#[derive(Clone, Debug)]
pub struct DiskOptions {
    /// Bytes of a page, for a new database: a power of two from 4,096 to 65,536.
    pub page_bytes: usize,
    /// Bytes of the buffer pool; at least 32 pages are held.
    pub cache_bytes: usize,
    /// Bytes of the columns that are kept of rows, so that scans need not decode them again; 0 keeps none.
    pub column_cache_bytes: usize,
    /// Bytes of a segment of the log, for a new database: a multiple of 512, at least 4,096.
    pub log_segment_bytes: u32,
    /// A checkpoint is made when this many bytes were logged since the last.
    pub checkpoint_bytes: u64,
    /// Before-images in memory, beyond twice those needed at the last look, before those that lie between two snapshots
    /// are looked for and dropped.
    pub versions_slack: u64,
    /// Commits whose writes are remembered for serializable transactions that are older; one that is older still fails with
    /// `40001` when it commits a change.
    pub history_commits_max: usize,
    /// Whether a missing database is created.
    pub create: bool,
}

impl Default for DiskOptions {
    fn default() -> Self {
        Self {
            page_bytes: 8192,
            cache_bytes: 64 << 20,
            column_cache_bytes: 64 << 20,
            log_segment_bytes: 4 << 20,
            checkpoint_bytes: 32 << 20,
            versions_slack: 4096,
            history_commits_max: 1 << 20,
            create: true,
        }
    }
}

impl DiskOptions {
    /// Refuses sizes that the format does not know.
    ///
    /// # Errors
    /// `22023` that names the option.
    pub(super) fn validate(&self) -> Result<()> {
        let invalid = |text: String| Err(Error::new(ErrorKind::Misuse, "22023", text));
        if !page_bytes_valid(self.page_bytes) {
            return invalid(format!(
                "page_bytes must be a power of two from 4096 to 65536, not {}",
                self.page_bytes
            ));
        }
        if !segment_bytes_valid(self.log_segment_bytes) {
            return invalid(format!(
                "log_segment_bytes must be a multiple of 512 from {SEGMENT_BYTES_MIN} to 1073741824, not {}",
                self.log_segment_bytes
            ));
        }
        Ok(())
    }
}

pub(super) fn page_bytes_valid(bytes: usize) -> bool {
    bytes.is_power_of_two() && (4096..=65_536).contains(&bytes)
}

pub(super) fn segment_bytes_valid(bytes: u32) -> bool {
    bytes.is_multiple_of(512) && (SEGMENT_BYTES_MIN..=1 << 30).contains(&bytes)
}
