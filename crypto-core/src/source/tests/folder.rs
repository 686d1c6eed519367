//! A folder of keys: what is read, what is made on first start, what a crash leaves.

use std::sync::Barrier;

use super::super::disk;
use super::*;

/// The names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn each_key_file_is_a_key_and_other_files_are_not() {
    let folder = private_folder();
    write_private(&folder.path().join("270263524860909922913.key"), BASE64);
    fs::write(folder.path().join("README"), "not a key").unwrap();
    fs::write(folder.path().join("._x.key"), "not a key").unwrap();
    let keys = RootKeys::from_folder(folder.path()).unwrap();
    assert_eq!(ids(&keys), ["270263524860909922913"]);
    assert_eq!(keys.active().fingerprint(), fingerprint(BASE64));
}

#[test]
fn of_several_keys_one_is_chosen() {
    let folder = private_folder();
    write_private(&folder.path().join("root-1.key"), BASE64);
    write_private(&folder.path().join("root-2.key"), format!("{OTHER_BASE64}\n"));
    let message = refusal(RootKeys::from_folder(folder.path()), &[BASE64, OTHER_BASE64]);
    assert_says(&message, &["root-1, root-2", "ENC_KEY_ACTIVE"]);
    let keys = RootKeys::from_folder_with_active(folder.path(), "root-2").unwrap();
    assert_eq!(ids(&keys), ["root-2", "root-1"]);
    let message = refusal(RootKeys::from_folder_with_active(folder.path(), "root-3"), &[]);
    assert_says(&message, &["root-1, root-2", "ENC_KEY_ACTIVE"]);
}

#[test]
fn a_key_file_that_holds_no_key_is_refused_by_path() {
    let folder = private_folder();
    let path = folder.path().join("root-1.key");
    for (contents, says) in [
        (b"".as_slice(), "0 characters"),
        (HEX.as_bytes(), "64 characters"),
        (&[0xff; 32], "not UTF-8"),
        (&[b'A'; 5000], "longer than 4096 bytes"),
    ] {
        write_private(&path, contents);
        let message = refusal(RootKeys::from_folder(folder.path()), &[HEX]);
        assert_says(&message, &[path.to_str().unwrap(), says]);
        assert_eq!(fs::read(&path).unwrap(), contents, "the file is left as it is");
    }
}

#[test]
fn a_key_file_whose_name_is_no_id_is_refused_by_path() {
    for name in ["x.key", "has space.key", "ümlaut.key", &format!("{}.key", "a".repeat(65))] {
        let folder = private_folder();
        write_private(&folder.path().join(name), BASE64);
        assert_says(&refusal(RootKeys::from_folder(folder.path()), &[BASE64]), &[name, "2 to 64"]);
    }
}

#[test]
fn a_path_that_is_no_folder_is_refused() {
    let folder = private_folder();
    let path = folder.path().join("file");
    write_private(&path, BASE64);
    assert_says(&refusal(RootKeys::from_folder(&path), &[BASE64]), &["is not a folder"]);
}

#[test]
fn a_folder_without_a_parent_is_not_made() {
    let folder = private_folder();
    let path = folder.path().join("missing").join("keys");
    assert_says(&refusal(RootKeys::from_folder(&path), &[]), &["cannot make the folder", path.to_str().unwrap()]);
    assert!(names(folder.path()).is_empty());
}

#[test]
fn on_first_start_a_key_is_made_and_kept() {
    let folder = private_folder();
    let path = folder.path().join("keys");
    let first = RootKeys::from_folder(&path).unwrap();
    assert_eq!(ids(&first), ["root-1"]);
    assert_eq!(names(&path), ["root-1.key"], "and no temporary file stays");
    let text = fs::read_to_string(path.join("root-1.key")).unwrap();
    assert_eq!(text.len(), 45);
    assert_eq!(first.active().fingerprint(), fingerprint(text.trim()));

    let second = RootKeys::from_folder(&path).unwrap();
    assert_eq!(second.active().fingerprint(), first.active().fingerprint());
    assert_eq!(fs::read_to_string(path.join("root-1.key")).unwrap(), text);
}

#[test]
fn two_folders_get_two_keys() {
    let (one, two) = (private_folder(), private_folder());
    let print = |folder: &tempfile::TempDir| RootKeys::from_folder(folder.path()).unwrap().active().fingerprint();
    assert_ne!(print(&one), print(&two));
}

#[test]
fn no_key_is_made_where_another_is_named() {
    let folder = private_folder();
    let message = refusal(RootKeys::from_folder_with_active(folder.path(), "root-2"), &[]);
    assert_says(&message, &["ENC_KEY_ACTIVE", "holds no key", folder.path().to_str().unwrap()]);
    assert!(names(folder.path()).is_empty());
    assert_eq!(ids(&RootKeys::from_folder_with_active(folder.path(), "root-1").unwrap()), ["root-1"]);
}

#[test]
fn an_existing_file_is_never_overwritten() {
    let folder = private_folder();
    let path = folder.path().join("root-1.key");
    write_private(&path, BASE64);
    assert!(!disk::create_once(&path, OTHER_BASE64, "").unwrap());
    assert_eq!(fs::read_to_string(&path).unwrap(), BASE64);
    assert_eq!(names(folder.path()), ["root-1.key"]);
}

#[test]
fn threads_that_start_at_once_agree_on_one_key() {
    for _ in 0..10 {
        let parent = private_folder();
        let path = parent.path().join("keys");
        let barrier = Barrier::new(8);
        let prints: Vec<Fingerprint> = std::thread::scope(|scope| {
            let start = || {
                barrier.wait();
                RootKeys::from_folder(&path).unwrap().active().fingerprint()
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(prints.iter().all(|print| *print == prints[0]), "{prints:?}");
        assert_eq!(names(&path), ["root-1.key"]);
    }
}

#[test]
fn what_a_crash_before_the_key_appears_leaves_is_not_read() {
    let folder = private_folder();
    write_private(&folder.path().join(".0123456789abcdef.tmp"), &BASE64[..20]);
    write_private(&folder.path().join(".fedcba9876543210.tmp"), format!("{BASE64}\n"));
    let keys = RootKeys::from_folder(folder.path()).unwrap();
    assert_eq!(ids(&keys), ["root-1"]);
    assert_ne!(keys.active().fingerprint(), fingerprint(BASE64));
    assert_eq!(names(folder.path()), [".0123456789abcdef.tmp", ".fedcba9876543210.tmp", "root-1.key"]);
}

#[test]
fn what_a_crash_after_the_key_appears_leaves_changes_nothing() {
    let folder = private_folder();
    let temporary = folder.path().join(".0123456789abcdef.tmp");
    write_private(&temporary, format!("{BASE64}\n"));
    fs::hard_link(&temporary, folder.path().join("root-1.key")).unwrap();
    let keys = RootKeys::from_folder(folder.path()).unwrap();
    assert_eq!(keys.active().fingerprint(), fingerprint(BASE64));
}

#[test]
fn a_folder_that_a_crash_left_empty_gets_its_key() {
    let parent = private_folder();
    let path = parent.path().join("keys");
    fs::create_dir(&path).unwrap();
    set_mode(&path, 0o700);
    assert_eq!(ids(&RootKeys::from_folder(&path).unwrap()), ["root-1"]);
}

#[test]
fn a_file_appears_whole_or_not_at_all() {
    let folder = private_folder();
    let path = |number: u32| folder.path().join(format!("{number}.key"));
    let contents = "x".repeat(4000);
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let seen = (0..100).map(|number| {
                loop {
                    if let Ok(seen) = fs::read(path(number)) {
                        break seen.len();
                    }
                }
            });
            seen.collect::<Vec<usize>>()
        });
        for number in 0..100 {
            assert!(disk::create_once(&path(number), &contents, "").unwrap());
        }
        assert_eq!(watcher.join().unwrap(), [contents.len(); 100]);
    });
}
