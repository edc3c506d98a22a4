//! A run as a page that needs nothing but itself.

use super::cause::Cause;
use super::event::{Fate, Outcome, SectorFate, Trace};
use super::lines::{ending, nothing_lost};
use super::rows::{Mark, Row, files, lanes, rows};
use crate::disk::{Call, CrashKind};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Marks of one file in one row that are drawn; the rest is counted.
const MARKS_MAX: usize = 60;
/// Sectors of one file that are drawn at a restart.
const SECTORS_MAX: usize = 400;

const STYLE: &str = include_str!("page.css");

/// A text within HTML, in attributes too.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The page under way.
struct Page<'a> {
    trace: &'a Trace,
    lanes: usize,
    files: Vec<&'a str>,
    cause: Option<Cause>,
    html: String,
}

/// The class and the sign of a mark.
fn look(mark: &Mark<'_>) -> (&'static str, &'static str) {
    match (mark.1.outcome, mark.1.call) {
        (Outcome::Crashed, _) => ("crash", "✕"),
        (Outcome::Failed(_), _) => ("fault", "!"),
        (Outcome::Done, Call::Read) => ("read", "r"),
        (Outcome::Done, Call::Write) => ("write", "w"),
        (Outcome::Done, Call::Sync | Call::SyncDir) => ("sync", "s"),
        (Outcome::Done, Call::SetLen) => ("write", "l"),
        (Outcome::Done, Call::Rename | Call::Remove) => ("write", "n"),
        (Outcome::Done, _) => ("other", "·"),
    }
}

impl Page<'_> {
    // Writing to a string cannot fail.
    fn put(&mut self, arguments: std::fmt::Arguments<'_>) {
        let _ = self.html.write_fmt(arguments);
    }

    fn head(&mut self) {
        let title = escape(&self.trace.title);
        self.put(format_args!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <title>{title}</title><style>\n{STYLE}</style></head><body>\n<header><h1>{title}</h1>\n"
        ));
        let Some(violation) = &self.trace.violation else {
            self.put(format_args!(
                "<p class=\"clean\">Nothing wrong was found.</p></header>\n"
            ));
            return;
        };
        let mismatch = &violation.mismatch;
        self.put(format_args!(
            "<dl class=\"violation\"><dt>found during</dt><dd>{}</dd><dt>doing</dt><dd><pre>{}</pre></dd>\
             <dt>expected</dt><dd><pre>{}</pre></dd><dt>found</dt><dd><pre>{}</pre></dd>",
            violation.phase,
            escape(&mismatch.doing),
            escape(&mismatch.expected),
            escape(&mismatch.found)
        ));
        if let Some(cause) = self.cause.as_ref().map(|cause| escape(&cause.to_string())) {
            self.put(format_args!("<dt>lost by</dt><dd><pre>{cause}</pre></dd>"));
        }
        self.put(format_args!("</dl></header>\n"));
    }

    fn legend(&mut self) {
        let calls = [
            ("read", "r", "read"),
            ("write", "w", "write"),
            ("write", "l", "length"),
            ("write", "n", "name"),
            ("sync", "s", "sync"),
            ("fault", "!", "fails"),
            ("crash", "✕", "machine off"),
            ("write lost", "w", "lost later"),
            ("write guilty", "w", "carried what is missing"),
        ];
        let sectors = [
            ("kept", "sector kept"),
            ("lost", "lost"),
            ("garbage", "garbage"),
            ("lost guilty", "lost, carried what is missing"),
        ];
        self.put(format_args!("<p class=\"legend\">"));
        for (class, sign, name) in calls {
            self.put(format_args!(
                "<span><i class=\"{class}\">{sign}</i> {name}</span> "
            ));
        }
        for (class, name) in sectors {
            self.put(format_args!(
                "<span><b class=\"{class}\"></b> {name}</span> "
            ));
        }
        self.put(format_args!("</p>\n"));
    }

    fn columns(&mut self) {
        let (lanes, files) = (self.lanes, self.files.len());
        self.put(format_args!(
            "<main style=\"--lanes:{lanes};--files:{files}\"><div class=\"row names\">"
        ));
        for lane in 0..lanes {
            self.put(format_args!("<div class=\"lane\">session {lane}</div>"));
        }
        for file in self.files.clone() {
            self.put(format_args!("<div class=\"file\">{}</div>", escape(file)));
        }
        self.put(format_args!("</div>\n"));
    }

    fn marks(&mut self, marks: &[Mark<'_>]) {
        for mark in marks.iter().take(MARKS_MAX) {
            let (class, sign) = look(mark);
            let (at, call) = mark;
            let has = |of: fn(&Cause) -> &Vec<usize>| {
                let cause = self.cause.as_ref();
                cause.is_some_and(|cause| of(cause).contains(at))
            };
            let more = match (has(|c| &c.carried), has(|c| &c.lost)) {
                (true, _) => " guilty",
                (false, true) => " lost",
                _ => "",
            };
            let told = escape(&format!("#{at} {call}"));
            self.put(format_args!(
                "<i class=\"{class}{more}\" title=\"{told}\">{sign}</i>"
            ));
        }
        if let Some(more) = marks.len().checked_sub(MARKS_MAX).filter(|&more| more > 0) {
            self.put(format_args!("<small>+{more}</small>"));
        }
    }

    fn work(&mut self, lane: Option<usize>, text: &str, marks: &[Mark<'_>]) {
        let (first, last) = match lane {
            Some(lane) => (lane + 1, lane + 2),
            None => (1, self.lanes + 1),
        };
        let who = lane.map_or(String::new(), |lane| format!("<em>s{lane}</em> "));
        let class = lane.map_or("done apart", |_| "done");
        let text = escape(text);
        self.put(format_args!(
            "<div class=\"row\"><div class=\"{class}\" style=\"grid-column:{first}/{last}\" title=\"{text}\">\
             {who}<span>{text}</span></div>"
        ));
        for (number, file) in self.files.clone().into_iter().enumerate() {
            let of_file: Vec<Mark<'_>> =
                marks.iter().filter(|m| m.1.file == file).copied().collect();
            if of_file.is_empty() {
                continue;
            }
            let (column, name) = (self.lanes + number + 1, escape(file));
            self.put(format_args!(
                "<div class=\"io\" style=\"grid-column:{column}\"><small>{name}</small>"
            ));
            self.marks(&of_file);
            self.put(format_args!("</div>"));
        }
        self.put(format_args!("</div>\n"));
    }

    fn restart(&mut self, kind: CrashKind, sectors: &[SectorFate]) {
        let ending = ending(kind);
        self.put(format_args!(
            "<div class=\"restart\"><strong>{ending}</strong>"
        ));
        if sectors.is_empty() {
            self.put(format_args!(" {}", nothing_lost(kind)));
        }
        let mut by_file: BTreeMap<&str, Vec<&SectorFate>> = BTreeMap::new();
        for sector in sectors {
            by_file.entry(&sector.file).or_default().push(sector);
        }
        let guilty = self.guilty_writes();
        for (file, sectors) in by_file {
            let count = sectors.len();
            self.put(format_args!(
                "<div class=\"sectors\"><small>{count} unsynced sectors of {}</small> ",
                escape(file)
            ));
            for sector in sectors.into_iter().take(SECTORS_MAX) {
                let SectorFate {
                    sector: number,
                    write,
                    fate,
                    ..
                } = sector;
                let more = match *fate != Fate::Kept && guilty.contains(write) {
                    true => " guilty",
                    false => "",
                };
                self.put(format_args!(
                    "<b class=\"{fate}{more}\" title=\"sector {number}, write {write}: {fate}\"></b>"
                ));
            }
            self.put(format_args!("</div>"));
        }
        self.put(format_args!("</div>\n"));
    }

    /// The numbers of the writes that carried what is missing.
    fn guilty_writes(&self) -> Vec<u64> {
        let carried = self.cause.iter().flat_map(|cause| &cause.carried);
        let numbers = carried.filter_map(|&at| match self.trace.events.get(at) {
            Some(super::event::Event::Calls(call)) => Some(call.written.as_ref()?.0),
            _ => None,
        });
        numbers.collect()
    }
}

impl Trace {
    /// The run as one page of HTML that loads nothing.
    pub fn to_html(&self) -> String {
        let mut page = Page {
            trace: self,
            lanes: lanes(self),
            files: files(self),
            cause: Cause::of(self),
            html: String::new(),
        };
        page.head();
        page.legend();
        page.columns();
        for row in rows(self) {
            match row {
                Row::Heading(moment) => {
                    page.put(format_args!("<h2>{}</h2>\n", escape(&moment)));
                }
                Row::Work { lane, text, marks } => page.work(lane, text, &marks),
                Row::Restart { kind, sectors } => page.restart(kind, sectors),
            }
        }
        if let Some(violation) = &self.violation {
            let (doing, found) = (&violation.mismatch.doing, &violation.mismatch.found);
            page.put(format_args!(
                "<div class=\"restart end\"><strong>violation</strong> {}: found {}</div>\n",
                escape(doing),
                escape(found)
            ));
        }
        page.put(format_args!("</main></body></html>\n"));
        page.html
    }
}
