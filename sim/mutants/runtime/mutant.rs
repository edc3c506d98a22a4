//! Which mutant this process is, asked at each mutated place. Added to a copy of the engine, never to the engine.

use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock};

/// Nobody has asked yet.
const UNKNOWN: u32 = u32::MAX;
/// No mutant, but a record of the places that are reached.
const RECORDING: u32 = u32::MAX - 1;
const MUTANTS_MAX: usize = 1 << 16;

static CHOSEN: AtomicU32 = AtomicU32::new(UNKNOWN);
static REACHED: [AtomicBool; MUTANTS_MAX] = [const { AtomicBool::new(false) }; MUTANTS_MAX];
static RECORD: OnceLock<Mutex<std::fs::File>> = OnceLock::new();

/// Whether this process is mutant `number`.
#[inline]
pub fn on(number: u32) -> bool {
    let chosen = CHOSEN.load(Relaxed);
    match chosen {
        UNKNOWN | RECORDING => asked(number),
        _ => chosen == number,
    }
}

#[cold]
fn asked(number: u32) -> bool {
    if CHOSEN.load(Relaxed) == UNKNOWN {
        begin();
        return on(number);
    }
    if !REACHED[number as usize].swap(true, Relaxed) {
        let mut file = RECORD.get().expect("begun").lock().expect("no panic while writing");
        writeln!(file, "{number}").expect("the record can be written");
    }
    false
}

fn begin() {
    let number = match std::env::var("QUANTA_MUTANT_REACHED") {
        Ok(path) => {
            RECORD.get_or_init(|| Mutex::new(std::fs::File::create(path).expect("the record can be made")));
            RECORDING
        }
        Err(_) => std::env::var("QUANTA_MUTANT").map_or(0, |text| text.parse().expect("QUANTA_MUTANT is a number")),
    };
    CHOSEN.store(number, Relaxed);
}

/// What a comparison gives: `right`, or what the chosen mutant gives instead. A mutant whose answer is the same is not
/// reached.
#[inline]
pub fn one_of(right: bool, others: &[(u32, bool)]) -> bool {
    for &(number, other) in others {
        if other != right && on(number) {
            return other;
        }
    }
    right
}
