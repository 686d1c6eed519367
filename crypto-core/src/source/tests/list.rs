//! Keys as text: hexadecimal, base64, lines of both id and key.

use super::*;

const MAKE_HEX: &str = "openssl rand -hex 32";
const MAKE_BASE64: &str = "openssl rand -base64 32";

#[test]
fn a_hexadecimal_key_is_named_by_its_fingerprint() {
    let keys = RootKeys::from_hex(HEX).unwrap();
    let id = format!("key-{}", fingerprint(BASE64));
    assert_eq!(ids(&keys), [id.as_str()]);
    assert_eq!(id.len(), 20, "so that `ENC_KEYS` can hold it");
}

#[test]
fn a_hexadecimal_key_may_have_either_case_and_white_space_around_it() {
    let keys = RootKeys::from_hex(&format!("\n {}\r\n", HEX.to_uppercase())).unwrap();
    assert_eq!(keys.active().fingerprint(), fingerprint(BASE64));
}

#[test]
fn a_hexadecimal_key_of_another_length_is_refused() {
    for text in [&HEX[..63], &HEX[..62], "", &format!("{HEX}{HEX}"), &format!("0x{HEX}")] {
        let message = refusal(RootKeys::from_hex(text), &[HEX]);
        assert_says(&message, &["64", &format!("{} characters", text.len()), MAKE_HEX]);
    }
}

#[test]
fn a_character_that_is_not_hexadecimal_is_told_by_its_position_alone() {
    for (wrong, position) in [('g', 1), ('!', 40), ('é', 64), (' ', 2)] {
        let text: String = HEX.chars().enumerate().map(|(i, c)| if i + 1 == position { wrong } else { c }).collect();
        let message = refusal(RootKeys::from_hex(&text), &[HEX]);
        assert_says(&message, &["hexadecimal", &format!("position {position}:")]);
        assert!(!message.contains('!') && !message.contains('é'), "{message}");
    }
}

#[test]
fn a_key_in_base64_is_not_taken_for_a_hexadecimal_one() {
    assert_says(&refusal(RootKeys::from_hex(BASE64), &[BASE64]), &["44 characters", "64", "hexadecimal"]);
}

#[test]
fn a_key_list_has_one_active_key_and_others() {
    let lines = format!("\n  first/{BASE64}\r\n\nsecond/{OTHER_BASE64}\n");
    let keys = RootKeys::from_key_list(&lines, Some("second")).unwrap();
    assert_eq!(ids(&keys), ["second", "first"]);
    assert_eq!(keys.active().fingerprint(), fingerprint(OTHER_BASE64));
    assert_eq!(keys.get("first").unwrap().fingerprint(), fingerprint(BASE64));
}

#[test]
fn the_only_key_of_a_list_is_active() {
    assert_eq!(ids(&RootKeys::from_key_list(&format!("a1/{BASE64}"), None).unwrap()), ["a1"]);
}

#[test]
fn a_list_of_several_keys_needs_a_choice() {
    let lines = format!("first/{BASE64}\nsecond/{OTHER_BASE64}");
    let message = refusal(RootKeys::from_key_list(&lines, None), &[BASE64, OTHER_BASE64]);
    assert_says(&message, &["first, second", "ENC_KEY_ACTIVE"]);
}

#[test]
fn a_choice_that_the_list_does_not_have_is_refused_and_not_repeated() {
    let lines = format!("first/{BASE64}\nsecond/{OTHER_BASE64}");
    // A key put into `ENC_KEY_ACTIVE` by mistake.
    let message = refusal(RootKeys::from_key_list(&lines, Some(HEX)), &[HEX, BASE64, OTHER_BASE64]);
    assert_says(&message, &["first, second", "ENC_KEY_ACTIVE"]);
}

#[test]
fn an_id_in_a_list_has_2_to_20_permitted_characters() {
    for id in ["a1", "Wx1zrbLF", "a.b_c-d:e", "12345678901234567890"] {
        assert_eq!(ids(&RootKeys::from_key_list(&format!("{id}/{BASE64}"), None).unwrap()), [id]);
    }
    for id in ["", "a", "123456789012345678901", "has space", "ümlaut"] {
        let message = refusal(RootKeys::from_key_list(&format!("{id}/{BASE64}"), None), &[BASE64]);
        assert_says(&message, &["line 1 of the key list", "2 to 20"]);
    }
}

#[test]
fn two_keys_of_one_id_are_refused() {
    let lines = format!("same/{BASE64}\n\nsame/{OTHER_BASE64}");
    let message = refusal(RootKeys::from_key_list(&lines, Some("same")), &[BASE64, OTHER_BASE64]);
    assert_says(&message, &["line 3 of the key list", "the id same"]);
}

#[test]
fn a_line_without_an_id_is_refused_and_no_piece_of_it_is_shown() {
    // The second has a `/`, so what stands before it looks like an id.
    for key in [BASE64, OTHER_BASE64] {
        let message = refusal(RootKeys::from_key_list(&format!("first/{BASE64}\n{key}"), None), &[key]);
        assert_says(&message, &["line 2 of the key list"]);
    }
}

#[test]
fn a_list_without_a_key_is_refused() {
    for lines in ["", "\n", " \r\n\t\n"] {
        assert_says(&refusal(RootKeys::from_key_list(lines, None), &[]), &["no key", MAKE_BASE64]);
    }
}

#[test]
fn base64_is_standard_padded_and_exact() {
    let url_safe = OTHER_BASE64.replace('/', "_");
    let stray_bits = BASE64.replace("c=", "d=");
    let short = BASE64.replace("Pc=", "A==");
    for (key, says) in [
        (&BASE64[..43], "43 characters"),
        (&format!("{BASE64}{BASE64}"), "88 characters"),
        (&url_safe, "position 12:"),
        (&stray_bits, "position 44:"),
        (&short, "position 43:"),
        (&BASE64.replace('=', "A"), "position 44:"),
        (&BASE64.replace("8LO", "8L "), "position 3:"),
    ] {
        let message = refusal(RootKeys::from_key_list(&format!("id/{key}"), None), &[BASE64, OTHER_BASE64]);
        assert_says(&message, &["line 1 of the key list", "standard base64", says]);
    }
}
