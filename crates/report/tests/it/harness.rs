//! Rendering in one line, and readers for the results.

use std::io::{Cursor, Read as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use report::record::Record;
use report::{Fonts, Format, Rendered, ReportError, sample};

/// The font set of all tests that do not need another one.
pub(crate) static FONTS: LazyLock<Fonts> = LazyLock::new(Fonts::embedded);

/// Renders a record with the sample's proof.
pub(crate) fn render(record: &Record, format: Format) -> Rendered {
    try_render(&sample::to_bytes(record), format).expect("a record renders")
}

/// Renders bytes that may not be a record, with the proof of the sample.
pub(crate) fn try_render(bytes: &[u8], format: Format) -> Result<Rendered, ReportError> {
    report::render(report::Edition::CURRENT, bytes, Some(sample::PROOF), format, &FONTS, &mut |_| {})
}

/// Renders a record without a proof.
pub(crate) fn render_without_proof(record: &Record, format: Format) -> Rendered {
    report::render(report::Edition::CURRENT, &sample::to_bytes(record), None, format, &FONTS, &mut |_| {})
        .expect("a record renders")
}

/// Returns a zip of these files.
pub(crate) fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).expect("a file begins");
        zip.write_all(content).expect("a file is written");
    }
    zip.finish().expect("the zip ends").into_inner()
}

/// Returns the pages of a PDF as they look.
pub(crate) fn pages(pdf: &[u8]) -> Vec<String> {
    read(pdf, "-layout")
}

fn read(pdf: &[u8], mode: &str) -> Vec<String> {
    let command = Command::new("pdftotext")
        .args([mode, "-enc", "UTF-8", "-", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = command.expect("pdftotext is installed where a test needs it");
    let mut stdin = child.stdin.take().expect("stdin is piped");
    let bytes = pdf.to_vec();
    // In a thread of its own: `pdftotext` may print before it has read everything, and both would wait for each other.
    let writer = std::thread::spawn(move || stdin.write_all(&bytes));
    let output = child.wait_with_output().expect("pdftotext ends");
    writer.join().expect("the writer ends").expect("pdftotext reads its input");
    let text = String::from_utf8(output.stdout).expect("pdftotext writes UTF-8");
    let mut pages: Vec<String> = text.split('\u{c}').map(str::to_owned).collect();
    // A form feed ends each page, so behind the last one there is nothing.
    pages.pop();
    pages
}

/// Returns the text of a PDF in the order of its content, in one line, without joiners and the marks by which
/// `pdftotext` shows direction.
pub(crate) fn text(pdf: &[u8]) -> String {
    let text = read(pdf, "-raw")
        .join(" ")
        .replace(['\u{202a}', '\u{202b}', '\u{202c}', '\u{200d}', '\u{200e}', '\u{200f}'], "");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns the contents of a PDF's streams, inflated if they are compressed.
pub(crate) fn streams(pdf: &[u8]) -> Vec<Vec<u8>> {
    let mut streams = Vec::new();
    let mut rest = pdf;
    while let Some(start) = find(rest, b"stream\n") {
        rest = &rest[start + 7..];
        let end = find(rest, b"endstream").expect("a stream ends");
        let mut inflated = Vec::new();
        match flate2::read::ZlibDecoder::new(&rest[..end]).read_to_end(&mut inflated) {
            Ok(_) => streams.push(inflated),
            Err(_) => streams.push(rest[..end].to_vec()),
        }
        rest = &rest[end + 9..];
    }
    streams
}

/// Returns how often `needle` occurs in `haystack`.
pub(crate) fn count(haystack: &[u8], needle: &[u8]) -> usize {
    let mut rest = haystack;
    let mut count = 0;
    while let Some(at) = find(rest, needle) {
        count += 1;
        rest = &rest[at + needle.len()..];
    }
    count
}

/// Returns the files of a zip with their names.
pub(crate) fn unzip(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("a zip opens");
    (0..archive.len())
        .map(|index| {
            let mut file = archive.by_index(index).expect("a file of the zip opens");
            let mut content = Vec::new();
            file.read_to_end(&mut content).expect("a file of the zip reads");
            (file.name().expect("a name").into_owned(), content)
        })
        .collect()
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
