//! Page 1, the allocation page: which pages are free, and how many there are.
//!
//! ```text
//!   header: kind Allocation, next = first free page │ 64: number of pages u32 │ 68: number of free pages u32
//! ```
//!
//! Free pages form a chain by their `next`. The page is the last that a change latches, so changes of different trees
//! do not wait for each other in a circle.

use super::change::Change;
use crate::error::{Error, ErrorKind, Result};
use crate::page::{HEADER_BYTES, Page, PageId, PageKind, PageOp, u32_at};

/// The allocation page.
const ALLOCATION: PageId = PageId(1);
const PAGES_AT: usize = HEADER_BYTES;
const FREE_AT: usize = HEADER_BYTES + 4;

fn write_u32(at: usize, value: u32) -> PageOp {
    PageOp::Write(at as u16, value.to_le_bytes().to_vec())
}

/// What the allocation page says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// Head of the chain of free pages.
    pub first_free: PageId,
    /// Pages of the file, free ones included.
    pub pages: u32,
    /// Free pages.
    pub free: u32,
}

impl Allocation {
    /// Where it stands.
    pub const PAGE: PageId = ALLOCATION;

    /// Reads it from its page.
    pub fn of(page: &Page) -> Self {
        Self {
            first_free: page.next(),
            pages: u32_at(page.bytes(), PAGES_AT),
            free: u32_at(page.bytes(), FREE_AT),
        }
    }

    /// The page that says that there are `pages` pages, none of them free.
    pub fn initial(page_bytes: usize, pages: u32) -> Page {
        let mut page = Page::new(page_bytes, ALLOCATION, PageKind::Allocation, 0, 0);
        page.bytes_mut()[PAGES_AT..PAGES_AT + 4].copy_from_slice(&pages.to_le_bytes());
        page
    }
}

impl Change<'_> {
    /// Takes a page from the free list, or a new one at the end of the file. The caller gives it content with
    /// [`Change::replace`].
    ///
    /// # Errors
    /// `53100` when the disk is full, `54000` at 2³² pages, `58030` and `XX001` when a page cannot be read.
    pub fn allocate(&mut self) -> Result<PageId> {
        let state = Allocation::of(self.page(ALLOCATION)?);
        if state.first_free != PageId::NONE {
            let id = state.first_free;
            let page = self.page(id)?;
            if page.kind() != Some(PageKind::Free) {
                return Err(Error::corrupt(format!(
                    "page {} is on the free list but in use",
                    id.0
                )));
            }
            let next = page.next();
            self.set_next(ALLOCATION, next);
            self.apply(ALLOCATION, write_u32(FREE_AT, state.free.saturating_sub(1)));
            return Ok(id);
        }
        let id = PageId(state.pages);
        let pages = state.pages.checked_add(1).ok_or_else(|| {
            Error::new(
                ErrorKind::Limit,
                "54000",
                "the database has as many pages as its format allows",
            )
        })?;
        self.pool().grow_to_hold(id)?;
        self.create(id)?;
        self.apply(ALLOCATION, write_u32(PAGES_AT, pages));
        Ok(id)
    }

    /// Puts a page on the free list.
    ///
    /// # Errors
    /// `58030` and `XX001` when the allocation page cannot be read; `XX001` when it counts no such page.
    pub fn free(&mut self, id: PageId) -> Result<()> {
        let state = Allocation::of(self.page(ALLOCATION)?);
        if !(ALLOCATION.0 + 1..state.pages).contains(&id.0) {
            return Err(Error::corrupt(format!(
                "page {} is to be freed, and there are {} pages",
                id.0, state.pages
            )));
        }
        self.create(id)?;
        let mut page = Page::new(self.pool().page_bytes(), id, PageKind::Free, 0, 0);
        page.set_next(state.first_free);
        self.replace(&page);
        self.set_next(ALLOCATION, id);
        self.apply(ALLOCATION, write_u32(FREE_AT, state.free + 1));
        Ok(())
    }

    /// Takes the last page of the file off the free list and out of the count. `before` is the page that comes before it
    /// on the list, or [`PageId::NONE`] when it is the first. False, and nothing is changed, when the last page is in
    /// use or `before` is another by now.
    ///
    /// # Errors
    /// `58030` and `XX001` when a page cannot be read.
    pub fn cut_last(&mut self, last: PageId, before: PageId) -> Result<bool> {
        let state = Allocation::of(self.page(ALLOCATION)?);
        if state.pages != last.0 + 1 {
            return Ok(false);
        }
        let page = self.page(last)?;
        if page.kind() != Some(PageKind::Free) {
            return Ok(false);
        }
        let next = page.next();
        let leads_here = if before == PageId::NONE {
            state.first_free == last
        } else {
            let page = self.page(before)?;
            page.kind() == Some(PageKind::Free) && page.next() == last
        };
        if leads_here {
            let link = if before == PageId::NONE {
                ALLOCATION
            } else {
                before
            };
            self.set_next(link, next);
            self.apply(ALLOCATION, write_u32(PAGES_AT, last.0));
            self.apply(ALLOCATION, write_u32(FREE_AT, state.free.saturating_sub(1)));
        }
        Ok(leads_here)
    }

    /// Links `page` to `next`.
    pub fn set_next(&mut self, page: PageId, next: PageId) {
        self.apply(page, write_u32(Page::NEXT_OFFSET, next.0));
    }

    /// Links `page` back to `prev`.
    pub fn set_prev(&mut self, page: PageId, prev: PageId) {
        self.apply(page, write_u32(Page::PREV_OFFSET, prev.0));
    }
}
