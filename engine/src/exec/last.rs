//! What was last made of some texts: the pattern or the path of a call mostly is the same for all rows.

use crate::error::Result;

/// What was last made of `N` texts, and of which.
pub(crate) struct Last<const N: usize, T>(Option<([String; N], T)>);

impl<const N: usize, T> Last<N, T> {
    /// Nothing so far.
    pub(crate) const fn new() -> Self {
        Self(None)
    }

    /// What `make` makes of `texts`, which is not asked when the last texts were the same. Errors: those of `make`.
    pub(crate) fn get(&mut self, texts: [&str; N], make: impl FnOnce() -> Result<T>) -> Result<&T> {
        let known = self.0.take().filter(|(last, _)| *last == texts);
        let known = match known {
            Some(known) => known,
            None => (texts.map(str::to_owned), make()?),
        };
        Ok(&self.0.insert(known).1)
    }
}
