//! The command itself: its help, its completions and manual, its variables and its exit codes.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test stops at what it did not expect")]

mod program;

use std::fs;

use program::{run_in, says};
use tempfile::tempdir;

#[test]
fn every_command_has_a_help_with_an_example() {
    let folder = tempdir().unwrap();
    let help = |words: &[String]| {
        let words: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        run_in(folder.path(), &words).printed()
    };
    let mut to_see: Vec<Vec<String>> = vec![Vec::new()];
    let mut seen = 0;
    while let Some(words) = to_see.pop() {
        let text = help(&words);
        let commands = text.split_once("Commands:\n").map_or("", |(_, rest)| rest.split("\n\n").next().unwrap());
        let below: Vec<String> = commands
            .lines()
            .filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')))
            .filter_map(|line| line.split_whitespace().next())
            .filter(|name| *name != "help")
            .map(str::to_owned)
            .collect();
        if below.is_empty() || words.is_empty() {
            assert!(text.contains("Examples:\n  diesel-encrypted"), "{words:?}: {text}");
        }
        to_see.extend(below.iter().map(|name| [words.clone(), vec![name.clone()]].concat()));
        seen += 1;
    }
    assert!(seen > 5, "{seen}");
}

#[test]
fn what_is_not_understood_ends_with_2() {
    let folder = tempdir().unwrap();
    says(&run_in(folder.path(), &["keys", "lst"]).refused(2), "similar subcommand exists: 'list'");
    says(&run_in(folder.path(), &["keys", "list"]).refused(2), "give --database-url, or set DATABASE_URL");
    says(&run_in(folder.path(), &["keys", "list", "--database-url", "oracle://x"]).refused(2), "has to be postgres://");
}

#[test]
fn completions_and_manual_name_every_command() {
    let folder = tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run_in(folder.path(), &["completions", shell]).printed();
        assert!(script.contains("fingerprint") && script.contains("root-key-folder"), "{shell}");
    }
    says(&run_in(folder.path(), &["man", "."]).printed(), "pages in .");
    let page = fs::read_to_string(folder.path().join("diesel-encrypted-keys-list.1")).unwrap();
    assert!(page.contains(".SH NAME") && page.contains("diesel\\-encrypted\\-keys\\-list"), "{page}");
    assert!(fs::read_to_string(folder.path().join("diesel-encrypted.1")).unwrap().contains("Exit codes"));
}

#[test]
fn a_password_is_refused_where_the_process_list_shows_it_and_printed_nowhere() {
    let folder = tempdir().unwrap();
    // Nobody answers on this port.
    for url in ["postgres://ada:h4x0r@127.0.0.1:1/clinic", "mysql://ada:h4x0r@127.0.0.1:1/clinic"] {
        let refused = run_in(folder.path(), &["keys", "list", "--database-url", url]).refused(2);
        says(&refused, "set DATABASE_URL instead");
        let failed = run_in(folder.path(), &["keys", "list"]).var("DATABASE_URL", url).refused(1);
        says(&failed, "cannot connect to the database");
        assert!(!refused.contains("h4x0r") && !failed.contains("h4x0r"), "{refused}{failed}");
    }
}

#[test]
fn a_dotenv_file_is_read_below_the_variables_of_the_process() {
    let folder = tempdir().unwrap();
    let below = folder.path().join("a/b");
    fs::create_dir_all(&below).unwrap();
    fs::write(folder.path().join(".env"), "DATABASE_URL=missing-1.db\nENCRYPTION_KEY=\"").unwrap();
    let refused = run_in(&below, &["keys", "list"]).refused(2);
    says(&refused, "has a line that is not NAME=VALUE");
    fs::write(folder.path().join(".env"), "DATABASE_URL=missing-1.db\n").unwrap();
    says(&run_in(&below, &["keys", "list"]).refused(1), "no database file missing-1.db");
    let own = run_in(&below, &["keys", "list"]).var("DATABASE_URL", "missing-2.db").refused(1);
    says(&own, "no database file missing-2.db");
    fs::write(below.join("other.env"), "DATABASE_URL=missing-3.db\n").unwrap();
    says(&run_in(&below, &["--env-file", "other.env", "keys", "list"]).refused(1), "missing-3.db");
    says(&run_in(&below, &["--env-file", "none.env", "keys", "list"]).refused(2), "cannot read none.env");
}

#[test]
fn no_line_of_a_dotenv_file_is_repeated() {
    let folder = tempdir().unwrap();
    let key = "9f8b3d2a51e07c4466a1b2c3d4e5f60718293a4b5c6d7e8f9fa0b1c2d3e4f506";
    fs::write(folder.path().join(".env"), format!("ENCRYPTION_KEY {key}\n")).unwrap();
    let refused = run_in(folder.path(), &["keys", "fingerprint"]).refused(2);
    assert!(!refused.contains("9f8b3d2a"), "{refused}");
}
