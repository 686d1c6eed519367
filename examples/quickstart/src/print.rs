//! How the example looks: headings, aligned entries, wrapped sentences, bytes in hex.
//!
//! Nothing here fails: a reader who has seen enough, such as `| head`, does not hurt.

use std::io::{self, Write as _};

use diesel_encrypted::format::{FormatError, value::SealedValue};

/// The widest line.
const WIDTH: usize = 100;
/// The bytes on one line of hex.
const BYTES_A_LINE: usize = 24;

pub(crate) fn line(text: &str) {
    let _reader_left = writeln!(io::stdout(), "{}", text.trim_end());
}

pub(crate) fn heading(title: &str) {
    line(&format!("\n{title}\n{}", "─".repeat(title.chars().count())));
}

/// A name and what there is to say of it, on one line.
pub(crate) fn entry(name: &str, text: &str) {
    line(&format!("  {name:<9} {text}"));
}

/// A paragraph.
pub(crate) fn say(text: &str) {
    line("");
    wrapped("  ", text);
}

/// Text that is broken at spaces, each line behind `indent`.
pub(crate) fn wrapped(indent: &str, text: &str) {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && indent.len() + line.chars().count() + 1 + word.chars().count() > WIDTH {
            self::line(&format!("{indent}{line}"));
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    self::line(&format!("{indent}{line}"));
}

/// A value as the application has it.
pub(crate) fn opened(name: &str, value: &str) {
    line("");
    entry(name, &format!("\"{value}\""));
}

/// A sealed value, part by part.
pub(crate) fn sealed(stored: &[u8]) -> Result<(), FormatError> {
    let value = SealedValue::parse(stored)?;
    let (start, end) = value.header_bytes.split_at(value.header_bytes.len() - 6);
    bytes("stored", start.get(..3).unwrap_or_default(), "sealed value, number of blind indexes");
    for slot in value.slots {
        bytes("", slot, "blind index");
    }
    bytes("", end, "algorithm, kind of value, key id");
    bytes("", value.nonce, "nonce");
    bytes("", value.sealed, "ciphertext and tag");
    Ok(())
}

/// Bytes in hex, with a remark beside the first of them.
pub(crate) fn bytes(name: &str, bytes: &[u8], remark: &str) {
    let mut beside = (name, remark);
    for part in bytes.chunks(BYTES_A_LINE) {
        let hex: String = part.iter().map(|byte| format!("{byte:02x}")).collect();
        let (name, remark) = std::mem::take(&mut beside);
        line(&format!("  {name:<9} {hex:<48}  {remark}"));
    }
}
