//! `man`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;

use crate::{
    context::Context,
    exit::{Exit, Failure, Result},
    output::{count, print},
};

/// Write the manual: a page for each command.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  diesel-encrypted man ~/.local/share/man/man1
  man diesel-encrypted-keys-list")]
pub(crate) struct Man {
    /// The folder, which has to exist
    folder: PathBuf,
}

impl Man {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit> {
        let mut command = context.command.clone().disable_help_subcommand(true);
        command.build();
        let pages = write(&command, &self.folder)?;
        print(&format!("{} in {}", count(pages, "page"), self.folder.display()))?;
        Ok(Exit::Done)
    }
}

/// The page of a command and those of the ones below it: `diesel-encrypted-keys-list.1`.
fn write(command: &clap::Command, folder: &Path) -> Result<usize> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).replace(' ', "-");
    let page = folder.join(format!("{name}.1"));
    let mut text = Vec::new();
    let written = clap_mangen::Man::new(command.clone().display_name(&name)).render(&mut text);
    written.and_then(|()| fs::write(&page, text)).map_err(Failure::io("write", &page))?;
    command.get_subcommands().try_fold(1, |pages, below| Ok(pages + write(below, folder)?))
}
