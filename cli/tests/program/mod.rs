//! Runs the program, and reads what it says.

#![allow(dead_code, unreachable_pub, reason = "each test uses some of it")]

pub(crate) mod clinic;

use std::{
    io::Write,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

/// A run, to be prepared. It has no variables but what a test gives it, and a folder of its own to run in.
pub(crate) struct Run(Command);

/// What came of a run.
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// The program with these arguments, in `folder`.
pub(crate) fn run_in(folder: &Path, arguments: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_diesel-encrypted"));
    command.env_clear().current_dir(folder).args(arguments).stdin(Stdio::null());
    Run(command)
}

impl Run {
    pub(crate) fn var(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    pub(crate) fn into_command(self) -> Command {
        self.0
    }

    pub(crate) fn output(mut self) -> Done {
        self.0.output().unwrap().into()
    }

    /// Begins, with what it says to be read.
    pub(crate) fn spawn(mut self) -> Child {
        self.0.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Runs with `text` on standard input.
    pub(crate) fn reading(mut self, text: &str) -> Done {
        let mut child = self.0.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        child.wait_with_output().unwrap().into()
    }

    /// What it prints, if it is done.
    #[track_caller]
    pub(crate) fn printed(self) -> String {
        self.ends(0).out
    }

    /// What it prints as JSON, if it is done.
    #[track_caller]
    pub(crate) fn json(self) -> serde_json::Value {
        let printed = self.printed();
        serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error} in {printed}"))
    }

    /// What it says on standard error, if it ends with `code`.
    #[track_caller]
    pub(crate) fn refused(self, code: i32) -> String {
        self.ends(code).err
    }

    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Done {
        let done = self.output();
        assert_eq!(done.code, code, "{}\n{}", done.out, done.err);
        done
    }
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }
}

#[track_caller]
pub(crate) fn says(text: &str, expected: &str) {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(expected), "no `{expected}` in {words}");
}
