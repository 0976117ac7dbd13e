//! Puts lines onto pages. The place of everything is known before anything is drawn.

use std::borrow::Cow;
use std::num::NonZeroU16;

use super::style::{self, Size};
use super::tags::{Element, Kind, Structure};
use crate::content::Look;
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
    /// A line of text that belongs to an element of the structure.
    Text { x: f32, baseline: f32, size: f32, line: Line, element: Element },
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

/// The pages so far, and the position where the next item goes.
///
/// One pass from top to bottom, which decides at each item whether the page has room for it. It never moves what is
/// placed: a layout that improves pages afterwards would need to keep all of the report in memory.
pub(super) struct Flow<'f> {
    rules: &'static Rules,
    pub(super) shaper: Shaper<'f>,
    pub(super) structure: Structure,
    pub(super) bookmarks: Vec<Bookmark>,
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
            pages: Vec::new(),
            page: Page::default(),
            y: style::TOP,
        }
    }

    /// Returns all pages, and what drawing them needs.
    pub(super) fn finish(mut self) -> (Vec<Page>, Shaper<'f>, Structure, Vec<Bookmark>) {
        self.pages.push(self.page);
        (self.pages, self.shaper, self.structure, self.bookmarks)
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

    /// Places a line with its top `down` points below here.
    pub(super) fn line(&mut self, x: f32, down: f32, size: Size, line: Line, element: Element) {
        let x = x + line.offset * size.text;
        let baseline = self.y + down + style::ascent(size);
        self.page.items.push(Item::Text { x, baseline, size: size.text, line, element });
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
            self.line(style::LEFT, 0.0, size, line, element);
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
