//! Numbers in bytes, little-endian, as every format of the files has them. Where there are too few bytes, that is an
//! assertion: who reads has looked at the length.

#[inline]
fn at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let number = bytes[at..at + N].first_chunk();
    // The slice is as long as that.
    number.copied().unwrap_or([0; N])
}

/// Puts the bytes of a number there.
#[inline]
pub(super) fn put<const N: usize>(bytes: &mut [u8], at: usize, number: [u8; N]) {
    if let Some(place) = bytes[at..at + N].first_chunk_mut() {
        *place = number;
    }
}

/// The number in two bytes.
#[inline]
pub(crate) fn u16_at(bytes: &[u8], offset: usize) -> u16 {
    u16::from_le_bytes(at(bytes, offset))
}

/// The number in four bytes.
#[inline]
pub(crate) fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(at(bytes, offset))
}

/// The number in eight bytes.
#[inline]
pub(crate) fn u64_at(bytes: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(at(bytes, offset))
}
