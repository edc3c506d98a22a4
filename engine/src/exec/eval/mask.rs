//! A bit for each value, in words of 64: what comparing columns of numbers comes to.
//!
//! Compilers make little of 64 tests that are each shifted to a place of their own. Of values of up to 32 bits the answers
//! are written as bytes first, of which eight at a time are multiplied into bits; of wider ones each answer selects the bit of its place, and the
//! selected are united. Both are what a processor does to many values at once.

use arrow_buffer::{BooleanBuffer, Buffer};

const BITS: usize = u64::BITS as usize;

/// The bits of the places in a word.
const PLACES: [u64; BITS] = {
    let mut places = [0; BITS];
    let mut at = 0;
    while at < BITS {
        places[at] = 1 << at;
        at += 1;
    }
    places
};

/// The last bit of each of eight bytes, of which the others are 0, side by side.
fn packed(bytes: [u8; 8]) -> u64 {
    // Byte i is moved to bit 56 + i by the bit 56 - 7 i of the factor, and by no other to a place above 55.
    u64::from_le_bytes(bytes).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// The word of what `test` says of 64 places, for values of `T`.
#[inline]
fn word<T>(test: impl Fn(usize) -> bool) -> u64 {
    if size_of::<T>() > 4 {
        let selected = (0..BITS).map(|at| if test(at) { PLACES[at] } else { 0 });
        return selected.fold(0, |word, place| word | place);
    }
    let mut bytes = [0u8; BITS];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from(test(at));
    }
    let eights = bytes.as_chunks::<8>().0.iter().enumerate();
    eights.fold(0, |word, (at, eight)| word | packed(*eight) << (8 * at))
}

fn buffer(mut words: Vec<u64>, rows: usize, inverted: bool) -> BooleanBuffer {
    if inverted {
        words.iter_mut().for_each(|word| *word = !*word);
    }
    BooleanBuffer::new(Buffer::from_vec(words), 0, rows)
}

/// What `test` says of each value, or the contrary if `inverted`.
pub(super) fn mask<T: Copy>(
    values: &[T],
    inverted: bool,
    test: impl Fn(T) -> bool,
) -> BooleanBuffer {
    let (whole, rest) = values.as_chunks::<BITS>();
    let mut words = Vec::with_capacity(whole.len() + 1);
    words.extend(whole.iter().map(|chunk| word::<T>(|at| test(chunk[at]))));
    let last = rest.iter().zip(PLACES).filter(|(value, _)| test(**value));
    words.push(last.fold(0, |word, (_, place)| word | place));
    buffer(words, values.len(), inverted)
}

/// What `test` says of each two values of the same row, or the contrary if `inverted`.
pub(super) fn mask_of_pairs<T: Copy>(
    a: &[T],
    b: &[T],
    inverted: bool,
    test: impl Fn(T, T) -> bool,
) -> BooleanBuffer {
    let ((whole_a, rest_a), (whole_b, rest_b)) = (a.as_chunks::<BITS>(), b.as_chunks::<BITS>());
    let mut words = Vec::with_capacity(whole_a.len() + 1);
    let whole = whole_a.iter().zip(whole_b);
    words.extend(whole.map(|(a, b)| word::<T>(|at| test(a[at], b[at]))));
    let rest = rest_a.iter().zip(rest_b).zip(PLACES);
    let last = rest.filter(|((a, b), _)| test(**a, **b));
    words.push(last.fold(0, |word, (_, place)| word | place));
    buffer(words, a.len().min(b.len()), inverted)
}

#[cfg(test)]
mod tests {
    use super::{mask, mask_of_pairs, packed};
    use proptest::prelude::*;

    #[test]
    fn eight_bytes_become_eight_bits() {
        for bits in 0..=u8::MAX {
            let bytes = std::array::from_fn(|at| bits >> at & 1);
            assert_eq!(packed(bytes), u64::from(bits));
        }
    }

    proptest! {
        #[test]
        fn each_value_has_its_bit(values in prop::collection::vec(any::<i64>(), 0..300), inverted: bool) {
            let narrow: Vec<i16> = values.iter().map(|v| *v as i16).collect();
            let turned: Vec<i64> = values.iter().map(|v| v.rotate_left(7)).collect();
            let (of_narrow, of_wide) = (mask(&narrow, inverted, |v| v < 5), mask(&values, inverted, |v| v < 5));
            let of_pairs = mask_of_pairs(&values, &turned, inverted, |a, b| a <= b);
            prop_assert_eq!([of_narrow.len(), of_wide.len(), of_pairs.len()], [values.len(); 3]);
            for at in 0..values.len() {
                prop_assert_eq!(of_narrow.value(at), (narrow[at] < 5) != inverted);
                prop_assert_eq!(of_wide.value(at), (values[at] < 5) != inverted);
                prop_assert_eq!(of_pairs.value(at), (values[at] <= turned[at]) != inverted);
            }
        }
    }
}
