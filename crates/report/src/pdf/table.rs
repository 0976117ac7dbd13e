//! Sets tables: columns, rows as high as their text, breaks across pages, repeated headers.

use super::flow::Flow;
use super::style::{self, Size};
use super::tags::{Element, Kind};
use crate::content::{Align, Cell, Context, Fact, Heading, Look, Rows};
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

/// A cell that has been laid out, of which the first lines may be placed already.
struct LaidOut {
    lines: std::vec::IntoIter<(Line, Size)>,
    element: Element,
}

/// A row that has been laid out.
struct Row {
    cells: Vec<LaidOut>,
    lines: usize,
}

/// A table that is being set.
struct TableSetter<'a> {
    columns: Vec<Column>,
    headings: &'a [Heading],
    body: Element,
}

/// Sets a table of rows under a header, which every page repeats.
pub(super) fn rows(flow: &mut Flow<'_>, rows: &dyn Rows, row_done: &mut dyn FnMut()) {
    let headings = rows.columns();
    let table = flow.structure.add(Element::ROOT, Kind::Table);
    let head = flow.structure.add(table, Kind::TableHead);
    let setter = TableSetter {
        columns: columns(&headings),
        headings: &headings,
        body: flow.structure.add(table, Kind::TableBody),
    };
    setter.header(flow, head);
    for index in 0..rows.len() {
        let row = setter.row(flow, &rows.row(index), &[]);
        setter.place(flow, row);
        row_done();
    }
}

/// Returns the height that the start of a table needs under its heading, in points: its header with the first row, or
/// with all of its rows if they are few and low.
pub(super) fn opening(flow: &mut Flow<'_>, rows: &dyn Rows) -> f32 {
    let columns = columns(&rows.columns());
    let mut row_height = |index| {
        let cells = columns.iter().zip(rows.row(index));
        let lines = cells.map(|(column, cell)| cell_lines(flow, &cell, *column).len()).max();
        height(lines.unwrap_or(1))
    };
    let first = row_height(0);
    let breaks = first > style::KEEP_TOGETHER;
    let alone = height(1) + if breaks { height(style::LINES_BEFORE_BREAK) } else { first };
    if rows.len() > style::FEW_ROWS {
        return alone;
    }
    let mut together = height(1) + first;
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
pub(super) fn facts(flow: &mut Flow<'_>, facts: &[Fact], context: &Context) {
    let table = flow.structure.add(Element::ROOT, Kind::Table);
    let label = Heading { text: "", share: style::LABEL_SHARE, align: Align::Left };
    let value = Heading { share: 1.0 - label.share, ..label };
    let setter = TableSetter {
        columns: columns(&[label, value]),
        headings: &[],
        body: flow.structure.add(table, Kind::TableBody),
    };
    flow.rule(style::FIRM, Some(Ink::Accent));
    for fact in facts {
        if let Some(cell) = (fact.cell)(context) {
            let row = setter.row(flow, &[cell], &[fact.label]);
            setter.place(flow, row);
        }
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
            let mut lines = layout(&mut flow.shaper, &[span], column.width / style::TABLE.text);
            let line = lines.swap_remove(0);
            flow.line(column.line_start(&line, style::TABLE), style::ROW_PADDING, style::TABLE, line, element);
        }
        flow.space(height(1));
        flow.rule(style::FIRM, Some(Ink::Accent));
    }

    /// Lays out a row: first its labels, then its cells.
    fn row(&self, flow: &mut Flow<'_>, cells: &[Cell], labels: &[&str]) -> Row {
        let row = flow.structure.add(self.body, Kind::Row);
        let mut laid_out = Vec::with_capacity(self.columns.len());
        let mut columns = self.columns.iter();
        for (label, column) in labels.iter().zip(columns.by_ref()) {
            let element = flow.structure.add(row, Kind::RowHeader);
            let span = Span { text: label, family: Family::Regular, ink: Ink::Muted };
            let lines = lines(flow, &[span], style::TABLE, *column);
            laid_out.push(LaidOut { lines: lines.into_iter(), element });
        }
        for (cell, column) in cells.iter().zip(columns) {
            let element = flow.structure.add(row, Kind::Cell);
            let lines = cell_lines(flow, cell, *column);
            laid_out.push(LaidOut { lines: lines.into_iter(), element });
        }
        let lines = laid_out.iter().map(|cell| cell.lines.len()).max().unwrap_or(1);
        Row { cells: laid_out, lines }
    }

    /// Places a row: as a whole if it can be, otherwise over as many pages as it takes.
    fn place(&self, flow: &mut Flow<'_>, mut row: Row) {
        loop {
            let fits = lines_in(flow.room());
            let low = height(row.lines) <= style::KEEP_TOGETHER;
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
        for (cell, column) in row.cells.iter_mut().zip(&self.columns) {
            let mut down = style::ROW_PADDING;
            for (line, size) in cell.lines.by_ref().take(count) {
                flow.line(column.line_start(&line, size), down, size, line, cell.element);
                down += size.leading;
            }
        }
        row.lines -= count;
        flow.space(height(count));
        if row.lines == 0 {
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

/// Returns the lines of a cell with their sizes.
fn cell_lines(flow: &mut Flow<'_>, cell: &Cell, column: Column) -> Vec<(Line, Size)> {
    if cell.is_empty() {
        let (family, ink, size) = style::set(Look::Muted, style::TABLE);
        return lines(flow, &[Span { text: NOTHING, family, ink }], size, column);
    }
    let mut all = Vec::new();
    for piece in &cell.pieces {
        let (family, ink, size) = style::set(piece.look, style::TABLE);
        let label = piece.label.as_ref().map(|label| format!("{}: ", flow.drawn(label)));
        let label = label.as_deref().map(|text| Span { text, family, ink: Ink::Muted });
        let drawn = flow.drawn(&piece.text);
        let text = Span { text: &drawn, family, ink };
        let spans: Vec<_> = label.into_iter().chain([text]).collect();
        all.append(&mut lines(flow, &spans, size, column));
    }
    all
}

/// Returns the lines of a text of one size, as wide as the column.
fn lines(flow: &mut Flow<'_>, spans: &[Span<'_>], size: Size, column: Column) -> Vec<(Line, Size)> {
    layout(&mut flow.shaper, spans, column.width / size.text).into_iter().map(|line| (line, size)).collect()
}

/// Divides the width of the page by the columns' shares.
fn columns(headings: &[Heading]) -> Vec<Column> {
    let total: f32 = headings.iter().map(|heading| heading.share).sum();
    let mut x = style::LEFT;
    let mut columns = Vec::with_capacity(headings.len());
    for heading in headings {
        let whole = style::WIDTH * heading.share / total;
        columns.push(Column { x, width: whole - style::GUTTER, align: heading.align });
        x += whole;
    }
    if let Some(last) = columns.last_mut() {
        // No column follows the last one, so it needs no gutter.
        last.width += style::GUTTER;
    }
    columns
}

/// Returns the height of a row of so many lines, in points.
fn height(lines: usize) -> f32 {
    style::lines_of(lines, style::TABLE) + 2.0 * style::ROW_PADDING
}

/// Returns how many lines of a row fit into a height.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the height of a page has some dozens of lines, and a negative one none"
)]
fn lines_in(height: f32) -> usize {
    ((height - 2.0 * style::ROW_PADDING) / style::TABLE.leading).max(0.0) as usize
}
