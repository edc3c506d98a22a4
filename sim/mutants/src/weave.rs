//! Weaves all mutants of a file into its text, and tells afterwards whose text is where.

use crate::place::{Place, Shape};
use std::collections::BTreeSet;
use std::ops::Range;

/// Text in pieces, each with the mutant whose text it is.
type Pieces = Vec<(Option<u32>, String)>;

/// Text that goes to a place of the source, or takes the place of some of it.
struct Edit {
    at: Range<usize>,
    order: Order,
    text: Pieces,
}

/// What comes first of what goes to the same byte: the ends of what is inside, then those around it, then a replacement,
/// then beginnings, the outer ones first. Places are numbered from the outside in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    End(std::cmp::Reverse<usize>),
    Instead,
    Begin(usize),
}

/// A file with its mutants.
pub(crate) struct Woven {
    pub(crate) text: String,
    /// Where the text of a place is, from its beginning to its end, and the mutants that it is for.
    regions: Vec<(Range<usize>, Vec<u32>)>,
}

impl Woven {
    /// The mutants to whose text this belongs: those of the smallest region around it.
    pub(crate) fn mutants_at(&self, span: &Range<usize>) -> &[u32] {
        let around = self.regions.iter();
        let around = around.filter(|(r, _)| r.start <= span.start && span.end <= r.end);
        around
            .min_by_key(|(region, _)| region.len())
            .map_or(&[], |(_, mutants)| mutants)
    }
}

fn plain(text: &str) -> Pieces {
    vec![(None, text.to_owned())]
}

fn on(number: u32) -> String {
    format!("crate::mutant::on({number})")
}

/// A place with those of its mutants that are woven, at least one.
struct Weaver<'a> {
    place: &'a Place,
    index: usize,
    live: Vec<(u32, &'a str)>,
    source: &'a str,
}

impl Weaver<'_> {
    fn begin(&self, at: usize, text: Pieces) -> Edit {
        Edit {
            at: at..at,
            order: Order::Begin(self.index),
            text,
        }
    }

    fn end(&self, text: Pieces) -> Edit {
        Edit {
            at: self.place.span.end..self.place.span.end,
            order: Order::End(std::cmp::Reverse(self.index)),
            text,
        }
    }

    /// What `text` says for each mutant.
    fn each(&self, text: impl Fn(u32, &str) -> String) -> Pieces {
        let pieces = self.live.iter();
        let pieces = pieces.map(|&(number, code)| (Some(number), text(number, code)));
        pieces.collect()
    }

    /// Texts before, between and behind the two operands.
    fn around(
        &self,
        operator: &Range<usize>,
        [front, middle]: [&str; 2],
        last: Pieces,
    ) -> Vec<Edit> {
        let instead = Edit {
            at: operator.clone(),
            order: Order::Instead,
            text: plain(middle),
        };
        let front = self.begin(self.place.span.start, plain(front));
        vec![front, instead, self.end(last)]
    }

    fn edits(&self) -> Vec<Edit> {
        let start = self.place.span.start;
        let first = on(self.live[0].0);
        match &self.place.shape {
            Shape::Body => {
                let returns = self.each(|n, code| format!(" if {} {{ return {code}; }}", on(n)));
                vec![self.begin(start + 1, returns)]
            }
            Shape::Comparison { operator } => self.comparison(operator),
            Shape::Arithmetic { operator } => self.arithmetic(operator),
            Shape::Whole => {
                let mut front = plain("{ ");
                front.extend(self.each(|n, code| format!("if {} {{ {code} }} else ", on(n))));
                front.extend(plain("{ "));
                vec![self.begin(start, front), self.end(plain(" } }"))]
            }
            Shape::Logic { operator } => {
                let is_and = &self.source[operator.clone()] == "&&";
                let asks = if is_and { "!=" } else { "==" };
                let middle = format!(") {{ mutant_l => if mutant_l {asks} {first} {{ ");
                let last = plain(" } else { mutant_l } })");
                self.around(operator, ["(match (", &middle], last)
            }
            Shape::Negation { operator } => {
                let is = &self.source[operator.clone()];
                let front = Edit {
                    at: operator.clone(),
                    ..self.begin(start, plain("(match ("))
                };
                let last = format!(
                    ") {{ mutant_v => if {first} {{ mutant_v }} else {{ {is}mutant_v }} }})"
                );
                vec![front, self.end(plain(&last))]
            }
            Shape::Arm => vec![self.end(plain(&format!(" if !{first}")))],
            Shape::Guard => {
                let when = |of: &'static str, text: &'static str| {
                    self.each(move |n, code| match code == of {
                        true => format!("{text}{}", on(n)),
                        false => String::new(),
                    })
                };
                let mut last = plain(")");
                last.extend(when("true", " || "));
                last.extend(plain(")"));
                last.extend(when("false", " && !"));
                vec![self.begin(start, plain("((")), self.end(last)]
            }
            Shape::Statement => vec![
                self.begin(start, plain(&format!("if !{first} {{ "))),
                self.end(plain(" }")),
            ],
        }
    }

    fn comparison(&self, operator: &Range<usize>) -> Vec<Edit> {
        let is = &self.source[operator.clone()];
        let mut last = plain(&format!(
            ")) {{ (mutant_l, mutant_r) => crate::mutant::one_of(*mutant_l {is} *mutant_r, &["
        ));
        last.extend(self.each(|n, op| format!("({n}, *mutant_l {op} *mutant_r), ")));
        last.extend(plain("]) })"));
        self.around(operator, ["(match (&(", "), &("], last)
    }

    fn arithmetic(&self, operator: &Range<usize>) -> Vec<Edit> {
        let is = &self.source[operator.clone()];
        let mut last = plain(")) { (mutant_l, mutant_r) => match () { ");
        last.extend(self.each(|n, op| format!("_ if {} => mutant_l {op} mutant_r, ", on(n))));
        last.extend(plain(&format!("() => mutant_l {is} mutant_r }} }})")));
        self.around(operator, ["(match ((", "), ("], last)
    }
}

/// The text of a file with the mutants of its places but those `left_out`. Every line stays where it is.
pub(crate) fn weave(source: &str, places: &[Place], left_out: &BTreeSet<u32>) -> Woven {
    let mut all = Vec::new();
    for (index, place) in places.iter().enumerate() {
        let live = place.mutants.iter();
        let live = live.filter(|mutant| !left_out.contains(&mutant.number));
        let live: Vec<_> = live.map(|m| (m.number, m.code.as_str())).collect();
        if !live.is_empty() {
            let weaver = Weaver {
                place,
                index,
                live,
                source,
            };
            all.extend(weaver.edits().into_iter().map(|edit| (index, edit)));
        }
    }
    all.sort_by_key(|(_, edit)| (edit.at.start, edit.order));
    let mut text = String::with_capacity(source.len() * 4);
    let mut regions = Vec::new();
    let mut of_places: Vec<Option<Range<usize>>> = vec![None; places.len()];
    let mut at = 0;
    for (index, edit) in all {
        text.push_str(&source[at..edit.at.start]);
        at = edit.at.end;
        let start = of_places[index]
            .as_ref()
            .map_or(text.len(), |whole| whole.start);
        for (mutant, piece) in edit.text {
            let from = text.len();
            text.push_str(&piece);
            if let Some(mutant) = mutant {
                regions.push((from..text.len(), vec![mutant]));
            }
        }
        of_places[index] = Some(start..text.len());
    }
    text.push_str(&source[at..]);
    for (place, region) in places.iter().zip(of_places) {
        if let Some(region) = region {
            let numbers = place.mutants.iter().map(|mutant| mutant.number);
            regions.push((region, numbers.collect()));
        }
    }
    Woven { text, regions }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::find::places;
    use crate::workshop::sources;
    use std::path::Path;

    /// The first line of a function's body, woven.
    fn woven(line: &str) -> String {
        let source = format!("fn f(a: u8) -> Vec<u8> {{\n{line}\n}}");
        let places = places(&source, 1).unwrap();
        let body = BTreeSet::from([1]);
        let woven = weave(&source, &places, &body).text;
        woven.lines().nth(1).unwrap().to_owned()
    }

    #[test]
    fn mutants_are_woven_around_what_is_there() {
        assert_eq!(
            woven("if a<b{}"),
            "if (match (&(a), &(b)) { (mutant_l, mutant_r) => crate::mutant::one_of(*mutant_l < *mutant_r, \
             &[(2, *mutant_l <= *mutant_r), (3, *mutant_l == *mutant_r), (4, *mutant_l > *mutant_r), ]) }){}"
        );
        assert_eq!(
            woven("a || !b"),
            "(match (a ) { mutant_l => if mutant_l == crate::mutant::on(2) {  (match (b) { mutant_v => if \
             crate::mutant::on(3) { mutant_v } else { !mutant_v } }) } else { mutant_l } })"
        );
        assert_eq!(
            woven("self.a += b?;"),
            "{ if crate::mutant::on(2) { self.a -= b? } else if crate::mutant::on(3) { self.a *= b? } else \
             { self.a += b? } };"
        );
        assert_eq!(
            woven("self.f(a)?;"),
            "if !crate::mutant::on(2) { self.f(a)?; }"
        );
        assert_eq!(woven("a = b;"), "if !crate::mutant::on(2) { a = b; }");
        assert_eq!(
            woven("match a { 1 if b => c, 2 | 3 => d, _ => e }"),
            "match a { 1 if ((b) || crate::mutant::on(2)) && !crate::mutant::on(3) => c, 2 | 3 if \
             !crate::mutant::on(4) => d, _ => e }"
        );
    }

    #[test]
    fn what_is_no_expression_stays() {
        for line in [
            "const A: usize = 1 + 2;",
            "let a = [0; 1 + 2];",
            "assert!(a < b);",
            "if let Some(a) = b && let Some(c) = a {}",
            "if makes(Mistake::A) { b = c; }",
            "let a = b && !makes(Mistake::A);",
            "let a = u8::from(b > c && makes(Mistake::A));",
        ] {
            assert_eq!(woven(line), line);
        }
        let constant = "const fn f() -> u8 { 1 + 2 }";
        assert!(places(constant, 1).unwrap().is_empty());
        let test = "#[cfg(test)] mod tests { fn f() -> u8 { 1 + 2 } }";
        assert!(places(test, 1).unwrap().is_empty());
    }

    #[test]
    fn an_error_belongs_to_the_smallest_text_around_it() {
        let source = "fn f() { g(a < b); }";
        let woven = weave(source, &places(source, 1).unwrap(), &BTreeSet::new());
        let at = |text: &str| {
            let start = woven.text.find(text).unwrap();
            woven.mutants_at(&(start..start + text.len())).to_vec()
        };
        assert_eq!(at("return "), [1]);
        assert_eq!(at("*mutant_l == *mutant_r"), [4]);
        assert_eq!(at("), &("), [3, 4, 5]);
        assert_eq!(at("g("), [2]);
        assert!(at("fn f").is_empty());
    }

    #[test]
    fn the_core_is_woven_line_by_line() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let root = root.canonicalize().unwrap();
        let sources = sources(&root, &["wal", "btree"].map(str::to_owned)).unwrap();
        let mut count = 0;
        for source in sources {
            let woven = weave(&source.text, &source.places, &BTreeSet::new());
            assert_eq!(woven.text.lines().count(), source.text.lines().count());
            syn::parse_file(&woven.text).unwrap_or_else(|e| panic!("{}: {e}", source.path));
            count += source.places.len();
        }
        assert!(count > 500, "{count} places");
    }
}
