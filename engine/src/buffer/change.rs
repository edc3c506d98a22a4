//! A change of one or several pages as one log record.

use super::pool::{Frame, Pool};
use super::usage::count_record;
use crate::error::Result;
use crate::page::{Lsn, Page, PageId, PageOp};
use crate::planted::{Mistake, makes};
use crate::sync::LatchWrite;
use crate::wal::{LogChain, RecordHead, RecordKind, encode_op};

/// Bytes that a record may take beside its pages and its undo note.
const RECORD_BYTES: usize = 128;

/// On whose behalf pages change.
#[derive(Clone, Copy, Debug)]
pub struct Author<'a> {
    /// The transaction's records; `None` for a change that is never undone (a split, vacuum).
    pub chain: Option<&'a LogChain>,
    /// For a compensation: the record to undo after it.
    pub undo_next: Option<Lsn>,
}

impl<'a> Author<'a> {
    /// A change that belongs to no transaction.
    pub const SYSTEM: Author<'static> = Author {
        chain: None,
        undo_next: None,
    };

    /// A transaction going forward.
    pub fn txn(chain: &'a LogChain) -> Self {
        Self {
            chain: Some(chain),
            undo_next: None,
        }
    }

    fn id(&self) -> u64 {
        self.chain.map_or(0, |c| c.txn().0)
    }
}

struct Touched {
    id: PageId,
    frame: LatchWrite<Frame>,
    /// The page with `ops` applied; `None` while there is none.
    work: Option<Page>,
    ops: Vec<PageOp>,
}

/// Pages latched exclusively, and what shall become of them. Dropping it changes nothing.
pub struct Change<'a> {
    pool: &'a Pool,
    author: Author<'a>,
    touched: Vec<Touched>,
}

impl<'a> Change<'a> {
    /// A change that touches nothing yet.
    pub fn new(pool: &'a Pool, author: Author<'a>) -> Self {
        Self {
            pool,
            author,
            touched: Vec::with_capacity(4),
        }
    }

    /// The pool whose pages it changes.
    pub fn pool(&self) -> &'a Pool {
        self.pool
    }

    /// Takes over a page that the caller has latched.
    pub fn adopt(&mut self, id: PageId, frame: LatchWrite<Frame>) {
        self.touched.push(Touched {
            id,
            frame,
            work: None,
            ops: Vec::new(),
        });
    }

    fn find(&self, id: PageId) -> Option<usize> {
        self.touched.iter().position(|t| t.id == id)
    }

    /// The page as this change has made it so far; latches it at the first call.
    ///
    /// # Errors
    /// As [`Pool::read`].
    pub fn page(&mut self, id: PageId) -> Result<&Page> {
        let at = match self.find(id) {
            Some(at) => at,
            None => {
                let frame = self.pool.write(id)?;
                self.adopt(id, frame);
                self.touched.len() - 1
            }
        };
        let touched = &self.touched[at];
        Ok(touched.work.as_ref().unwrap_or(&touched.frame.page))
    }

    /// Latches a page whose old content does not matter; the first operation on it must be an image.
    ///
    /// # Errors
    /// As [`Pool::create`].
    pub fn create(&mut self, id: PageId) -> Result<()> {
        if self.find(id).is_none() {
            let frame = self.pool.create(id)?;
            self.adopt(id, frame);
        }
        Ok(())
    }

    /// Does `op` to a page that [`Change::page`], [`Change::create`] or [`Change::adopt`] has latched.
    pub fn apply(&mut self, id: PageId, op: PageOp) {
        let txn = self.author.id();
        let Some(at) = self.find(id) else {
            panic!(
                "BUF-2: an operation on page {} that the change has not latched",
                id.0
            );
        };
        let touched = &mut self.touched[at];
        let work = touched
            .work
            .get_or_insert_with(|| touched.frame.page.clone());
        op.apply(work, txn);
        touched.ops.push(op);
    }

    /// Makes `page` the new content of its place, whatever was there.
    pub fn replace(&mut self, page: &Page) {
        self.apply(page.id(), PageOp::image(page));
    }

    /// Makes the change real: one log record with the given undo note (empty: nothing to undo). Gives where the
    /// record starts.
    ///
    /// # Errors
    /// `53100` when the log cannot take the record; `58030` when it has stopped. The pages are as before, but for a
    /// log that stopped in between: then they are never written.
    pub fn commit(mut self, undo: &[u8]) -> Result<Lsn> {
        self.touched.retain(|t| !t.ops.is_empty());
        let page_bytes = self.pool.page_bytes() + RECORD_BYTES;
        let bytes = RECORD_BYTES + undo.len() + self.touched.len() * page_bytes;
        let _reservation = self.pool.log().reserve(bytes as u64)?;
        for touched in &mut self.touched {
            touched.frame.mark_dirty();
            if let Some(work) = touched.work.take() {
                touched.frame.page = work;
            }
        }
        let mut changed: Vec<Changed<'_>> = self
            .touched
            .iter_mut()
            .map(|touched| Changed {
                id: touched.id,
                frame: &mut touched.frame,
                ops: &touched.ops,
            })
            .collect();
        append(self.pool, self.author, undo, &mut changed)
    }

    /// Does a single operation to a single latched page: [`Change::commit`] without the copy.
    ///
    /// # Errors
    /// As [`Change::commit`].
    pub fn one(
        pool: &Pool,
        author: Author<'_>,
        mut frame: LatchWrite<Frame>,
        op: PageOp,
        undo: &[u8],
    ) -> Result<Lsn> {
        let bytes = 2 * RECORD_BYTES + undo.len() + pool.page_bytes();
        let _reservation = pool.log().reserve(bytes as u64)?;
        frame.mark_dirty();
        op.apply(&mut frame.page, author.id());
        let changed = Changed {
            id: frame.page.id(),
            frame: &mut frame,
            ops: std::slice::from_ref(&op),
        };
        append(pool, author, undo, &mut [changed])
    }
}

/// A page that has seen its operations already.
struct Changed<'a> {
    id: PageId,
    frame: &'a mut Frame,
    ops: &'a [PageOp],
}

/// Appends the record of operations that the pages have seen already, and stamps the pages.
fn append(
    pool: &Pool,
    author: Author<'_>,
    undo: &[u8],
    changed: &mut [Changed<'_>],
) -> Result<Lsn> {
    for t in changed.iter() {
        pool.count_change(t.frame.page.tree());
    }
    let mut images = 0;
    let (start, end) = pool.log().append(|redo, start, out| {
        RecordHead {
            kind: RecordKind::Change,
            txn: author.chain.map(LogChain::txn).unwrap_or_default(),
            prev: author.chain.map(|c| c.push(start)).unwrap_or_default(),
            undo_next: author.undo_next,
            undo,
        }
        .encode(out);
        for t in changed.iter() {
            let is_image = matches!(t.ops.first(), Some(PageOp::Image { .. }));
            if t.frame.page.lsn() <= redo && !is_image && !makes(Mistake::NoPageImages) {
                encode_op(t.id, &PageOp::image(&t.frame.page), out);
                images += 1;
            } else {
                images += u64::from(is_image);
                for op in t.ops {
                    encode_op(t.id, op, out);
                }
            }
        }
    })?;
    count_record(images, end.0 - start.0);
    let stamped = match makes(Mistake::OnlyFirstPageStamped) {
        true => 1,
        false => changed.len(),
    };
    for t in &mut changed[..stamped] {
        t.frame.page.set_lsn(end);
    }
    Ok(start)
}
