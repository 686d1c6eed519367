//! The commands, mounted in a program.

use std::{
    ffi::OsString,
    io::{self, Write as _},
    process::ExitCode,
};

use clap::{CommandFactory as _, FromArgMatches as _};
use diesel_encrypted::{EncryptedModel, Field};

use crate::{arguments::Arguments, context::Context, exit::Exit};

/// The commands, with what a program knows of its application.
#[derive(Debug)]
#[must_use = "nothing is done before `run`"]
pub struct Tool {
    name: &'static str,
    application: String,
    fields: Vec<&'static Field>,
}

impl Default for Tool {
    fn default() -> Self {
        Self { name: "diesel-encrypted", application: "default".to_owned(), fields: Vec::new() }
    }
}

impl Tool {
    /// The commands as `diesel-encrypted` has them.
    pub fn new() -> Self {
        Self::default()
    }

    /// The name of the program in its help, its completions and its manual, `diesel-encrypted` unless set. One with a
    /// space (`clinic keys`) does for commands that a program mounts below one of its own.
    pub const fn name(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// The application's name where `--application` is not given: as the vault's builder has it, `default` unless set.
    pub fn application(mut self, name: impl Into<String>) -> Self {
        self.application = name.into();
        self
    }

    /// Adds a model, whose normalisers then are known.
    pub fn model<M: EncryptedModel>(mut self) -> Self {
        self.fields.extend(M::fields());
        self
    }

    /// Does what the program's arguments say.
    pub fn run(self) -> ExitCode {
        self.run_from(std::env::args_os()).into()
    }

    /// Does what these arguments say, of which the first is the program's name.
    pub fn run_from(self, arguments: impl IntoIterator<Item = OsString>) -> Exit {
        let command = self.command();
        let parsed =
            command.clone().try_get_matches_from(arguments).and_then(|matches| Arguments::from_arg_matches(&matches));
        let arguments = match parsed {
            Ok(arguments) => arguments,
            Err(error) => {
                // `--help` and `--version` come here too. A reader that left is nobody to tell.
                drop(error.print());
                return if error.use_stderr() { Exit::Usage } else { Exit::Done };
            }
        };
        let done = Context::new(arguments.global, command, self.application, self.fields)
            .and_then(|context| arguments.command.run(&context));
        match done {
            Ok(exit) => exit,
            Err(failure) => {
                let _reader_left = writeln!(io::stderr(), "error: {failure}");
                failure.exit()
            }
        }
    }

    fn command(&self) -> clap::Command {
        Arguments::command().name(self.name).bin_name(self.name)
    }
}
