//! Renders a sample room in the three formats: `sample OUT_DIR [--entries N] [--font-dir DIR] [--edition NAME]`.
//!
//! With `--record FILE` it renders that record instead, with the sample's proof. Each file is opened again.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use report::{Edition, Fonts, Format, render, sample};
use sha2::{Digest as _, Sha256};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out_dir = None;
    let (mut entries, mut font_dir, mut record_file, mut edition) = (200, None, None, Edition::CURRENT);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--entries" => entries = args.next().ok_or("--entries needs a number")?.parse()?,
            "--record" => record_file = args.next().map(PathBuf::from),
            "--edition" => {
                edition = args.next().as_deref().and_then(Edition::named).ok_or("--edition needs a known name")?;
            }
            "--font-dir" => font_dir = args.next().map(PathBuf::from),
            _ => out_dir = Some(PathBuf::from(arg)),
        }
    }
    let out_dir =
        out_dir.ok_or("usage: sample OUT_DIR [--entries N] [--font-dir DIR] [--record FILE] [--edition NAME]")?;
    std::fs::create_dir_all(&out_dir)?;

    let fonts = match &font_dir {
        Some(dir) => Fonts::with_directory(dir)?,
        None => Fonts::embedded(),
    };
    let record = match &record_file {
        Some(file) => std::fs::read(file)?,
        None => sample::bytes(entries),
    };
    let proof = Some(sample::PROOF);
    let mut out = std::io::stdout().lock();
    for format in [Format::Pdf, Format::Json, Format::Csv] {
        let path = out_dir.join(format!("sample.{}", format.extension()));
        let start = Instant::now();
        let rendered = render(edition, &record, proof, format, &fonts, &mut |_| {})?;
        let (took, size) = (start.elapsed(), rendered.bytes.len());
        std::fs::write(&path, &rendered.bytes)?;
        writeln!(out, "{} {size} bytes in {took:?}", path.display())?;
        let start = Instant::now();
        let sha256 = Sha256::digest(&record).into();
        report::open_as(&rendered.bytes, &|_| Some(sha256))?;
        writeln!(out, "  opened in {:?}", start.elapsed())?;
        if !rendered.uncovered.is_empty() {
            writeln!(out, "  printed as code points: {:?}", rendered.uncovered)?;
        }
    }
    Ok(())
}
