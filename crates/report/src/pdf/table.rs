//! Tables: columns, rows as high as their text, breaks across pages, repeated headers.

use super::flow::Flow;
use super::style::{self, Size};
use super::tags::{Element, Kind};
use crate::content::{Cell, Context, Fact, Look, Rows};
use crate::text::{Family, Ink, Line, Span, layout};

/// What stands where there is nothing to say, so that no cell is missing.
const NOTHING: &str = "–";

/// Where a column is.
#[derive(Debug, Clone, Copy)]
struct Column {
    x: f32,
    width: f32,
}

/// A cell that has been laid out.
struct LaidOut {
    lines: std::vec::IntoIter<Line>,
    size: Size,
    right: bool,
    element: Element,
}

/// A row that has been laid out.
struct Row {
    cells: Vec<LaidOut>,
    lines: usize,
}

/// A table while it is being placed.
struct Placing<'a> {
    columns: Vec<Column>,
    headings: &'a [(&'static str, f32)],
    body: Element,
}

/// Sets a table of rows under a header, which every page repeats.
pub(super) fn rows(flow: &mut Flow<'_>, rows: &dyn Rows, progress: &mut dyn FnMut(usize)) {
    let headings = rows.columns();
    let table = flow.structure.add(Element::ROOT, Kind::Table);
    let head = flow.structure.add(table, Kind::TableHead);
    let placing = Placing {
        columns: columns(headings.iter().map(|(_, share)| *share)),
        headings: &headings,
        body: flow.structure.add(table, Kind::TableBody),
    };
    placing.header(flow, head);
    for index in 0..rows.len() {
        let row = placing.row(flow, &rows.row(index), &[]);
        placing.place(flow, row);
        progress(index + 1);
    }
}

/// The height of a table's header with its first row, as far as they must stay together.
pub(super) fn opening(flow: &mut Flow<'_>, rows: &dyn Rows) -> f32 {
    let columns = columns(rows.columns().iter().map(|(_, share)| *share));
    let lines = columns.iter().zip(rows.row(0)).map(|(column, cell)| cell_lines(flow, &cell, *column).0.len());
    let first = height(lines.max().unwrap_or(1));
    height(1) + first.min(height(style::LINES_BEFORE_BREAK))
}

/// Sets labels and values.
pub(super) fn facts(flow: &mut Flow<'_>, facts: &[Fact], context: &Context) {
    let table = flow.structure.add(Element::ROOT, Kind::Table);
    let placing = Placing {
        columns: columns([style::LABEL_SHARE, 1.0 - style::LABEL_SHARE].into_iter()),
        headings: &[],
        body: flow.structure.add(table, Kind::TableBody),
    };
    flow.rule(style::FIRM, Some(Ink::Accent));
    for fact in facts {
        if let Some(cell) = (fact.cell)(context) {
            let row = placing.row(flow, &[cell], &[fact.label]);
            placing.place(flow, row);
        }
    }
}

impl Placing<'_> {
    /// Sets the header, as part of `parent`.
    fn header(&self, flow: &mut Flow<'_>, parent: Element) {
        let row = flow.structure.add(parent, Kind::Row);
        for ((heading, _), column) in self.headings.iter().zip(&self.columns) {
            let element = flow.structure.add(row, Kind::ColumnHeader);
            let span = Span { text: heading, family: Family::Bold, ink: Ink::Accent };
            let mut lines = layout(&mut flow.shaper, &[span], column.width / style::TABLE.text);
            flow.line(column.x, style::ROW_PADDING, style::TABLE, lines.swap_remove(0), element);
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
            let lines = layout(&mut flow.shaper, &[span], column.width / style::TABLE.text);
            let lines = lines.into_iter();
            laid_out.push(LaidOut { lines, size: style::TABLE, right: false, element });
        }
        for (cell, column) in cells.iter().zip(columns) {
            let element = flow.structure.add(row, Kind::Cell);
            let (lines, size) = cell_lines(flow, cell, *column);
            let right = cell.look == Look::Number;
            laid_out.push(LaidOut { lines: lines.into_iter(), size, right, element });
        }
        let lines = laid_out.iter().map(|cell| cell.lines.len()).max().unwrap_or(1);
        Row { cells: laid_out, lines }
    }

    /// Places a row: whole where it can be, otherwise over as many pages as it takes.
    fn place(&self, flow: &mut Flow<'_>, mut row: Row) {
        loop {
            let fits = lines_in(flow.room());
            let low = height(row.lines) <= style::KEEP_TOGETHER;
            let fresh = flow.at_top();
            if row.lines <= fits {
                let lines = row.lines;
                self.slice(flow, &mut row, lines);
                return;
            }
            if !low && fits >= style::LINES_BEFORE_BREAK {
                self.slice(flow, &mut row, fits);
            } else if fresh {
                // Not even the first lines fit an empty page: they never will.
                self.slice(flow, &mut row, 1);
            }
            flow.next_page();
            if !self.headings.is_empty() {
                self.header(flow, self.body);
            }
        }
    }

    /// Places the next `count` lines of a row.
    fn slice(&self, flow: &mut Flow<'_>, row: &mut Row, count: usize) {
        for (cell, column) in row.cells.iter_mut().zip(&self.columns) {
            let mut down = style::ROW_PADDING;
            for line in cell.lines.by_ref().take(count) {
                let indent = if cell.right { column.width - line.width * cell.size.text } else { 0.0 };
                flow.line(column.x + indent.max(0.0), down, cell.size, line, cell.element);
                down += cell.size.leading;
            }
        }
        row.lines -= count;
        flow.space(height(count));
        flow.rule(style::HAIRLINE, None);
    }
}

/// The lines of a cell and their size.
fn cell_lines(flow: &mut Flow<'_>, cell: &Cell, column: Column) -> (Vec<Line>, Size) {
    let (family, scale) = match cell.look {
        Look::Text | Look::Number => (Family::Regular, 1.0),
        Look::Code => (Family::Mono, style::CODE_SCALE),
    };
    let size = Size { text: style::TABLE.text * scale, ..style::TABLE };
    let width = column.width / size.text;
    if cell.is_empty() {
        let span = Span { text: NOTHING, family, ink: Ink::Muted };
        return (layout(&mut flow.shaper, &[span], width), size);
    }
    let mut lines = Vec::new();
    for (label, text) in &cell.lines {
        let label = label.as_ref().map(|label| format!("{label}: "));
        let mut spans = Vec::with_capacity(2);
        if let Some(label) = &label {
            spans.push(Span { text: label, family, ink: Ink::Muted });
        }
        spans.push(Span { text, family, ink: Ink::Text });
        lines.append(&mut layout(&mut flow.shaper, &spans, width));
    }
    (lines, size)
}

/// Divides the width of the page by shares.
fn columns(shares: impl Iterator<Item = f32> + Clone) -> Vec<Column> {
    let total: f32 = shares.clone().sum();
    let count = shares.clone().count();
    let mut x = style::LEFT;
    let mut columns = Vec::with_capacity(count);
    for share in shares {
        let whole = style::WIDTH * share / total;
        columns.push(Column { x, width: whole - style::GUTTER });
        x += whole;
    }
    if let Some(last) = columns.last_mut() {
        last.width += style::GUTTER;
    }
    columns
}

/// The height of a row of so many lines.
#[expect(clippy::cast_precision_loss, reason = "lines of one cell are far fewer than 2^23")]
fn height(lines: usize) -> f32 {
    lines as f32 * style::TABLE.leading + 2.0 * style::ROW_PADDING
}

/// How many lines of a row fit into a height.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the height of a page has some dozens of lines, and a negative one none"
)]
fn lines_in(height: f32) -> usize {
    ((height - 2.0 * style::ROW_PADDING) / style::TABLE.leading).max(0.0) as usize
}
