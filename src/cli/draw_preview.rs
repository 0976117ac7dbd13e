//! `draw-preview`: what the server starts for each preview. It reads no settings.

use clap::{Args, builder::PossibleValuesParser};

use crate::{
    drawer,
    error::{Error, Result},
};

/// What to draw.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// What the file on standard input is
    #[arg(value_name = "KIND", value_parser = PossibleValuesParser::new(["pdf", "jpeg", "png"]))]
    kind: String,
}

pub(super) fn run(flags: &Flags) -> Result<()> {
    let kind = drawer::kind(&flags.kind).ok_or_else(|| Error::internal("a kind of file that is unknown"))?;
    drawer::sit_down(kind)
}
