//! Puts lines onto pages. The place of everything is known before anything is drawn.

use std::borrow::Cow;
use std::collections::HashMap;
use std::num::NonZeroU16;

use super::style::{self, Size};
use super::tags::{Element, Kind, Structure};
use crate::content::{Anchor, Look, Mark, Share};
use crate::edition::Rules;
use crate::text::{Family, Ink, Line, Shaper, Span, layout};
use crate::words;

/// A laid-out page: its items with their positions.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) items: Vec<Item>,
}

/// An item on a page, with its position in points from the upper left corner.
#[derive(Debug)]
pub(super) enum Item {
    /// A line of text that belongs to an element of the structure, and leads to a place or nowhere.
    Text { x: f32, baseline: f32, size: f32, line: Line, element: Element, target: Option<Anchor> },
    /// A rectangle with a colour, or the ellipse in it.
    Shape { at: [f32; 2], size: [f32; 2], ink: Option<Ink>, round: bool },
    /// A rule across the column.
    Rule { y: f32, weight: f32, ink: Option<Ink> },
}

/// A section in the table of contents that PDF readers show.
#[derive(Debug)]
pub(super) struct Bookmark {
    pub(super) title: String,
    pub(super) page: usize,
    pub(super) y: f32,
}

/// A place that links lead to: its page, counted from 0, and its distance from the top in points.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) page: usize,
    pub(super) y: f32,
}

/// All pages, and what drawing them needs.
pub(super) struct LaidOut<'f> {
    pub(super) pages: Vec<Page>,
    pub(super) shaper: Shaper<'f>,
    pub(super) structure: Structure,
    pub(super) bookmarks: Vec<Bookmark>,
    pub(super) anchors: HashMap<Anchor, Place>,
}

/// The pages so far, and the position where the next item goes.
///
/// One pass from top to bottom, which decides at each item whether the page has room for it. It never moves what is
/// placed: a layout that improves pages afterwards would need to keep all of the report in memory.
pub(super) struct Flow<'f> {
    rules: &'static Rules,
    pub(super) shaper: Shaper<'f>,
    pub(super) structure: Structure,
    pub(super) bookmarks: Vec<Bookmark>,
    anchors: HashMap<Anchor, Place>,
    pages: Vec<Page>,
    page: Page,
    y: f32,
}

impl<'f> Flow<'f> {
    pub(super) fn new(shaper: Shaper<'f>, rules: &'static Rules, tagged: bool) -> Self {
        Self {
            rules,
            shaper,
            structure: Structure::new(tagged),
            bookmarks: Vec::new(),
            anchors: HashMap::new(),
            pages: Vec::new(),
            page: Page::default(),
            y: style::TOP,
        }
    }

    /// Returns all pages, and what drawing them needs.
    pub(super) fn finish(mut self) -> LaidOut<'f> {
        self.pages.push(self.page);
        let Self { pages, shaper, structure, bookmarks, anchors, .. } = self;
        LaidOut { pages, shaper, structure, bookmarks, anchors }
    }

    /// Returns the height that is left on the page, in points.
    pub(super) fn room(&self) -> f32 {
        style::BOTTOM - self.y
    }

    /// Whether the page is still empty.
    pub(super) fn at_top(&self) -> bool {
        self.y <= style::TOP
    }

    pub(super) fn next_page(&mut self) {
        self.pages.push(std::mem::take(&mut self.page));
        self.y = style::TOP;
    }

    /// Leaves space. At the end of a page it is lost.
    pub(super) fn space(&mut self, height: f32) {
        self.y += height;
    }

    /// Places a rule across the column here. Without an ink it has the colour of hairlines.
    pub(super) fn rule(&mut self, weight: f32, ink: Option<Ink>) {
        self.page.items.push(Item::Rule { y: self.y, weight, ink });
    }

    /// Places a line with its top `down` points below here. It leads to `target`.
    pub(super) fn line(
        &mut self,
        (x, down): (f32, f32),
        size: Size,
        line: Line,
        element: Element,
        target: Option<Anchor>,
    ) {
        let x = x + line.offset * size.text;
        let baseline = self.y + down + style::ascent(size);
        self.page.items.push(Item::Text { x, baseline, size: size.text, line, element, target });
    }

    /// Makes this the place that links to `anchor` lead to, unless there is one already.
    pub(super) fn anchor(&mut self, anchor: Anchor) {
        let here = Place { page: self.pages.len(), y: self.y };
        self.anchors.entry(anchor).or_insert(here);
    }

    /// Draws the mark of a row of this height, whose text begins `padding` points below here, and its piece of the line
    /// that joins the marks.
    pub(super) fn mark(&mut self, mark: Mark, padding: f32, height: f32) {
        let (radius, ink) = match mark {
            Mark::Phase => (style::MARK, Ink::Accent),
            Mark::Event => (style::MARK * 0.6, Ink::Muted),
            Mark::Alert => (style::MARK, Ink::Alert),
        };
        let (x, y) = (style::LEFT + style::MARK, self.y + padding + style::TABLE.leading / 2.0);
        let shape = |at, size, ink, round| Item::Shape { at, size, ink, round };
        let width = style::FIRM;
        self.page.items.push(shape([x - width / 2.0, self.y], [width, height], None, false));
        self.page.items.push(shape([x - radius, y - radius], [2.0 * radius; 2], Some(ink), true));
    }

    /// Draws a bar across the column, a part for each count as wide as its share of all, and under it the legend.
    #[expect(clippy::cast_precision_loss, reason = "documents of a room are far fewer than 2^23")]
    pub(super) fn bar(&mut self, all: &str, shares: &[Share]) {
        let sum = shares.iter().map(|share| share.count).sum::<usize>().max(1) as f32;
        let mut x = style::LEFT;
        for share in shares {
            let width = style::WIDTH * share.count as f32 / sum;
            self.rectangle([x, self.y], [width, style::BAR], share.ink);
            x += width;
        }
        self.y += style::BAR + style::BELOW_BAR;
        let element = self.structure.add(Element::ROOT, Kind::Paragraph);
        let mut x = self.words(style::LEFT, &format!("{all}:"), element);
        for share in shares {
            let key = [x, self.y + (style::BODY.leading - style::KEY) / 2.0];
            self.rectangle(key, [style::KEY; 2], share.ink);
            x = self.words(x + style::KEY * 1.5, &format!("{} {}", share.count, share.label), element);
        }
        self.y += style::BODY.leading + 4.0;
    }

    fn rectangle(&mut self, at: [f32; 2], size: [f32; 2], ink: Ink) {
        self.page.items.push(Item::Shape { at, size, ink: Some(ink), round: false });
    }

    /// Places a few words of our own in a line, and returns where the next ones go.
    fn words(&mut self, x: f32, text: &str, element: Element) -> f32 {
        let size = style::BODY;
        let span = Span { text, family: Family::Regular, ink: Ink::Text };
        let line = layout(&mut self.shaper, &[span], style::WIDTH / size.text).swap_remove(0);
        let width = line.width * size.text;
        self.line((x, 0.0), size, line, element, None);
        x + width + style::KEY * 1.5
    }

    /// Returns the text as far as the edition draws it, with a remark on how much more there is.
    pub(super) fn drawn<'t>(&self, text: &'t str) -> Cow<'t, str> {
        // By characters and not by bytes, which could cut one in two.
        let Some((end, _)) = text.char_indices().nth(self.rules.text) else { return Cow::Borrowed(text) };
        let more = words::count(text[end..].chars().count() as u64);
        Cow::Owned(format!("{} … {more} more characters are in the record", text[..end].trim_end()))
    }

    /// Sets text across the column, over as many pages as it takes.
    pub(super) fn text(&mut self, span: Span<'_>, size: Size, element: Element) {
        let text = self.drawn(span.text);
        let lines = layout(&mut self.shaper, &[Span { text: &text, ..span }], style::WIDTH / size.text);
        // A short text stays together; moving a long one would leave a large gap.
        let mut together = if lines.len() <= style::FEW_LINES { lines.len() } else { 1 };
        for line in lines {
            if self.room() < style::lines_of(together, size) && !self.at_top() {
                self.next_page();
            }
            together = 1;
            self.line((style::LEFT, 0.0), size, line, element, None);
            self.y += size.leading;
        }
    }

    /// Sets a paragraph of body text.
    pub(super) fn paragraph(&mut self, text: &str, look: Look) {
        let element = self.structure.add(Element::ROOT, Kind::Paragraph);
        let (family, ink, size) = style::set(look, style::BODY);
        self.text(Span { text, family, ink }, size, element);
        self.y += 4.0;
    }

    /// Continues on the next page, unless this height is left on the page.
    pub(super) fn keep(&mut self, height: f32) {
        if self.room() < height && !self.at_top() {
            self.next_page();
        }
    }

    /// Sets a heading on a page where `following` points fit under it. `title` is its text for bookmarks.
    pub(super) fn heading(&mut self, text: &str, title: &str, following: f32) {
        let above = if self.at_top() { 0.0 } else { 20.0 };
        let span = Span { text, family: Family::Bold, ink: Ink::Accent };
        let drawn = self.drawn(text);
        let measured = Span { text: &drawn, ..span };
        let lines = layout(&mut self.shaper, &[measured], style::WIDTH / style::HEADING.text).len();
        // A heading that is longer than a page must not ask for more room than a page has.
        let lines = lines.min(style::FEW_LINES);
        self.y += above;
        self.keep(style::lines_of(lines, style::HEADING) + 6.0 + following);
        // After `keep`, which may have moved the heading to the next page.
        self.bookmarks.push(Bookmark { title: title.to_owned(), page: self.pages.len(), y: self.y });
        let level = NonZeroU16::MIN.saturating_add(1);
        let element = self.structure.add(Element::ROOT, Kind::Heading(level, title.to_owned()));
        self.text(span, style::HEADING, element);
        self.y += 6.0;
    }
}
