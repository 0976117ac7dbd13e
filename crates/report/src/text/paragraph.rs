//! Breaks text into lines, and puts the runs of each into visual order.

use std::ops::Range;
use std::rc::Rc;

use unicode_bidi::{BidiClass, Level, ParagraphBidiInfo, bidi_class};
use unicode_linebreak::linebreaks;

use super::clean;
use super::fonts::Family;
use super::shape::{Run, Shaper, cluster_len};

/// Characters after which a word that is too long is preferably broken.
const SOFT_BREAKS: &[char] = &['@', '.', '_', '-', '/', ':', '?', '&', '=', ',', ';', '+'];

/// The colour of text. The page decides which one that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    /// Body text and values.
    Text,
    /// Labels, headers and footers.
    Muted,
    /// Headings, of sections and of columns.
    Accent,
    /// What a reader must not miss.
    Alert,
    /// What is in order, in bars and marks.
    Good,
    /// What is under way, in bars.
    Pending,
}

/// A stretch of text in one look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span<'a> {
    /// Text, which may have line ends in it.
    pub(crate) text: &'a str,
    /// Family of faces that is preferred.
    pub(crate) family: Family,
    /// Colour of the text.
    pub(crate) ink: Ink,
}

/// One line: its runs from left to right.
#[derive(Debug, Default)]
pub(crate) struct Line {
    /// Runs with their colours.
    pub(crate) pieces: Vec<(Rc<Run>, Ink)>,
    /// Start of the line in em from the left edge. Negative if white space hangs out there.
    pub(crate) offset: f32,
    /// Width in em, without white space at the end.
    pub(crate) width: f32,
}

/// A run before its place in the line is known.
struct Piece {
    run: Rc<Run>,
    ink: Ink,
    level: Level,
    space: bool,
}

/// Breaks `spans` into lines of at most `width` em. There is always at least one.
pub(crate) fn layout(shaper: &mut Shaper<'_>, spans: &[Span<'_>], width: f32) -> Vec<Line> {
    let mut text = String::new();
    let mut styles = Vec::with_capacity(spans.len());
    for span in spans {
        text.push_str(&clean::lines(span.text, shaper.unseen()));
        styles.push((text.len(), span.family, span.ink));
    }
    let mut lines = Vec::new();
    let mut start = 0;
    // A line end is a hard break, and ends the paragraph for the bidirectional algorithm too (UAX #9, rule P1).
    for paragraph in text.split('\n') {
        let mut breaker = Breaker::new(shaper, paragraph, start, &styles, width);
        breaker.run();
        lines.append(&mut breaker.lines);
        start += paragraph.len() + 1;
    }
    lines
}

/// The embedding levels of a paragraph (UAX #9, 3.3).
struct Levels {
    paragraph: Level,
    bytes: Vec<Level>,
}

/// Breaks one paragraph into lines.
///
/// Words are placed greedily, each on the line if it fits and on the next one otherwise. Reordering comes after
/// breaking and by line, as UAX #9 demands (3.4).
struct Breaker<'a, 'f> {
    shaper: &'a mut Shaper<'f>,
    text: &'a str,
    start: usize,
    styles: &'a [(usize, Family, Ink)],
    max: f32,
    bidi: Option<Levels>,
    lines: Vec<Line>,
    line: Vec<Piece>,
    used: f32,
}

impl<'a, 'f> Breaker<'a, 'f> {
    fn new(
        shaper: &'a mut Shaper<'f>,
        text: &'a str,
        start: usize,
        styles: &'a [(usize, Family, Ink)],
        max: f32,
    ) -> Self {
        Self { shaper, text, start, styles, max, bidi: None, lines: Vec::new(), line: Vec::new(), used: 0.0 }
    }

    fn run(&mut self) {
        let neutral = clean::neutral(self.text);
        // Most paragraphs have no such character, and are spared the algorithm.
        if neutral.chars().any(is_right_to_left) {
            let base = self.shaper.base();
            let info = ParagraphBidiInfo::new(&neutral, base.of(&neutral));
            self.bidi = Some(Levels { paragraph: info.paragraph_level, bytes: info.levels });
        }
        let mut from = 0;
        let text = self.text;
        // The opportunities of UAX #14, but for those within a UUID.
        for (to, _) in linebreaks(text).filter(|(to, _)| !cuts_an_id(text, *to)) {
            self.segment(from..to);
            from = to;
        }
        if !self.line.is_empty() || self.lines.is_empty() {
            self.finish_line();
        }
    }

    /// Places a word and the white space behind it.
    fn segment(&mut self, range: Range<usize>) {
        let word = range.start..range.start + self.text[range.clone()].trim_end().len();
        let space = word.end..range.end;
        let pieces = self.pieces(word.clone(), false);
        let width: f32 = pieces.iter().map(|piece| piece.run.width).sum();
        if self.used + width <= self.max {
            self.used += width;
            self.line.extend(pieces);
        } else if width <= self.max {
            self.finish_line();
            self.used = width;
            self.line = pieces;
        } else {
            self.broken_word(word);
        }
        for piece in self.pieces(space, true) {
            self.used += piece.run.width;
            self.line.push(piece);
        }
    }

    /// Places a word that is wider than a line, in as many parts as it takes.
    fn broken_word(&mut self, word: Range<usize>) {
        // A long word begins on the same line if a good part of it fits there, and on a line of its own otherwise.
        if !self.line.is_empty() && self.used > self.max * 0.6 {
            self.finish_line();
        }
        let mut rest = word;
        while !rest.is_empty() {
            let part = self.fitting_part(rest.clone());
            let pieces = self.pieces(part.clone(), false);
            self.used += pieces.iter().map(|piece| piece.run.width).sum::<f32>();
            self.line.extend(pieces);
            rest.start = part.end;
            if !rest.is_empty() {
                self.finish_line();
            }
        }
    }

    /// Returns the longest start of `word` that fits what is left of the line, and at least one cluster.
    fn fitting_part(&mut self, word: Range<usize>) -> Range<usize> {
        let mut width = self.used;
        let mut end = word.start;
        let mut soft_end = None;
        while end < word.end {
            let cluster = end..end + cluster_len(&self.text[end..word.end]);
            let pieces = self.pieces(cluster.clone(), false);
            width += pieces.iter().map(|piece| piece.run.width).sum::<f32>();
            if width > self.max && end > word.start {
                return word.start..soft_end.unwrap_or(end);
            }
            end = cluster.end;
            // A break after a separator is taken only in the second half, or the parts would get very short.
            if width > self.max * 0.5 && self.text[cluster].ends_with(SOFT_BREAKS) {
                soft_end = Some(end);
            }
        }
        word
    }

    /// Shapes a range that is all word or all white space, cut where level or style change.
    fn pieces(&mut self, range: Range<usize>, space: bool) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut from = range.start;
        while from < range.end {
            let level = self.level(from);
            let style = self.styles.partition_point(|(end, ..)| *end <= self.start + from);
            let Some((style_end, family, ink)) = self.styles.get(style).copied() else { break };
            let mut to = range.end.min(style_end.saturating_sub(self.start));
            if self.bidi.is_some() {
                let same = |(index, _): &(usize, char)| self.level(from + index) != level;
                to = self.text[from..to].char_indices().find(same).map_or(to, |(i, _)| from + i);
            }
            let runs = self.shaper.word(family, level.is_rtl(), &self.text[from..to]);
            pieces.extend(runs.iter().map(|run| Piece { run: run.clone(), ink, level, space }));
            from = to;
        }
        pieces
    }

    fn level(&self, index: usize) -> Level {
        self.bidi.as_ref().map_or(Level::ltr(), |bidi| bidi.bytes[index])
    }

    /// Puts the runs of the line into visual order (UAX #9, rules L1 and L2) and starts the next line.
    fn finish_line(&mut self) {
        let mut pieces = std::mem::take(&mut self.line);
        self.used = 0.0;
        // White space at the end of a line takes no room (UAX #14, rule LB7 keeps it there).
        let hanging = pieces.iter().rev().take_while(|piece| piece.space).count();
        let words = pieces.len() - hanging;
        let hang: f32 = pieces[words..].iter().map(|piece| piece.run.width).sum();
        let total: f32 = pieces.iter().map(|piece| piece.run.width).sum();
        let mut line = Line { offset: 0.0, width: total - hang, pieces: Vec::new() };
        if let Some(bidi) = &self.bidi {
            // Rule L1: white space at the end of a line has the level of the paragraph.
            for piece in &mut pieces[words..] {
                piece.level = bidi.paragraph;
            }
            // In a paragraph from right to left, the white space at the end hangs out on the left.
            if bidi.paragraph.is_rtl() {
                line.offset = -hang;
            }
            let levels: Vec<Level> = pieces.iter().map(|piece| piece.level).collect();
            let order = ParagraphBidiInfo::reorder_visual(&levels);
            let piece = |index: usize| (pieces[index].run.clone(), pieces[index].ink);
            line.pieces = order.into_iter().map(piece).collect();
        } else {
            line.pieces = pieces.into_iter().map(|piece| (piece.run, piece.ink)).collect();
        }
        self.lines.push(line);
    }
}

/// Whether a break here would cut a UUID, which is read and copied as a whole.
fn cuts_an_id(text: &str, at: usize) -> bool {
    let (before, after) = text.split_at(at);
    if !before.ends_with('-') || after.is_empty() {
        return false;
    }
    let start = before.rfind(char::is_whitespace).map_or(0, |space| space + 1);
    let Some(word) = text.get(start..).and_then(|rest| rest.split_whitespace().next()) else { return false };
    let hyphens = |(index, byte): (usize, u8)| (byte == b'-') == matches!(index, 8 | 13 | 18 | 23);
    word.len() == 36 && word.bytes().enumerate().all(hyphens)
}

/// What decides the direction of a paragraph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Base {
    /// Its first strong character (UAX #9, rules P2 and P3).
    FirstCharacter,
    /// The direction that most of its letters have (UAX #9, rule HL1): a sentence of ours may begin with a name from right
    /// to left.
    MostLetters,
}

impl Base {
    /// Returns the level of a paragraph. `None` if its first strong character decides.
    fn of(self, text: &str) -> Option<Level> {
        use BidiClass::{AL, L, R};
        if self == Self::FirstCharacter {
            return None;
        }
        let of_class = |wanted: &[BidiClass]| text.chars().filter(|c| wanted.contains(&bidi_class(*c))).count();
        Some(if of_class(&[R, AL]) > of_class(&[L]) { Level::rtl() } else { Level::ltr() })
    }
}

/// Whether a character makes the bidirectional algorithm necessary.
fn is_right_to_left(c: char) -> bool {
    use BidiClass::{AL, AN, R, RLE, RLI, RLO};
    // No character below Hebrew is from right to left; the comparison spares a search in tables.
    c >= '\u{590}' && matches!(bidi_class(c), R | AL | AN | RLE | RLI | RLO)
}
