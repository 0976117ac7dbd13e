//! `licences`: under which terms this program and the fonts in it may be passed on.

use super::terminal::print;
use crate::error::Result;

const OURS: &str = include_str!("../../LICENSE");

/// What of others' work is in the binary as data, with the text of its licence. The crates that are compiled in are
/// listed by `cargo deny list`.
const EMBEDDED: [(&str, &str); 5] = [
    ("DejaVu Sans, a font of reports", include_str!("../../assets/licences/dejavu.txt")),
    ("Noto Sans, a font of reports", include_str!("../../assets/licences/noto-sans.txt")),
    ("Foxit fonts, for previews of PDFs that embed none", include_str!("../../assets/licences/foxit.txt")),
    ("Adobe CMap resources, for previews of PDFs", include_str!("../../assets/licences/cmaps.txt")),
    ("CGATS colour profile, for previews of PDFs", include_str!("../../assets/licences/cgats.txt")),
];

pub(super) fn run() -> Result<()> {
    print("STS Clearance\n=============\n")?;
    print(OURS)?;
    for (what, text) in EMBEDDED {
        print(&format!("{what}\n{}\n", "=".repeat(what.chars().count())))?;
        print(text)?;
    }
    Ok(())
}
