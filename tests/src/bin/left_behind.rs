//! `left_behind RUN`: drops the databases that the tests of a run left on the servers, and names them. It fails if there
//! were any. `bin/test` calls it.

#![allow(clippy::print_stderr, reason = "a command")]

use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(run) = std::env::args().nth(1) else {
        eprintln!("usage: left_behind RUN");
        return ExitCode::FAILURE;
    };
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    let dropped = diesel_encrypted_tests::server::drop_left_behind(&run);
    #[cfg(not(any(feature = "postgres", feature = "mysql")))]
    let dropped: Vec<String> = Vec::new();
    if dropped.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("left behind by the tests of run {run}, and dropped: {}", dropped.join(", "));
    ExitCode::FAILURE
}
