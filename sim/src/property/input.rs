//! Inputs from bytes.

use arbitrary::{Arbitrary, Result, Unstructured};

/// The input that `bytes` describe; `None` when they describe none.
pub fn input_of<'a, T: Arbitrary<'a>>(bytes: &'a [u8]) -> Option<T> {
    T::arbitrary(&mut Unstructured::new(bytes)).ok()
}

/// As many as the rest of the input describes: the last field of an input. (A plain `Vec` tosses a coin after each.)
#[derive(Clone, Debug)]
pub struct Rest<T>(pub(super) Vec<T>);

impl<'a, T: Arbitrary<'a>> Arbitrary<'a> for Rest<T> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let mut all = Vec::new();
        while !u.is_empty() {
            all.push(u.arbitrary()?);
        }
        Ok(Self(all))
    }
}

/// Up to 63 bytes.
#[derive(Clone, Debug)]
pub struct Bytes(pub(super) Vec<u8>);

impl<'a> Arbitrary<'a> for Bytes {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let len = usize::from(u8::arbitrary(u)? % 64).min(u.len());
        Ok(Self(u.bytes(len)?.to_vec()))
    }
}
