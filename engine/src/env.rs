//! Floor 0: clock and entropy. Like [`crate::vfs`], what the outside world gives comes in through a trait, so that a
//! simulator decides it; no method has a default body.

/// Clock and entropy of a database.
pub trait Env: Send + Sync + 'static {
    /// Wall clock: microseconds since 1970-01-01 00:00:00 UTC. Feeds `CURRENT_TIMESTAMP` and nothing that decides
    /// durability.
    fn now_micros(&self) -> i64;
    /// Monotonic clock in microseconds from an arbitrary start; for time-outs and `EXPLAIN`.
    fn monotonic_micros(&self) -> u64;
    /// Lets about `micros` microseconds pass before the calling thread goes on.
    fn pause(&self, micros: u64);
    /// 64 bits of entropy; names a new database and seeds hashers.
    fn entropy(&self) -> u64;
}

/// The operating system's clock and entropy.
#[derive(Debug, Default, Clone, Copy)]
pub struct OsEnv;

#[allow(clippy::disallowed_methods, clippy::disallowed_types)] // the one place that asks the operating system
impl Env for OsEnv {
    fn now_micros(&self) -> i64 {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    }

    fn monotonic_micros(&self) -> u64 {
        static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
        u64::try_from(
            START
                .get_or_init(std::time::Instant::now)
                .elapsed()
                .as_micros(),
        )
        .unwrap_or(u64::MAX)
    }

    fn pause(&self, micros: u64) {
        std::thread::sleep(std::time::Duration::from_micros(micros));
    }

    fn entropy(&self) -> u64 {
        let mut bytes = [0u8; 8];
        match rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty()) {
            Ok(8) => u64::from_le_bytes(bytes),
            _ => self.monotonic_micros() ^ self.now_micros().unsigned_abs().rotate_left(32),
        }
    }
}
