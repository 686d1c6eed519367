//! The whole story, by the program itself: several users, what they share and lose, and who reads nothing of it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// The program over one folder.
struct Program<'f>(&'f Path);

/// What a run said.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Program<'_> {
    /// Runs the program, and types `secrets` into it, a line each.
    fn run(&self, arguments: &[&str], secrets: &[&str]) -> Said {
        let mut program = Command::new(env!("CARGO_BIN_EXE_notes"));
        program.arg("--folder").arg(self.0).args(arguments);
        let mut running = program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut typed = running.stdin.take().unwrap();
        for secret in secrets {
            writeln!(typed, "{secret}").unwrap();
        }
        drop(typed);
        let said = running.wait_with_output().unwrap();
        let [out, err] = [said.stdout, said.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        for secret in secrets {
            assert!(!out.contains(secret) && !err.contains(secret), "{arguments:?} told a secret: {out}{err}");
        }
        Said { code: said.status.code(), out, err }
    }

    fn ok(&self, arguments: &[&str], secrets: &[&str]) -> String {
        let said = self.run(arguments, secrets);
        assert_eq!(said.code, Some(0), "{arguments:?}: {}{}", said.out, said.err);
        said.out
    }

    fn refused(&self, arguments: &[&str], secrets: &[&str]) -> String {
        let said = self.run(arguments, secrets);
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{arguments:?}: {}", said.err);
        said.err
    }

    fn reads(&self, name: &str, password: &str) -> Vec<String> {
        self.ok(&["read", name], &[password]).lines().map(str::to_owned).collect()
    }
}

fn codes(out: &str) -> Vec<String> {
    out.lines().filter_map(|line| line.strip_prefix("  ")).map(str::to_owned).collect()
}

#[test]
fn users_read_what_is_theirs_and_whoever_takes_all_the_rest_reads_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program(folder.path());

    let of_ada = codes(&program.ok(&["sign-up", "ada"], &["ada's password"]));
    assert_eq!(of_ada.len(), 10);
    program.ok(&["sign-up", "bob"], &["bob's password"]);
    program.ok(&["sign-up", "carol"], &["carol's password"]);
    program.refused(&["sign-up", "ada"], &["another"]);

    // Write, read, search.
    for (title, text) in [("Shopping", "Milk and bread"), ("Diary", "I like bob"), ("diary", "He likes carol")] {
        program.ok(&["write", "ada", title, text], &["ada's password"]);
    }
    assert_eq!(program.reads("ada", "ada's password").len(), 3);
    assert_eq!(program.reads("bob", "bob's password"), [""; 0]);
    let found = program.ok(&["search", "ada", " DIARY"], &["ada's password"]);
    assert_eq!(found, "2 Diary: I like bob\n3 diary: He likes carol\n2 found.\n");
    assert_eq!(program.ok(&["search", "bob", "diary"], &["bob's password"]), "0 found.\n");
    let wrong = program.refused(&["read", "ada"], &["bob's password"]);
    assert!(wrong.contains("wrong"), "{wrong}");

    // A note for one person, and notes for a group.
    program.refused(&["share", "bob", "1", "carol"], &["bob's password"]);
    program.ok(&["share", "ada", "1", "bob"], &["ada's password"]);
    assert_eq!(program.reads("bob", "bob's password"), ["1 (note 1) Shopping: Milk and bread"]);
    assert_eq!(program.reads("ada", "ada's password").len(), 3);
    program.ok(&["invite", "ada", "club", "carol"], &["ada's password"]);
    program.ok(&["invite", "carol", "club", "bob"], &["carol's password"]);
    program.ok(&["write", "carol", "Plan", "Meet at noon", "--group", "club"], &["carol's password"]);
    assert_eq!(program.reads("bob", "bob's password").last().unwrap(), "4 (club) Plan: Meet at noon");
    let found = program.ok(&["search", "bob", "plan"], &["bob's password"]);
    assert_eq!(found, "4 (club) Plan: Meet at noon\n1 found.\n");

    // Another password.
    program.ok(&["passwd", "ada"], &["ada's password", "ada's next"]);
    program.refused(&["read", "ada"], &["ada's password"]);
    assert_eq!(program.reads("ada", "ada's next").len(), 4);

    // A member who is removed.
    let removed = program.ok(&["remove", "ada", "club", "bob"], &["ada's next"]);
    assert!(removed.contains("2 values were sealed anew"), "{removed}");
    program.ok(&["write", "carol", "Plan B", "Meet without bob", "--group", "club"], &["carol's password"]);
    assert_eq!(program.reads("bob", "bob's password"), ["1 (note 1) Shopping: Milk and bread"]);
    program.refused(&["write", "bob", "Plan C", "Let me in", "--group", "club"], &["bob's password"]);
    assert_eq!(program.reads("ada", "ada's next").len(), 5);

    // A password that is lost.
    let recovered = program.ok(&["recover", "ada"], &[&of_ada[3].to_lowercase(), "ada's last"]);
    assert!(recovered.contains("4 values were sealed anew"), "{recovered}");
    assert_eq!(codes(&recovered).len(), 10);
    program.refused(&["recover", "ada"], &[&of_ada[3], "once more"]);
    program.refused(&["recover", "ada"], &[&of_ada[4], "once more"]);
    program.refused(&["read", "ada"], &["ada's next"]);
    assert_eq!(program.reads("ada", "ada's last").len(), 5);
    assert!(program.ok(&["search", "ada", "diary"], &["ada's last"]).ends_with("2 found.\n"));

    // An account that is erased; the group reads on.
    let erased = program.ok(&["erase", "carol"], &["carol's password"]);
    assert!(erased.contains("unreadable") && erased.contains("survive"), "{erased}");
    program.refused(&["read", "carol"], &["carol's password"]);
    assert_eq!(program.reads("ada", "ada's last").len(), 5);

    // Nobody is signed in.
    let listed = program.ok(&["list"], &[]);
    assert_eq!(listed.lines().count(), 5);
    assert!(listed.lines().all(|line| line.ends_with("Sealed([redacted])")), "{listed}");

    // Someone with the database, the root key and the program.
    let before = std::fs::read(folder.path().join("notes.db")).unwrap();
    for plaintext in ["Milk and bread", "Shopping", "Meet at noon", "I like bob", "ada's last"] {
        assert!(!before.windows(plaintext.len()).any(|bytes| bytes == plaintext.as_bytes()), "{plaintext}");
    }
    let attack = program.ok(&["attack"], &[]);
    for seen in [
        "ada (1 Password, 10 RecoveryCode) wrote 3 notes",
        "bob (1 Password, 10 RecoveryCode) wrote 0 notes",
        "carol (erased) wrote 2 notes",
        "`note 1` is read by ada, bob\n",
        "`club` is read by ada\n",
        "titles that someone gave twice: 1\n",
        "Tried: 10 values, ",
        "  0 values were read\n",
    ] {
        assert!(attack.contains(seen), "{seen}: {attack}");
    }
    for text in ["milk", "shopping", "noon", "diary"] {
        assert!(!attack.to_lowercase().contains(text), "{attack}");
    }
    assert!(std::fs::read(folder.path().join("notes.db")).unwrap() == before, "the attack wrote something");

    // The same attack reads what it can: an account in escrow, a password that many people choose, and what is shared
    // with such a person.
    program.ok(&["sign-up", "eve", "--escrow"], &["eve's password"]);
    program.ok(&["sign-up", "dan"], &["123456"]);
    program.ok(&["write", "eve", "Open", "to the application"], &["eve's password"]);
    program.ok(&["write", "dan", "Careless", "but shared"], &["123456"]);
    program.ok(&["share", "ada", "2", "dan"], &["ada's last"]);
    let said = program.run(&["attack"], &[]);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    let read: Vec<&str> = said.out.lines().filter_map(|line| line.strip_prefix("  READ ")).collect();
    let expected = [
        ("title of note 6", "eve by escrow"),
        ("body of note 6", "eve by escrow"),
        ("title of note 7", "dan by a guessed password"),
        ("body of note 7", "dan by a guessed password"),
        ("title of note 2", "dan by a guessed password, in note 2"),
        ("body of note 2", "dan by a guessed password, in note 2"),
    ];
    assert_eq!(read.len(), expected.len(), "{}", said.out);
    for (value, key) in expected {
        assert!(read.contains(&format!("{value}: {key}").as_str()), "{value}: {}", said.out);
    }
    assert_eq!(program.reads("eve", "eve's password"), ["6 Open: to the application"]);
}
