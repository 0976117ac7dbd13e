//! Shapes words into glyphs, with a face for every character and a bounded cache.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use harfrust::{BufferFlags, Direction, Script, ShapeOptions, ShapePlan, UnicodeBuffer, script};
use krilla::text::{GlyphId, KrillaGlyph};

use super::clean::{self, Unseen};
use super::fonts::{Family, Fonts};
use super::paragraph::Base;

/// The size of a code point that stands for a character, relative to the text around it.
const BOX_SCALE: f32 = 0.72;

/// The space around a boxed code point, in em of the text around it.
pub(crate) const BOX_PADDING: f32 = 0.22;

/// The largest number of shaped words in the cache. When it is full, the cache starts anew.
const CACHED_WORDS: usize = 32_768;
/// The largest size of the words in the cache, in bytes. As shaped words they take some hundred times as much.
const CACHED_BYTES: usize = 256 * 1024;

/// The largest number of boxed code points that are kept. A report that needs more draws the others one by one.
const CACHED_BOXES: usize = 16_384;

/// The largest number of characters that are kept with the face that has them.
const CACHED_CHARS: usize = 131_072;

/// The longest word that is kept, in bytes. A longer one hardly occurs again as a whole.
const LONGEST_CACHED: usize = 256;

/// Glyphs of one face in one direction, from left to right.
#[derive(Debug)]
pub(crate) struct Run {
    /// Index of the face in the font set.
    pub(crate) face: usize,
    /// Whether the text is written from right to left.
    pub(crate) rtl: bool,
    /// Whether this is a code point in place of a character, to be drawn in a box.
    pub(crate) boxed: bool,
    /// Text of the glyphs, in logical order.
    pub(crate) text: String,
    /// Glyphs, measured in em.
    pub(crate) glyphs: Vec<KrillaGlyph>,
    /// Size of the glyphs, relative to the text around them.
    pub(crate) scale: f32,
    /// Width of the whole, in em of the text around it.
    pub(crate) width: f32,
}

/// The runs of a word, in logical order.
pub(super) type Runs = Rc<[Rc<Run>]>;

/// Shapes the words of one render.
///
/// A report repeats its words: names, roles, states. So shaped words are kept, in one map for each family and
/// direction. The cache is bounded in words and in bytes, since a party may write any text.
pub(crate) struct Shaper<'f> {
    fonts: &'f Fonts,
    unseen: Unseen,
    base: Base,
    words: [HashMap<Box<str>, Runs>; 6],
    cached: usize,
    boxes: HashMap<(u8, char), Rc<Run>>,
    coverage: HashMap<(u8, char), Option<usize>>,
    plans: Vec<Plan>,
    buffer: Option<UnicodeBuffer>,
    uncovered: BTreeSet<char>,
}

/// A shaping plan, and what it is for.
struct Plan {
    face: usize,
    rtl: bool,
    script: Script,
    steps: ShapePlan,
}

impl<'f> Shaper<'f> {
    /// Returns a shaper with an empty cache.
    pub(crate) fn new(fonts: &'f Fonts, unseen: Unseen, base: Base) -> Self {
        Self {
            fonts,
            unseen,
            base,
            words: Default::default(),
            cached: 0,
            boxes: HashMap::new(),
            coverage: HashMap::new(),
            plans: Vec::new(),
            buffer: None,
            uncovered: BTreeSet::new(),
        }
    }

    /// Returns the characters that had to be printed as their code points so far.
    pub(crate) fn uncovered(&self) -> &BTreeSet<char> {
        &self.uncovered
    }

    /// Returns what is done with characters that show nothing.
    pub(crate) fn unseen(&self) -> Unseen {
        self.unseen
    }

    /// Returns what decides the direction of a paragraph.
    pub(super) fn base(&self) -> Base {
        self.base
    }

    /// Returns the runs of a word, all of one direction.
    pub(super) fn word(&mut self, family: Family, rtl: bool, text: &str) -> Runs {
        let slot = family as usize * 2 + usize::from(rtl);
        if let Some(runs) = self.words[slot].get(text) {
            return runs.clone();
        }
        let runs: Runs = self.shape_word(family, rtl, text).into();
        if text.len() <= LONGEST_CACHED {
            self.cached += text.len();
            if self.words[slot].len() >= CACHED_WORDS || self.cached > CACHED_BYTES {
                // All at once: the words that are in use come back soon, and no order of use has to be kept.
                self.words = Default::default();
                self.cached = text.len();
            }
            self.words[slot].insert(text.into(), runs.clone());
        }
        runs
    }

    /// Cuts a word where the face changes, and shapes the pieces.
    fn shape_word(&mut self, family: Family, rtl: bool, text: &str) -> Vec<Rc<Run>> {
        let mut runs = Vec::new();
        let mut pending = String::new();
        let mut pending_face = None;
        let mut chars: Vec<char> = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let cluster = &rest[..cluster_len(rest)];
            rest = &rest[cluster.len()..];
            chars.clear();
            let prints = self.unseen == Unseen::Printed;
            let is_left_out = if prints { clean::shows_nothing } else { clean::is_invisible };
            chars.extend(cluster.chars().filter(|c| !is_left_out(*c)));
            // A base and its marks are one cluster, and take one face: a mark of another font would sit beside the
            // letter.
            let whole = self.covering(family, &chars);
            let mut before = None;
            for (index, c) in cluster.char_indices() {
                let last = before.replace(c);
                if prints && clean::shows_nothing(c) {
                    let after = cluster[index + c.len_utf8()..].chars().next();
                    if whole.is_none() || !clean::steers(last, c, after) {
                        self.flush(&mut pending, pending_face, family, rtl, &mut runs);
                        runs.push(self.code_point(family, c));
                        continue;
                    }
                } else if clean::is_invisible(c) && !clean::is_joiner(c) {
                    continue;
                }
                let joiner = clean::is_joiner(c);
                let face = whole.or_else(|| if joiner { None } else { self.covering(family, &[c]) });
                let (face, c) = match face {
                    Some(face) => (face, c),
                    // Without a face there is nothing to join.
                    None if joiner => continue,
                    // White space of any width that no font has becomes a blank.
                    None if c.is_whitespace() && !c.is_control() => (0, ' '),
                    None => {
                        self.flush(&mut pending, pending_face, family, rtl, &mut runs);
                        runs.push(self.code_point(family, c));
                        continue;
                    }
                };
                if pending_face != Some(face) {
                    self.flush(&mut pending, pending_face, family, rtl, &mut runs);
                    pending_face = Some(face);
                }
                pending.push(c);
            }
        }
        self.flush(&mut pending, pending_face, family, rtl, &mut runs);
        runs
    }

    /// Shapes what is pending, and empties it.
    fn flush(&mut self, pending: &mut String, face: Option<usize>, family: Family, rtl: bool, runs: &mut Vec<Rc<Run>>) {
        let Some(face) = face.filter(|_| !pending.is_empty()) else { return };
        let text = std::mem::take(pending);
        match self.shape(face, rtl, &text) {
            Some(run) => runs.push(Rc::new(run)),
            None => runs.extend(text.chars().map(|c| self.code_point(family, c))),
        }
    }

    /// Returns a character as its code point, in a box.
    fn code_point(&mut self, family: Family, c: char) -> Rc<Run> {
        if let Some(run) = self.boxes.get(&(family as u8, c)) {
            return run.clone();
        }
        self.uncovered.insert(c);
        let text = format!("U+{:04X}", u32::from(c));
        let face = self.covering(family, &['U']).unwrap_or(0);
        let mut run = self.shape(face, false, &text).unwrap_or_else(|| Run::empty(face));
        run.boxed = true;
        run.scale = BOX_SCALE;
        run.width = run.width * BOX_SCALE + 2.0 * BOX_PADDING;
        let run = Rc::new(run);
        if self.boxes.len() < CACHED_BOXES {
            self.boxes.insert((family as u8, c), run.clone());
        }
        run
    }

    /// Returns the first face that has all of these characters. `None` if there is none, or if one of them must not be
    /// printed.
    fn covering(&mut self, family: Family, chars: &[char]) -> Option<usize> {
        if chars.iter().any(|c| clean::is_unprintable(*c)) {
            return None;
        }
        match chars {
            [] => None,
            [c] => {
                let fonts = self.fonts;
                let key = (family as u8, *c);
                if self.coverage.len() > CACHED_CHARS {
                    self.coverage.clear();
                }
                *self.coverage.entry(key).or_insert_with(|| fonts.covering(family, chars))
            }
            _ => self.fonts.covering(family, chars),
        }
    }

    /// Shapes text with one face. Returns `None` if the face turns out not to have a glyph for it.
    fn shape(&mut self, face: usize, rtl: bool, text: &str) -> Option<Run> {
        let entry = self.fonts.face(face);
        let font = entry.font_ref()?;
        let shaper = entry.shaper_data(&font).shaper(&font).build();
        let mut buffer = self.buffer.take().unwrap_or_default();
        buffer.push_str(text);
        buffer.set_direction(if rtl { Direction::RightToLeft } else { Direction::LeftToRight });
        buffer.guess_segment_properties();
        // Or they would take glyphs of their own, of no width, that show in copied text.
        buffer.set_flags(BufferFlags::REMOVE_DEFAULT_IGNORABLES);
        let script = buffer.script();
        // Building a plan costs more than shaping a word with it. There are a few dozen at most: face, direction and
        // script.
        let known = self.plans.iter().position(|plan| plan.face == face && plan.rtl == rtl && plan.script == script);
        let index = known.unwrap_or_else(|| {
            let plan_script = Some(script).filter(|script| *script != script::UNKNOWN);
            let steps = ShapePlan::new(&shaper, buffer.direction(), plan_script, None, &[]);
            self.plans.push(Plan { face, rtl, script, steps });
            self.plans.len() - 1
        });
        let options = ShapeOptions::new().plan(Some(&self.plans[index].steps));
        let output = shaper.shape(buffer, options);
        let run = read_glyphs(&output, shaper.units_per_em(), face, rtl, text);
        // The buffer keeps its memory for the next word.
        self.buffer = Some(output.clear());
        run
    }
}

impl Run {
    fn empty(face: usize) -> Self {
        Self { face, rtl: false, boxed: false, text: String::new(), glyphs: Vec::new(), scale: 1.0, width: 0.0 }
    }
}

/// Returns the length of the first character of `text` together with what extends it.
pub(super) fn cluster_len(text: &str) -> usize {
    let mut chars = text.char_indices();
    let mut joined = chars.next().is_some_and(|(_, c)| c == '\u{200d}');
    for (index, c) in chars {
        if !joined && !clean::extends(c) {
            return index;
        }
        joined = c == '\u{200d}';
    }
    text.len()
}

/// Returns the shaper's output as a run. `None` if it has a missing glyph.
#[expect(clippy::cast_precision_loss, reason = "font units are far below 2^23")]
fn read_glyphs(shaped: &harfrust::GlyphBuffer, units_per_em: i32, face: usize, rtl: bool, text: &str) -> Option<Run> {
    let infos = shaped.glyph_infos();
    let mut starts: Vec<usize> = infos.iter().map(|info| info.cluster as usize).collect();
    starts.sort_unstable();
    // The text of a glyph ends where the next cluster starts, in logical order; from right to left that is the glyph
    // before.
    starts.dedup();
    let unit = 1.0 / units_per_em.max(1) as f32;
    let mut run = Run { rtl, text: text.to_owned(), ..Run::empty(face) };
    run.glyphs.reserve_exact(infos.len());
    for (info, position) in infos.iter().zip(shaped.glyph_positions()) {
        // The caller prints the characters as code points then.
        if info.glyph_id == 0 {
            return None;
        }
        let start = info.cluster as usize;
        let next = starts.partition_point(|other| *other <= start);
        // A glyph in front of the first cluster belongs to text that has no glyph left: it is read with the first one.
        let start = if next == 1 { 0 } else { start };
        let end = starts.get(next).copied().unwrap_or(text.len());
        let advance = position.x_advance as f32 * unit;
        run.width += advance;
        run.glyphs.push(KrillaGlyph::new(
            GlyphId::new(info.glyph_id),
            advance,
            position.x_offset as f32 * unit,
            position.y_offset as f32 * unit,
            position.y_advance as f32 * unit,
            start..end,
            None,
        ));
    }
    Some(run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_printable_character_of_ascii_takes_space_of_its_own() {
        let fonts = Fonts::embedded();
        let mut shaper = Shaper::new(&fonts, Unseen::Printed, Base::FirstCharacter);
        for family in [Family::Regular, Family::Bold, Family::Mono] {
            for c in ' '..='~' {
                let runs = shaper.word(family, false, &c.to_string());
                assert!(runs.iter().all(|run| run.width > 0.1 && !run.boxed), "{c:?} in {family:?}");
            }
        }
    }
}
