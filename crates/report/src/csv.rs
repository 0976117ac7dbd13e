//! The CSV snapshot: a zip with one file per table, the record, and a text on how to read them.

use std::io::{self, Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::content::{self, File, Proof, Value};
use crate::edition::Rules;
use crate::error::ReportError;
use crate::names::{PROOF_FILE, RECORD_FILE};
use crate::progress::fraction;
use crate::source::Source;
use crate::stored::{self, SUMS_FILE};
use crate::words;

/// The name of the text on how to read the files.
pub(crate) const README_FILE: &str = "README.txt";

/// What precedes the renderer's name in that text.
pub(crate) const RENDERED: &str = "Rendered   ";

/// The mark by which spreadsheets recognize UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The number of rows between two reports of progress.
const ROWS_PER_STEP: usize = 1_000;

/// Renders the record's tables, and packs them with the record and the proof.
pub(crate) fn render(source: &Source<'_>, progress: &mut dyn FnMut(f32)) -> Result<Vec<u8>, ReportError> {
    let files = content::files(&source.context);
    let rows: usize = files.iter().map(|file| file.rows.len()).sum();
    // First in the zip, so that it is listed above the tables.
    let mut packed = vec![(README_FILE, readme(source, &files).into_bytes())];
    let mut done = 0;
    let mut row_done = || {
        done += 1;
        if done % ROWS_PER_STEP == 0 {
            progress(fraction(done, rows) * 0.9);
        }
    };
    for file in files {
        packed.push((file.name, table(file, source.context.edition.rules(), &mut row_done)?));
    }
    match &source.context.proof {
        Proof::Receipt => store(source, &packed),
        Proof::Inside(proof) => pack(source, &packed, Some(proof)),
        Proof::None => pack(source, &packed, None),
    }
}

/// Returns the zip that takes a receipt: the files sorted by their names, and behind them the list of their sums.
fn store(source: &Source<'_>, files: &[(&str, Vec<u8>)]) -> Result<Vec<u8>, ReportError> {
    let mut files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
    files.push((RECORD_FILE, source.bytes));
    files.sort_unstable();
    let sums = stored::sums(files.iter().copied());
    files.push((SUMS_FILE, sums.as_bytes()));
    stored::zip(files).ok_or_else(|| ReportError::Io(io::Error::other("it would be larger than 4 GiB")))
}

fn pack(source: &Source<'_>, files: &[(&str, Vec<u8>)], proof: Option<&str>) -> Result<Vec<u8>, ReportError> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        // Time and permissions are fixed: by default they would come from the clock and the system, and no two renders
        // would be equal.
        .last_modified_time(modified(source))
        .unix_permissions(0o644);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let files = files.iter().map(|(name, bytes)| (*name, bytes.as_slice()));
    let proof = proof.map(|proof| (PROOF_FILE, proof.as_bytes()));
    for (name, bytes) in files.chain([(RECORD_FILE, source.bytes)]).chain(proof) {
        zip.start_file(name, options)?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// Returns the time of the snapshot, or the earliest one that a zip can state, which is in 1980.
fn modified(source: &Source<'_>) -> DateTime {
    let at = source.context.record.snapshot.created_at;
    let (year, [month, day, hour, minute, second]) = words::calendar(at);
    DateTime::from_date_and_time(year, month, day, hour, minute, second).unwrap_or_default()
}

/// Returns the content of a CSV file.
fn table(file: File<'_>, rules: &Rules, row_done: &mut dyn FnMut()) -> Result<Vec<u8>, ReportError> {
    let mut csv = writer();
    csv.write_record(&file.header)?;
    for row in file.rows {
        csv.write_record(row.into_iter().map(|value| cell(value, rules)))?;
        row_done();
    }
    csv.into_inner().map_err(|error| ReportError::Io(error.into_error()))
}

/// Returns a writer that follows RFC 4180: CRLF at the ends of lines, and quotes where they are needed.
fn writer() -> csv::Writer<Vec<u8>> {
    csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(BYTE_ORDER_MARK.to_vec())
}

/// Returns the text of a cell, with an apostrophe where a spreadsheet might take it for a formula.
fn cell(value: Value, rules: &Rules) -> String {
    match value {
        // Numbers are ours, and a negative one is no formula.
        Value::Text(text) if (rules.is_formula)(&text) => format!("'{text}"),
        Value::Text(text) => text,
        Value::Number(number) => number.to_string(),
        Value::Decimal(number) => number.to_string(),
        Value::Absent => String::new(),
    }
}

fn readme(source: &Source<'_>, files: &[File<'_>]) -> String {
    let record = &source.context.record;
    let list = files.iter().map(|file| format!("{:<14} {}\n", file.name, file.holds));
    let left_out = content::left_out(record).into_iter();
    let left_out = left_out.map(|section| format!("({section}: left out of this snapshot on request)\n"));
    let files: String = list.chain(left_out).collect();
    let limits = record.limits.iter();
    let limits =
        limits.map(|limit| format!("\nOf `{}`, the record holds {}.\n", limit.section, content::newest(limit)));
    let limits: String = limits.collect();
    let text = format!(
        "Snapshot of a ship-to-ship transfer room\n\
         ========================================\n\
         \n\
         Room       {room}\n\
         Snapshot   {snapshot}\n\
         Taken      {taken}\n\
         {RENDERED}{renderer}\n\
         \n\
         Files\n\
         -----\n\
         {files}\
         record.json    the record that all of this was drawn from\n\
         {proof}\
         {limits}\n\
         Reading them\n\
         ------------\n\
         The CSV files follow RFC 4180: commas, CRLF, double quotes. They are UTF-8 and begin with\n\
         a byte order mark, so that spreadsheets read every script right. All times are in UTC\n\
         (RFC 3339).\n\
         \n\
         Text that begins with = + - @, a tab or a carriage return has an apostrophe in front of\n\
         it, so that no spreadsheet takes it for a formula. The exact text is in record.json.\n\
         \n\
         {check}",
        renderer = source.context.renderer,
        room = record.room.id,
        snapshot = record.snapshot.id,
        taken = words::time_utc(record.snapshot.created_at),
        proof = listed_proof(&source.context.proof),
        check = check(source),
    );
    // Older editors on Windows show a file without CRLF as a single line.
    text.replace('\n', "\r\n")
}

/// Returns the lines of the list of files that follow the record.
fn listed_proof(proof: &Proof) -> &'static str {
    match proof {
        Proof::None => "",
        Proof::Inside(_) => "proof.tlog     the proof that the room's log holds this snapshot\n",
        Proof::Receipt => {
            "SHA256SUMS     the SHA-256 of each of these files\n\
             proof.tlog     the receipt: the proof that the room's log states the SHA-256 of SHA256SUMS\n"
        }
    }
}

/// Returns the part of the text on how to check the files.
fn check(source: &Source<'_>) -> String {
    let log = &source.context.record.log;
    let (size, root, key) = (words::count(log.size), &log.root, log.key.as_deref());
    if let Proof::Receipt = source.context.proof {
        return format!(
            "Checking the files\n\
             ------------------\n\
             `sha256sum -c SHA256SUMS` tells whether the files are as they were drawn. The room's log states\n\
             the SHA-256 of SHA256SUMS itself (`sha256sum SHA256SUMS`) in its entry `snapshot_rendered`.\n\
             \n\
             The record shows the room as of the first {size} entries of the log. The root hash of the tree\n\
             over them (RFC 6962) is\n\
             {root}\n\
             {}",
            how_to_check_receipt(key),
        );
    }
    let check = match source.context.proof {
        Proof::Inside(_) => how_to_check(key),
        Proof::None | Proof::Receipt => String::new(),
    };
    format!(
        "Checking the record\n\
         -------------------\n\
         The SHA-256 of record.json (`sha256sum record.json`) must be\n\
         {sha256}\n\
         The room's log states the same value in its entry `snapshot_created`. Before that entry\n\
         the log held {size} entries, and the root hash of the tree over them (RFC 6962) was\n\
         {root}\n\
         {check}",
        sha256 = source.context.sha256,
    )
}

/// Returns the part of the text on how to check the receipt.
fn how_to_check_receipt(key: Option<&str>) -> String {
    format!(
        "\n\
         That the log holds this entry is proven by proof.tlog, the receipt: a tlog-proof (C2SP) with\n\
         the entry, its place in the tree and the log's signed checkpoint. It was added when the other\n\
         files were finished. This command checks it and every byte of the zip, and needs no server:\n\
         sts-clearance verify FILE --key KEY\n\
         {}\
         \n\
         Any other program may check the same. The server has the specification from which one can be\n\
         written, and a verifier that is one page, needs no network and runs in a browser:\n\
         /verify/format\n\
         /verify/offline\n",
        whose_key(key),
    )
}

/// Returns the part of the text on how to check the proof.
fn how_to_check(key: Option<&str>) -> String {
    format!(
        "\n\
         That the log holds this entry is proven by proof.tlog: a tlog-proof (C2SP) with the entry,\n\
         its place in the tree and the log's signed checkpoint. This command checks the proof, the\n\
         record and every byte of the zip, and needs no server:\n\
         sts-clearance verify FILE --key KEY\n\
         {}",
        whose_key(key),
    )
}

/// Returns the part of the text on which key to check with.
fn whose_key(key: Option<&str>) -> String {
    let key = key.map(|key| format!("\nWhen this snapshot was taken, the key was\n{key}\n"));
    format!(
        "\n\
         KEY is the log's public key. Whoever forges a file can print any key in it: ask a party\n\
         you trust, or the server, which tells it at\n\
         /.well-known/sts-clearance/log-key\n\
         {}",
        key.unwrap_or_default(),
    )
}
