//! The command `diesel-encrypted`, for databases whose applications have no normalisers of their own.

use std::process::ExitCode;

use diesel_encrypted_cli::Tool;

fn main() -> ExitCode {
    Tool::new().run()
}
