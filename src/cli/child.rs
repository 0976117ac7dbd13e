//! `child`: the command that the server starts for work that could end a process, such as reading a stranger's PDF. It
//! reads no settings, and gets all that it needs from its parent.

use std::path::PathBuf;

use clap::{Args, builder::PossibleValuesParser};
use report::Fonts;

use crate::{
    children::{self, Kind},
    error::{Error, Result},
};

/// The flags of the hidden sub-command `child`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// What the child is for
    #[arg(value_name = "KIND", value_parser = PossibleValuesParser::new(Kind::ALL.map(Kind::word)))]
    kind: String,
    /// What kind of file it reads: pdf, jpeg, png, office
    #[arg(value_name = "FILE KIND")]
    file_kind: Option<String>,
    /// The directory of further fonts that the server draws with
    #[arg(long, value_name = "DIR")]
    font_dir: Option<PathBuf>,
}

pub(super) fn run(flags: &Flags) -> Result<()> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.word() == flags.kind);
    let kind = kind.ok_or_else(|| Error::internal("a kind of child that is unknown"))?;
    // Fonts are loaded only by the kinds that draw, and before the child gives up its right to open files.
    children::run(kind, flags.file_kind.as_deref(), || {
        let fonts = flags.font_dir.as_deref().map_or_else(|| Ok(Fonts::embedded()), Fonts::with_directory);
        fonts.map_err(|error| Error::setup(format!("the fonts: {error}")))
    })
}
