//! What is different on a terminal: questions, bars, hidden passphrases, and Ctrl-C.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test stops at what it did not expect"
)]
#![cfg(unix)]

mod program;

use std::fs;

use diesel_encrypted::sql::Dialect;
use program::{clinic::Clinic, says};
use rexpect::{
    process::WaitStatus,
    session::{PtySession, spawn_command},
};

const PASSPHRASE: &str = "correct horse battery staple";

fn clinic(patients: usize) -> Clinic {
    Clinic::with_patients(Dialect::Sqlite, patients)
}

/// The program on a terminal of its own, which waits for what it expects for 20 seconds at most.
fn on_a_terminal(clinic: &Clinic, arguments: &[&str]) -> PtySession {
    let mut command = clinic.run(arguments).into_command();
    command.env("TERM", "xterm").stdin(std::process::Stdio::inherit());
    spawn_command(command, Some(20_000)).unwrap()
}

/// What is left of what it says, if it ends with `code`.
#[track_caller]
fn ends(mut terminal: PtySession, code: i32) -> String {
    let said = terminal.exp_eof().unwrap();
    let status = terminal.process().wait().unwrap();
    assert!(matches!(status, WaitStatus::Exited(_, found) if found == code), "{status:?}: {said}");
    said
}

fn notes(clinic: &Clinic) -> serde_json::Value {
    clinic.run_without_keys(&["status", "--json"]).json()[1].clone()
}

#[test]
fn a_question_shows_what_will_be_lost_and_nothing_but_yes_goes_on() {
    let clinic = clinic(3);
    for answer in ["n", "", "y", "no", "YES"] {
        let mut terminal = on_a_terminal(&clinic, &["decrypt", "patients.note"]);
        terminal.exp_string("3 values of patients.note will stand in the database in the clear").unwrap();
        terminal.exp_string("Type yes to go on: ").unwrap();
        terminal.send_line(answer).unwrap();
        terminal.exp_string("not confirmed: nothing was done").unwrap();
        ends(terminal, 4);
        assert_eq!(notes(&clinic)["plaintext"], 0, "{answer:?}");
    }
    let mut terminal = on_a_terminal(&clinic, &["decrypt", "patients.note"]);
    terminal.exp_string("Type yes to go on: ").unwrap();
    terminal.send_control('c').unwrap();
    let ended = (terminal.exp_eof(), terminal.process().wait().unwrap());
    assert!(!matches!(ended.1, WaitStatus::Exited(_, 0)), "{ended:?}");
    assert_eq!(notes(&clinic)["plaintext"], 0);

    let mut terminal = on_a_terminal(&clinic, &["decrypt", "patients.note"]);
    terminal.exp_string("Type yes to go on: ").unwrap();
    terminal.send_line("yes").unwrap();
    ends(terminal, 0);
    assert_eq!(notes(&clinic)["plaintext"], 3);
}

#[test]
fn each_command_that_cannot_be_undone_asks() {
    let clinic = clinic(2);
    clinic.run(&["keys", "create", "patients.note"]).printed();
    clinic.run(&["keys", "activate", "patients.note", "--restarted"]).printed();
    let keys = clinic.run(&["keys", "list", "--json"]).json();
    let retired = keys.as_array().unwrap().iter().find(|key| key["state"] == "retired").unwrap()["key_id"].clone();
    let retired = retired.as_str().unwrap();
    let destroy = ["keys", "destroy", retired, "--restarted", "--force", retired];
    let questions: [(&[&str], &str); 2] = [
        (&destroy, "2 values need it: NOBODY WILL EVER READ THEM AGAIN."),
        (&["forget", "patients.note", "--force", "patients.note"], "ITS 2 SEALED VALUES"),
    ];
    for (arguments, loss) in questions {
        let mut terminal = on_a_terminal(&clinic, arguments);
        terminal.exp_string(loss).unwrap();
        terminal.exp_string("Type yes to go on: ").unwrap();
        terminal.send_line("n").unwrap();
        ends(terminal, 4);
    }
    assert_eq!(clinic.run(&["keys", "list", "--json"]).json(), keys);
    assert_eq!(notes(&clinic)["sealed"], 2);
}

#[test]
fn a_bar_is_drawn_on_a_terminal_and_a_line_is_printed_elsewhere() {
    let clinic = clinic(100);
    let work = ["verify", "patients.email", "--batch", "5", "--rate", "25"];
    let mut terminal = on_a_terminal(&clinic, &work);
    let (before, _) = terminal.exp_regex("verify patients.email .*[0-9]+/100 [0-9]+ rows/s, 0:0[0-9] left").unwrap();
    assert!(!before.contains(" of 100 rows"), "{before}");
    let rest = ends(terminal, 0);
    says(&rest, "patients.email 100 - - - -");

    // Five seconds and more, without a terminal.
    let work = ["verify", "patients.email", "--batch", "5", "--rate", "15"];
    let done = clinic.run(&work).ends(0);
    says(&done.out, "patients.email 100 - - - -");
    says(&done.err, "verify patients.email: ");
    says(&done.err, " of 100 rows, ");
    assert!(!done.err.contains('\u{1b}') && !done.err.contains('\r'), "{:?}", done.err);
}

#[test]
fn ctrl_c_stops_at_a_checkpoint_and_says_how_to_go_on() {
    let clinic = clinic(100);
    let verify = ["verify", "patients.email", "--batch", "1", "--json"];
    let mut terminal = on_a_terminal(&clinic, &[&verify[..], &["--rate", "25"]].concat());
    terminal.exp_string("rows/s").unwrap();
    terminal.send_control('c').unwrap();
    terminal.exp_string("stopping at the next checkpoint; the same command goes on from there").unwrap();
    let said = ends(terminal, 130);
    assert!(said.contains("\"interrupted\": true"), "{said}");
    let rest = clinic.run(&verify).json();
    let done = rest["columns"][0]["done"].as_u64().unwrap();
    assert!((1..100).contains(&done), "{done}: what was verified before is not verified again");
}

#[test]
fn a_passphrase_is_asked_for_twice_and_not_shown() {
    let clinic = clinic(1);
    let mut terminal = on_a_terminal(&clinic, &["keys", "export", "--root-keys", "root.age"]);
    let mut shown = terminal.exp_string("passphrase of the sealed root keys: ").unwrap();
    terminal.send_line(PASSPHRASE).unwrap();
    shown += &terminal.exp_string("the same again: ").unwrap();
    terminal.send_line("another horse battery staple").unwrap();
    shown += &ends(terminal, 4);
    assert!(shown.contains("these were two passphrases") && !shown.contains("horse"), "{shown}");
    assert!(!clinic.path("root.age").exists());

    let mut terminal = on_a_terminal(&clinic, &["keys", "export", "--root-keys", "root.age"]);
    for prompt in ["passphrase of the sealed root keys: ", "the same again: "] {
        terminal.exp_string(prompt).unwrap();
        terminal.send_line(PASSPHRASE).unwrap();
    }
    assert!(!ends(terminal, 0).contains("horse"));
    fs::rename(clinic.path("keys"), clinic.path("lost")).unwrap();
    let import = ["keys", "import", "--root-keys", "root.age", "--folder", "keys"];
    let mut terminal = on_a_terminal(&clinic, &import);
    terminal.exp_string("passphrase of the sealed root keys: ").unwrap();
    terminal.send_line(PASSPHRASE).unwrap();
    ends(terminal, 0);
    clinic.run(&["verify"]).printed();
}
