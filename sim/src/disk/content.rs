//! The bytes of a file, in blocks: one that was never written holds zeros, and takes no memory; copies share the blocks
//! that neither has written since.

use std::sync::Arc;

/// Bytes of a block.
const BLOCK_BYTES: usize = 4096;

type Block = Arc<[u8; BLOCK_BYTES]>;

/// What reads of a file see.
#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    /// `None`: zeros. Behind the end of the last block everything is zeros too.
    blocks: Vec<Option<Block>>,
    len: usize,
}

/// The parts of `len` bytes from `offset` on: a block, where it begins in that, and how many bytes.
fn parts(offset: usize, len: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    let end = offset + len;
    let mut at = offset;
    std::iter::from_fn(move || {
        let within = at % BLOCK_BYTES;
        let count = (BLOCK_BYTES - within).min(end - at);
        let part = (at / BLOCK_BYTES, within, count);
        at += count;
        (count > 0).then_some(part)
    })
}

impl Content {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Reads what is there of `buf.len()` bytes from `offset` on; gives how many that are.
    pub(super) fn read(&self, buf: &mut [u8], offset: usize) -> usize {
        let count = self.len.saturating_sub(offset).min(buf.len());
        let mut rest = &mut buf[..count];
        for (block, within, count) in parts(offset, count) {
            let (now, later) = rest.split_at_mut(count);
            match &self.blocks[block] {
                Some(block) => now.copy_from_slice(&block[within..within + count]),
                None => now.fill(0),
            }
            rest = later;
        }
        count
    }

    /// Writes, within the length.
    pub(super) fn write(&mut self, buf: &[u8], offset: usize) {
        let mut rest = buf;
        for (block, within, count) in parts(offset, buf.len()) {
            let (now, later) = rest.split_at(count);
            let block = self.blocks[block].get_or_insert_with(|| Arc::new([0; BLOCK_BYTES]));
            Arc::make_mut(block)[within..within + count].copy_from_slice(now);
            rest = later;
        }
    }

    /// Cuts, or makes longer by zeros.
    pub(super) fn resize(&mut self, len: usize) {
        self.blocks.resize(len.div_ceil(BLOCK_BYTES), None);
        if len < self.len
            && let Some(Some(last)) = self.blocks.last_mut()
            && !len.is_multiple_of(BLOCK_BYTES)
        {
            Arc::make_mut(last)[len % BLOCK_BYTES..].fill(0);
        }
        self.len = len;
    }

    /// Flips the bits of `mask` in a byte, if it is there.
    pub(super) fn flip(&mut self, offset: usize, mask: u8) {
        let mut byte = [0];
        if self.read(&mut byte, offset) == 1 {
            self.write(&[byte[0] ^ mask], offset);
        }
    }

    /// The blocks, those that hold zeros as `None`.
    pub(super) fn blocks(&self) -> impl Iterator<Item = Option<&[u8; BLOCK_BYTES]>> {
        let written = self.blocks.iter().map(Option::as_deref);
        written.map(|block| block.filter(|block| block.iter().any(|&byte| byte != 0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_a_row_of_bytes(
            steps in prop::collection::vec((0..4, 0usize..20_000, 0usize..9_000, any::<u8>()), 1..40),
        ) {
            let (mut content, mut model) = (Content::default(), Vec::new());
            for (kind, offset, len, byte) in steps {
                match kind {
                    0 => {
                        content.resize(offset);
                        model.resize(offset, 0);
                    }
                    1 => {
                        content.flip(offset, byte);
                        model.iter_mut().skip(offset).take(1).for_each(|b| *b ^= byte);
                    }
                    _ => {
                        let end = (offset + len).max(model.len());
                        content.resize(end);
                        model.resize(end, 0);
                        content.write(&vec![byte; len], offset);
                        model[offset..offset + len].fill(byte);
                    }
                }
                prop_assert_eq!(content.len(), model.len());
                let mut read = vec![7; len];
                let count = content.read(&mut read, offset);
                prop_assert_eq!(&read[..count], model.get(offset..).map_or(&[][..], |m| &m[..count]));
                prop_assert_eq!(count, model.len().saturating_sub(offset).min(len));
            }
            let zeros = [0; BLOCK_BYTES];
            let all: Vec<u8> = content.blocks().flat_map(|b| *b.unwrap_or(&zeros)).collect();
            prop_assert_eq!(&all[..model.len()], &model[..]);
        }
    }
}
