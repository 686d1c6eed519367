//! What the log is told of root keys.

use std::fmt::{self, Write as _};
use std::sync::{Arc, LazyLock, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Metadata, Subscriber};

use super::*;

/// Keeps every event of the current thread as text.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<String>>);

impl Subscriber for Recorder {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut text = self.0.lock().unwrap();
        write!(text, "{} ", event.metadata().level()).unwrap();
        event.record(&mut Text(&mut text));
        text.push('\n');
    }
}

struct Text<'a>(&'a mut String);

impl Visit for Text<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, "{field}={value:?} ").unwrap();
    }
}

/// With a single subscriber, `tracing` asks only the thread that first meets an event whether anyone listens, and that may
/// be another test's. With several it asks them all.
static LISTENERS: LazyLock<[Dispatch; 2]> =
    LazyLock::new(|| [Dispatch::new(Recorder::default()), Dispatch::new(Recorder::default())]);

/// The events of `action`.
fn events_of(action: impl FnOnce() -> RootKeys) -> String {
    LazyLock::force(&LISTENERS);
    let recorder = Recorder::default();
    tracing::subscriber::with_default(recorder.clone(), action);
    let text = recorder.0.lock().unwrap();
    text.clone()
}

#[test]
fn loading_tells_source_ids_and_fingerprints_and_no_key() {
    let lines = format!("first/{BASE64}\nsecond/{OTHER_BASE64}");
    let events = events_of(|| RootKeys::from_key_list(&lines, Some("second")).unwrap());
    assert_says(
        &events,
        &[
            "INFO",
            "the key list",
            &format!("id=second fingerprint={} active=true", fingerprint(OTHER_BASE64)),
            &format!("id=first fingerprint={} active=false", fingerprint(BASE64)),
        ],
    );
    for secret in [HEX, BASE64, OTHER_BASE64] {
        assert_no_piece(&events, secret);
    }
}

#[test]
fn the_first_start_tells_the_path_and_no_key() {
    let folder = private_folder();
    let events = events_of(|| RootKeys::from_folder(folder.path()).unwrap());
    assert_says(&events, &["root key made", folder.path().join("root-1.key").to_str().unwrap(), "id=root-1"]);
    assert_no_piece(&events, fs::read_to_string(folder.path().join("root-1.key")).unwrap().trim());
}

#[test]
fn a_passphrase_and_its_salt_stay_out_of_the_log() {
    let folder = private_folder();
    let path = folder.path().join("root.phc");
    let events = events_of(|| RootKeys::from_passphrase(BASE64, &path).unwrap());
    assert_says(&events, &["root key loaded", "the passphrase", "key-"]);
    let parameters = fs::read_to_string(&path).unwrap();
    assert_no_piece(&events, parameters.trim().rsplit('$').next().unwrap());
    assert_no_piece(&events, BASE64);
}

#[test]
fn an_old_temporary_file_is_told_of() {
    let folder = private_folder();
    let path = folder.path().join(".0123456789abcdef.tmp");
    write_private(&path, BASE64);
    let open = || RootKeys::from_folder(folder.path()).unwrap();
    assert!(!events_of(open).contains("WARN"), "it may belong to a process that is starting");
    let hour_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    fs::File::options().write(true).open(&path).unwrap().set_modified(hour_ago).unwrap();
    assert_says(&events_of(open), &["WARN", path.to_str().unwrap(), "remove this file"]);
}
