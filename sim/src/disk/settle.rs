//! A power loss whose outcome somebody chooses.

use super::inode::Inode;
use super::sim::SimDisk;
use super::state::State;

impl SimDisk {
    /// Turns the machine off before the `calls`-th call from now (1 is the next), of which nothing happens.
    pub fn arm_stop(&self, calls: u64) {
        self.with_state(|state| state.armed.stop_in = Some(calls.max(1)));
    }

    /// What a power loss would decide now, in a fixed order: for each thing the number of its outcomes. The first outcome
    /// is that it is taken back, the last that it is kept.
    pub fn undecided(&self) -> Vec<usize> {
        self.with_state(|state| {
            let inodes = state.inodes.values().flat_map(Inode::undecided);
            let names = std::iter::repeat_n(2, state.directory.undecided());
            inodes.chain(names).collect()
        })
    }

    /// A power loss with these outcomes, one for each thing that is undecided; the machine is on again.
    pub fn settle(&self, outcomes: &[usize]) {
        self.with_state(|state| {
            let mut outcomes = outcomes.iter().copied();
            for inode in state.inodes.values_mut() {
                inode.settle(&mut outcomes);
            }
            state.directory.settle(&mut outcomes);
            state.start_again();
        });
    }

    /// A hash of all names and what their files hold.
    pub fn content_hash(&self) -> u64 {
        self.with_state(|state| {
            let mut hash = State::HASH_START;
            for (path, id) in state.directory.iter() {
                hash = State::mix_bytes(hash, path.as_os_str().as_encoded_bytes());
                let Some(content) = state.inodes.get(&id).map(Inode::content) else {
                    continue;
                };
                hash = State::mix(hash, content.len() as u64);
                hash = content.blocks().fold(hash, |hash, block| match block {
                    Some(block) => State::mix_bytes(hash, block),
                    None => State::mix(hash, 0),
                });
            }
            hash
        })
    }
}
