//! `quanta-sim`: the simulator's command line.

fn main() {
    eprintln!("no scenario exists yet");
    std::process::exit(2);
}
