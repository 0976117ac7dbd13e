//! Sets tables: columns, rows as high as their text, breaks across pages, repeated headers.

use super::flow::Flow;
use super::style::{self, Size};
use super::tags::{Element, Kind};
use crate::content::{Align, Anchor, Cell, Heading, Look, Mark, Rows};
use crate::text::{Family, Ink, Line, Span, layout};

/// The text of an empty cell, so that a reader sees that nothing is missing.
const NOTHING: &str = "–";

/// The position of a column, in points.
#[derive(Debug, Clone, Copy)]
struct Column {
    x: f32,
    width: f32,
    align: Align,
}

/// A line of a cell, and where it leads to.
struct CellLine {
    line: Line,
    size: Size,
    element: Element,
    target: Option<Anchor>,
}

/// A cell that has been laid out, of which the first lines may be placed already.
struct LaidOut {
    lines: std::vec::IntoIter<CellLine>,
    anchor: Option<Anchor>,
}

/// A row that has been laid out.
struct Row {
    cells: Vec<LaidOut>,
    lines: usize,
    mark: Option<Mark>,
}

/// A table that is being set.
struct TableSetter<'a> {
    columns: Vec<Column>,
    headings: &'a [Heading],
    body: Element,
    spacing: Spacing,
}

/// How the rows of a table are set: the size of their text, and the space above and below it in points.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spacing {
    size: Size,
    padding: f32,
}

/// Sets a table of rows under a header, which every page repeats. `caption` says what it shows.
pub(super) fn rows(flow: &mut Flow<'_>, caption: Option<&str>, rows: &dyn Rows, row_done: &mut dyn FnMut()) {
    let headings = rows.columns();
    let table = flow.structure.add(Element::ROOT, Kind::Table);
    if let Some(caption) = caption {
        let element = flow.structure.add(table, Kind::Caption);
        let (family, ink, size) = style::set(Look::Text, style::BODY);
        flow.text(Span { text: caption, family, ink }, size, element);
        flow.space(4.0);
    }
    let head = flow.structure.add(table, Kind::TableHead);
    let setter = TableSetter {
        columns: columns_of(rows, &headings),
        headings: &headings,
        body: flow.structure.add(table, Kind::TableBody),
        spacing: Spacing::of(rows),
    };
    setter.header(flow, head);
    for index in 0..rows.len() {
        let row = setter.row(flow, rows.row(index), &[], rows.mark(index));
        setter.place(flow, row);
        row_done();
    }
}

/// Returns the height that the start of a table needs under its heading, in points: its header with the first row, or
/// with all of its rows if they are few and low.
pub(super) fn opening(flow: &mut Flow<'_>, rows: &dyn Rows) -> f32 {
    let (columns, spacing) = (columns_of(rows, &rows.columns()), Spacing::of(rows));
    let mut row_height = |index| {
        let cells = columns.iter().zip(rows.row(index));
        let lines =
            cells.map(|(column, cell)| cell_lines(flow, cell, *column, spacing.size, Element::ROOT).len()).max();
        spacing.height(lines.unwrap_or(1))
    };
    let first = row_height(0);
    let breaks = first > style::KEEP_TOGETHER;
    let alone = spacing.height(1) + if breaks { spacing.height(style::LINES_BEFORE_BREAK) } else { first };
    if rows.len() > style::FEW_ROWS {
        return alone;
    }
    let mut together = spacing.height(1) + first;
    for index in 1..rows.len() {
        together += row_height(index);
        // As early as possible: the rows are laid out a second time when they are placed.
        if together > style::KEEP_TOGETHER {
            return alone;
        }
    }
    if breaks { alone } else { together }
}

/// Sets a table of labels and values.
pub(super) fn facts<'a>(flow: &mut Flow<'_>, facts: impl IntoIterator<Item = (&'a str, Cell)>, spacing: Spacing) {
    let table = flow.structure.add(Element::ROOT, Kind::Table);
    let label = Heading { text: "", share: style::LABEL_SHARE, align: Align::Left };
    let value = Heading { share: 1.0 - label.share, ..label };
    let setter = TableSetter {
        columns: columns(style::LEFT, &[label, value]),
        headings: &[],
        body: flow.structure.add(table, Kind::TableBody),
        spacing,
    };
    flow.rule(style::FIRM, Some(Ink::Accent));
    for (label, cell) in facts {
        let row = setter.row(flow, vec![cell], &[label], None);
        setter.place(flow, row);
    }
}

impl Spacing {
    /// Rows that stand apart.
    pub(super) const WIDE: Self = Self { size: style::TABLE, padding: style::ROW_PADDING };
    /// Rows that stand close to each other.
    pub(super) const CLOSE: Self = Self { size: style::TABLE, padding: style::DENSE_PADDING };
    /// Rows of a long list, in smaller text.
    const DENSE: Self = Self { size: style::LIST, padding: style::DENSE_PADDING };

    fn of(rows: &dyn Rows) -> Self {
        if rows.is_dense() { Self::DENSE } else { Self::WIDE }
    }

    /// Returns the height of a row of so many lines, in points.
    fn height(self, lines: usize) -> f32 {
        style::lines_of(lines, self.size) + 2.0 * self.padding
    }

    /// Returns how many lines of a row fit into a height.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the height of a page has some dozens of lines, and a negative one none"
    )]
    fn lines_in(self, height: f32) -> usize {
        ((height - 2.0 * self.padding) / self.size.leading).max(0.0) as usize
    }
}

impl TableSetter<'_> {
    /// Sets the header as a part of `parent`.
    fn header(&self, flow: &mut Flow<'_>, parent: Element) {
        let row = flow.structure.add(parent, Kind::Row);
        for (heading, column) in self.headings.iter().zip(&self.columns) {
            let element = flow.structure.add(row, Kind::ColumnHeader);
            let span = Span { text: heading.text, family: Family::Bold, ink: Ink::Accent };
            // Headings are our own words, and fit in one line.
            let Spacing { size, padding } = self.spacing;
            let mut lines = layout(&mut flow.shaper, &[span], column.width / size.text);
            let line = lines.swap_remove(0);
            flow.line((column.line_start(&line, size), padding), size, line, element, None);
        }
        flow.space(self.spacing.height(1));
        flow.rule(style::FIRM, Some(Ink::Accent));
    }

    /// Lays out a row: first its labels, then its cells.
    fn row(&self, flow: &mut Flow<'_>, cells: Vec<Cell>, labels: &[&str], mark: Option<Mark>) -> Row {
        let row = flow.structure.add(self.body, Kind::Row);
        let mut laid_out = Vec::with_capacity(self.columns.len());
        let mut columns = self.columns.iter();
        let size = self.spacing.size;
        for (label, column) in labels.iter().zip(columns.by_ref()) {
            let element = flow.structure.add(row, Kind::RowHeader);
            let span = Span { text: label, family: Family::Regular, ink: Ink::Muted };
            let lines = lines(flow, &[span], size, *column);
            let lines: Vec<_> = lines.map(|line| CellLine { line, size, element, target: None }).collect();
            laid_out.push(LaidOut { lines: lines.into_iter(), anchor: None });
        }
        for (mut cell, column) in cells.into_iter().zip(columns) {
            let element = flow.structure.add(row, Kind::Cell);
            let anchor = cell.anchor.take();
            let lines = cell_lines(flow, cell, *column, size, element);
            laid_out.push(LaidOut { lines: lines.into_iter(), anchor });
        }
        let lines = laid_out.iter().map(|cell| cell.lines.len()).max().unwrap_or(1);
        Row { cells: laid_out, lines, mark }
    }

    /// Places a row: as a whole if it can be, otherwise over as many pages as it takes.
    fn place(&self, flow: &mut Flow<'_>, mut row: Row) {
        loop {
            let fits = self.spacing.lines_in(flow.room());
            let low = self.spacing.height(row.lines) <= style::KEEP_TOGETHER;
            let fresh = flow.at_top();
            if row.lines <= fits {
                let lines = row.lines;
                self.place_lines(flow, &mut row, lines);
                return;
            }
            // Fewer lines than this would look like a row of their own.
            if !low && fits >= style::LINES_BEFORE_BREAK {
                self.place_lines(flow, &mut row, fits);
            } else if fresh {
                // An empty page has no more room to offer: without this line the loop would never end.
                self.place_lines(flow, &mut row, 1);
            }
            flow.next_page();
            if !self.headings.is_empty() {
                // The repeated header is in the body of the structure, as a table has one `THead` at most (ISO 32000-1,
                // 14.8.4.3.4).
                self.header(flow, self.body);
            }
        }
    }

    /// Places the next `count` lines of a row.
    fn place_lines(&self, flow: &mut Flow<'_>, row: &mut Row, count: usize) {
        if let Some(mark) = row.mark {
            flow.mark(mark, self.spacing.padding, self.spacing.height(count));
        }
        for (cell, column) in row.cells.iter_mut().zip(&self.columns) {
            if let Some(anchor) = cell.anchor.take() {
                flow.anchor(anchor);
            }
            let mut down = self.spacing.padding;
            for CellLine { line, size, element, target } in cell.lines.by_ref().take(count) {
                flow.line((column.line_start(&line, size), down), size, line, element, target);
                down += size.leading;
            }
        }
        row.lines -= count;
        flow.space(self.spacing.height(count));
        // The line that joins the marks takes the place of the rules.
        if row.lines == 0 && row.mark.is_none() {
            flow.rule(style::HAIRLINE, None);
        }
    }
}

impl Column {
    /// Returns where a line of this column starts, in points from the left.
    fn line_start(self, line: &Line, size: Size) -> f32 {
        match self.align {
            Align::Left => self.x,
            Align::Right => self.x + (self.width - line.width * size.text).max(0.0),
        }
    }
}

/// Returns the lines of a cell. A piece that leads somewhere is an element of its own in that of the cell.
fn cell_lines(flow: &mut Flow<'_>, cell: Cell, column: Column, around: Size, element: Element) -> Vec<CellLine> {
    if cell.is_empty() {
        let (family, ink, size) = style::set(Look::Muted, around);
        let lines = lines(flow, &[Span { text: NOTHING, family, ink }], size, column);
        return lines.map(|line| CellLine { line, size, element, target: None }).collect();
    }
    let mut all = Vec::new();
    for mut piece in cell.pieces {
        let (family, ink, size) = style::set(piece.look, around);
        let ink = if piece.link.is_some() && piece.look != Look::Alert { Ink::Accent } else { ink };
        let label = piece.label.as_ref().map(|label| format!("{}: ", flow.drawn(label)));
        let label = label.as_deref().map(|text| Span { text, family, ink: Ink::Muted });
        let drawn = flow.drawn(&piece.text);
        let text = Span { text: &drawn, family, ink };
        let spans: Vec<_> = label.into_iter().chain([text]).collect();
        let mut target = piece.link.take();
        // While it is only measured, there is no cell to be in.
        let is_link = target.is_some() && element != Element::ROOT;
        let element = if is_link { flow.structure.add(element, Kind::Link) } else { element };
        // Of a link, the first line leads there.
        all.extend(lines(flow, &spans, size, column).map(|line| CellLine {
            line,
            size,
            element,
            target: target.take(),
        }));
    }
    all
}

/// Returns the lines of a text of one size, as wide as the column.
fn lines(flow: &mut Flow<'_>, spans: &[Span<'_>], size: Size, column: Column) -> std::vec::IntoIter<Line> {
    layout(&mut flow.shaper, spans, column.width / size.text).into_iter()
}

/// Divides the width of the page by the columns' shares, behind the marks if the rows have some.
fn columns_of(rows: &dyn Rows, headings: &[Heading]) -> Vec<Column> {
    let marked = rows.len() > 0 && rows.mark(0).is_some();
    columns(if marked { style::LEFT + style::MARKS } else { style::LEFT }, headings)
}

/// Divides the width from `left` on by the columns' shares.
fn columns(left: f32, headings: &[Heading]) -> Vec<Column> {
    let total: f32 = headings.iter().map(|heading| heading.share).sum();
    let (mut x, width) = (left, style::RIGHT - left);
    let mut columns = Vec::with_capacity(headings.len());
    for heading in headings {
        let whole = width * heading.share / total;
        columns.push(Column { x, width: whole - style::GUTTER, align: heading.align });
        x += whole;
    }
    if let Some(last) = columns.last_mut() {
        // No column follows the last one, so it needs no gutter.
        last.width += style::GUTTER;
    }
    columns
}
