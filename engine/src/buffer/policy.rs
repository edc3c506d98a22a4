//! S3-FIFO: which page leaves the pool.

use crate::page::PageId;
use std::collections::{BTreeSet, VecDeque};

/// The queues. Every page in the pool is in exactly one of `small` and `main`, but for one that is being evicted.
#[derive(Debug, Default)]
pub(super) struct Policy {
    small: VecDeque<PageId>,
    main: VecDeque<PageId>,
    ghost: VecDeque<PageId>,
    ghosts: BTreeSet<PageId>,
}

/// A page proposed for eviction, and the queue that it came from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Victim {
    pub(super) page: PageId,
    from_small: bool,
}

impl Policy {
    /// Pages in the queues.
    pub(super) fn len(&self) -> usize {
        self.small.len() + self.main.len()
    }

    /// A page came into the pool.
    pub(super) fn admit(&mut self, page: PageId) {
        if self.ghosts.remove(&page) {
            self.main.push_back(page);
        } else {
            self.small.push_back(page);
        }
    }

    /// Takes the next page to evict out of its queue. `hits` gives and resets the hits of a page since it was last
    /// asked; `None` for a page that has left.
    pub(super) fn victim(
        &mut self,
        capacity: usize,
        mut hits: impl FnMut(PageId) -> Option<u8>,
    ) -> Option<Victim> {
        for _ in 0..2 * self.len() + 2 {
            let from_small = self.small.len() > capacity / 10 || self.main.is_empty();
            let queue = if from_small {
                &mut self.small
            } else {
                &mut self.main
            };
            let page = queue.pop_front()?;
            match hits(page) {
                None => {}
                Some(count) if count > u8::from(from_small) => self.main.push_back(page),
                Some(_) => return Some(Victim { page, from_small }),
            }
        }
        None
    }

    /// The victim left the pool.
    pub(super) fn evicted(&mut self, victim: Victim, capacity: usize) {
        if victim.from_small && self.ghosts.insert(victim.page) {
            self.ghost.push_back(victim.page);
        }
        while self.ghost.len() > capacity {
            if let Some(page) = self.ghost.pop_front() {
                self.ghosts.remove(&page);
            }
        }
    }

    /// The victim could not leave.
    pub(super) fn kept(&mut self, victim: Victim) {
        self.main.push_back(victim.page);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// A pool of `capacity` pages; gives whether `page` was there.
    fn touch(
        policy: &mut Policy,
        hits: &mut BTreeMap<PageId, u8>,
        capacity: usize,
        page: u32,
    ) -> bool {
        let page = PageId(page);
        if let Some(count) = hits.get_mut(&page) {
            *count = (*count + 1).min(3);
            return true;
        }
        while policy.len() >= capacity {
            let victim = policy
                .victim(capacity, |p| hits.get_mut(&p).map(std::mem::take))
                .unwrap();
            hits.remove(&victim.page);
            policy.evicted(victim, capacity);
        }
        policy.admit(page);
        hits.insert(page, 0);
        false
    }

    #[test]
    fn a_scan_leaves_the_hot_pages_alone() {
        let (mut policy, mut hits) = (Policy::default(), BTreeMap::new());
        for _ in 0..4 {
            for page in 0..50 {
                touch(&mut policy, &mut hits, 100, page);
            }
        }
        for page in 1000..11_000 {
            touch(&mut policy, &mut hits, 100, page);
        }
        let still_there = (0..50)
            .filter(|p| touch(&mut policy, &mut hits, 100, *p))
            .count();
        assert!(still_there >= 45, "{still_there} of 50 hot pages survived");
        assert!(policy.len() <= 100);
    }
}
