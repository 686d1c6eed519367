//! First start by several processes at once, and by processes that are killed on the way (Unix).
//!
//! The test binary runs itself again with [`FOLDER`] set.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::*;

/// The folder for the child's keys. Beside it, `ready-<pid>` says that the child waits, and `go` sends it off.
const FOLDER: &str = "DIESEL_ENCRYPTED_TEST_FOLDER";

#[test]
#[ignore = "the body of the processes that the other tests of this file start"]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let parent = folder.parent().unwrap();
    fs::write(parent.join(format!("ready-{}", std::process::id())), "").unwrap();
    while !parent.join("go").exists() {
        std::hint::spin_loop();
    }
    let keys = RootKeys::from_folder(&folder).unwrap();
    let done = format!("{}", keys.active().fingerprint());
    fs::write(parent.join(format!("done-{}", std::process::id())), done).unwrap();
}

/// A child that is ready to open the folder.
fn start(folder: &Path) -> Child {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "source::tests::processes::child", "--ignored"])
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let ready = folder.parent().unwrap().join(format!("ready-{}", child.id()));
    let begin = Instant::now();
    while !ready.exists() {
        assert!(begin.elapsed() < Duration::from_secs(60), "the child does not start");
        std::thread::sleep(Duration::from_millis(1));
    }
    child
}

#[test]
fn processes_that_start_at_once_agree_on_one_key() {
    for _ in 0..3 {
        let parent = private_folder();
        let folder = parent.path().join("keys");
        let children: Vec<Child> = (0..3).map(|_| start(&folder)).collect();
        fs::write(parent.path().join("go"), "").unwrap();
        for mut child in children {
            assert!(child.wait().unwrap().success());
            let done = fs::read_to_string(parent.path().join(format!("done-{}", child.id()))).unwrap();
            assert_eq!(done, RootKeys::from_folder(&folder).unwrap().active().fingerprint().to_string());
        }
    }
}

#[test]
fn a_process_that_is_killed_on_first_start_leaves_no_broken_key() {
    for step in 0..16 {
        let parent = private_folder();
        let folder = parent.path().join("keys");
        let mut child = start(&folder);
        fs::write(parent.path().join("go"), "").unwrap();
        std::thread::sleep(Duration::from_micros(step * 100));
        child.kill().unwrap();
        child.wait().unwrap();

        let before = fs::read(folder.join("root-1.key")).ok();
        let keys = RootKeys::from_folder(&folder).unwrap();
        assert_eq!(ids(&keys), ["root-1"]);
        let after = fs::read(folder.join("root-1.key")).unwrap();
        assert!(before.is_none_or(|before| before == after), "a key that was made is kept");
    }
}
