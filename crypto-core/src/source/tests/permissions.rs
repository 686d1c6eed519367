//! Who else may reach a key (Unix).

use super::*;

#[test]
fn a_file_or_folder_that_others_may_reach_is_refused_with_the_command_that_closes_it() {
    let parent = private_folder();
    let folder = parent.path().join("keys");
    RootKeys::from_folder(&folder).unwrap();
    let key = folder.join("root-1.key");

    for loose in [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o666, 0o777] {
        set_mode(&key, loose);
        let message = refusal(RootKeys::from_folder(&folder), &[]);
        assert_says(&message, &[&format!("mode {loose:04o}"), &format!("`chmod 600 '{}'`", key.display())]);
    }
    set_mode(&key, 0o600);
    for loose in [0o750, 0o705, 0o720, 0o702, 0o710, 0o701, 0o755, 0o1777] {
        set_mode(&folder, loose);
        let message = refusal(RootKeys::from_folder(&folder), &[]);
        assert_says(&message, &[&format!("mode {loose:04o}"), &format!("`chmod 700 '{}'`", folder.display())]);
    }
    for tight in [0o700, 0o500] {
        set_mode(&folder, tight);
        set_mode(&key, tight & 0o600);
        RootKeys::from_folder(&folder).unwrap();
    }
}

#[test]
fn no_key_is_made_in_a_folder_that_others_may_reach() {
    let folder = private_folder();
    set_mode(folder.path(), 0o755);
    refusal(RootKeys::from_folder(folder.path()), &[]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn what_is_made_is_for_its_owner_alone() {
    let parent = private_folder();
    let folder = parent.path().join("keys");
    RootKeys::from_folder(&folder).unwrap();
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join("root-1.key")), 0o600);
    let parameters = parent.path().join("root.phc");
    RootKeys::from_passphrase(BASE64, &parameters).unwrap();
    assert_eq!(mode(&parameters), 0o600);
}

#[test]
fn files_named_by_variables_are_checked_too() {
    let folder = private_folder();
    let path = folder.path().join("secret");
    fs::write(&path, HEX).unwrap();
    set_mode(&path, 0o644);
    let path = path.to_str().unwrap();
    let chmod = format!("`chmod 600 '{path}'`");
    assert_says(&refusal(RootKeys::from_file(path), &[HEX]), &["mode 0644", &chmod]);

    let parameters = folder.path().join("root.phc");
    let from = |file: &str| {
        RootKeys::from_vars(|name| match name {
            "ENCRYPTION_PASSPHRASE_FILE" => Some(file.into()),
            "ENCRYPTION_PASSPHRASE_PARAMETERS" => Some(parameters.clone().into()),
            _ => None,
        })
    };
    assert_says(&refusal(from(path), &[HEX]), &["mode 0644", &chmod]);
    set_mode(Path::new(path), 0o400);
    from(path).unwrap();
    set_mode(&parameters, 0o660);
    assert_says(&refusal(from(path), &[HEX]), &["mode 0660", parameters.to_str().unwrap()]);
}

#[test]
fn a_link_is_followed_and_its_target_is_checked() {
    let folder = private_folder();
    let target = folder.path().join("target");
    let link = folder.path().join("link");
    write_private(&target, HEX);
    std::os::unix::fs::symlink(&target, &link).unwrap();
    RootKeys::from_file(&link).unwrap();
    set_mode(&target, 0o640);
    assert_says(&refusal(RootKeys::from_file(&link), &[HEX]), &["mode 0640"]);
    fs::remove_file(&target).unwrap();
    assert_says(&refusal(RootKeys::from_file(&link), &[]), &["cannot read", link.to_str().unwrap()]);
}

#[test]
fn a_folder_or_a_pipe_in_place_of_a_file_is_refused_at_once() {
    let folder = private_folder();
    assert_says(&refusal(RootKeys::from_file(folder.path()), &[]), &["not a regular file"]);
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert_says(&refusal(RootKeys::from_file(&pipe), &[]), &["not a regular file"]);
    fs::create_dir(folder.path().join("id.key")).unwrap();
    assert_says(&refusal(RootKeys::from_folder(folder.path()), &[]), &["id.key is not a regular file"]);
}
