//! Text of every plane of Unicode, and with NUL bytes.

use crate::beside::Values;

/// The planes of Unicode, each with its first and last characters and some between, in a text of their own and all in one.
fn planes() -> Vec<String> {
    let plane = |number: u32| -> String {
        let first = number << 16;
        let at = [0x01, 0x41, 0xE9, 0x1F9E, 0xD7FF, 0xE000, 0xFFFD, 0xFFFE, 0xFFFF];
        at.iter().filter_map(|offset| char::from_u32(first + offset)).collect()
    };
    let each: Vec<String> = (0..=16).map(plane).collect();
    let all = each.concat();
    assert_eq!(all.chars().map(|char| u32::from(char) >> 16).max(), Some(16));
    assert_eq!(all.chars().last(), Some(char::MAX));
    each.into_iter().chain([all]).collect()
}

/// Without normalisation, texts that look alike are different: composed and decomposed, upper and lower case. Those with NUL
/// bytes are the finer ones, since PostgreSQL refuses them.
pub(crate) fn strings() -> Values<String> {
    let some = ["", "a", "A", " a", "é", "e\u{301}", "\u{212B}", "ß", "ss", "\u{200F}\u{5D0}", "'\"\\%_\n\r\t"];
    let long = "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}".repeat(5_000);
    Values::of(some.map(str::to_owned).into_iter().chain(planes()).chain([long]))
        .and_finer(["\0", "a\0", "a\0b", "\0\0"].map(str::to_owned))
}

/// One by one, so that none is lost among the others.
#[test]
fn every_plane_is_there() {
    let all = strings().both.concat();
    for plane in 0..=16 {
        assert!(all.chars().any(|char| u32::from(char) >> 16 == plane), "plane {plane}");
    }
}
