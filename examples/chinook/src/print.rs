//! How the example looks: headings, aligned entries, wrapped sentences, and whether two answers agree.
//!
//! Nothing but a disagreement fails: a reader who has seen enough, such as `| head`, does not hurt.

use std::fmt::Debug;
use std::io::{self, Write as _};

use crate::Result;

/// The widest line.
const WIDTH: usize = 100;

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

/// A paragraph, broken at spaces.
pub(crate) fn say(text: &str) {
    let mut broken = String::new();
    line("");
    for word in text.split_whitespace() {
        if broken.chars().count() + 1 + word.chars().count() > WIDTH {
            line(&std::mem::take(&mut broken));
        }
        broken.push_str(if broken.is_empty() { "  " } else { " " });
        broken.push_str(word);
    }
    line(&broken);
}

/// Says that the plaintext tables give the same answer, or fails.
pub(crate) fn agreed<T: PartialEq + Debug>(encrypted: &T, plain: &T) -> Result<()> {
    if encrypted != plain {
        return Err(format!("the encrypted tables say {encrypted:?}, and the plaintext ones {plain:?}").into());
    }
    entry("checked", "the plaintext tables give the same answer");
    Ok(())
}
