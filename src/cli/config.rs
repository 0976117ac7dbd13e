//! `config`: the settings in force, and where each comes from.

use crate::{cli::terminal::print, config::Layers, error::Result};

/// Prints one setting a line, as a file of settings would have it.
pub(super) fn print_settings(layers: &Layers) -> Result<()> {
    for setting in layers.shown() {
        print(&format!("{} = {}  # {}", setting.name, setting.shown, setting.origin))?;
    }
    Ok(())
}
