//! Asks the program `allocations` for its numbers. It is built and run by the cargo that runs this one.

use std::process::Command;

use crate::measure::Failure;

/// Allocations of one seal and of one open of 64 bytes.
pub(crate) fn of_seal_and_open() -> Result<(u64, u64), Failure> {
    let cargo = std::env::var_os("CARGO").ok_or("allocations are counted when this is run by `cargo run -p bench`")?;
    let mut command = Command::new(cargo);
    command.args(["run", "--quiet", "--release", "--package", "bench", "--bin", "allocations"]);
    if cfg!(feature = "aws-lc-rs") {
        command.args(["--features", "aws-lc-rs"]);
    }
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).output()?;
    let numbers = String::from_utf8(output.stdout)?;
    let (seal, open) = numbers.trim().split_once(' ').ok_or_else(|| {
        format!("the program `allocations` did not run: {}", String::from_utf8_lossy(&output.stderr).trim())
    })?;
    Ok((seal.parse()?, open.parse()?))
}
