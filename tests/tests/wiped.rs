//! Keys are gone from memory once they are dropped: the whole process is searched for them, by reading `/proc/self/mem`.
//!
//! What is looked for is held masked, so that the search does not find itself, and is the second half of a key, because
//! an allocator writes its own notes over the first bytes of what is freed. Copies that a move or a register leaves on
//! the stack are not wiped by anyone and are overwritten by whatever runs next; [`overwrite_stack`] is that here. So this
//! speaks of the heap and of static memory, where what is left behind stays.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test that cannot go on fails, and memory is read by its addresses"
)]

use std::{
    fs::{self, File},
    hint::black_box,
    io::Write,
    os::unix::fs::{FileExt, PermissionsExt},
    sync::{Mutex, PoisonError},
};

use diesel::connection::SimpleConnection;
use diesel_encrypted::{OpenVault, Sealed};
use diesel_encrypted_core::{
    Algorithm, Field, LocalRootKey, RootKey, RootKeyId, RootKeys, Vault, VaultBuilder,
    format::text,
    keys::{DataKey, Secret},
};
use diesel_encrypted_tests::backend::Backend;
use diesel_encrypted_tests::clinic::{self, Patient, patients};
use diesel_encrypted_tests::on_every_backend;
use diesel_encrypted_tests::vectors::{self, FIELDS, Key, document, field, hex};
use zeroize::Zeroizing;

const MASK: u8 = 0xA5;
/// The bytes that are compared: half a key.
const LEN: usize = 16;

/// What must not be found, masked.
struct Pattern {
    what: String,
    masked: [u8; LEN],
}

impl Pattern {
    /// The second half of a key that is written in hex.
    fn of_hex(what: &str, key: &str) -> Self {
        let digit = |at: usize| char::from(key.as_bytes()[at]).to_digit(16).unwrap() as u8;
        let masked = std::array::from_fn(|at| (digit(2 * (LEN + at)) << 4 | digit(2 * (LEN + at) + 1)) ^ MASK);
        Self { what: what.to_owned(), masked }
    }

    /// Bytes `LEN..2 * LEN` of `bytes`.
    fn of_bytes(what: &str, bytes: &[u8]) -> Self {
        Self { what: what.to_owned(), masked: std::array::from_fn(|at| bytes[LEN + at] ^ MASK) }
    }
}

fn unmasked(hex: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(vectors::hex(hex))
}

fn secret(hex: &str) -> Secret {
    Secret::from_slice(&unmasked(hex)).unwrap()
}

/// The names of the patterns that stand anywhere in the writable memory of this process.
fn found<'a>(patterns: &[&'a Pattern]) -> Vec<&'a str> {
    const CHUNK: usize = 1 << 20;
    let mut buffer = vec![0_u8; CHUNK + LEN];
    let own = buffer.as_ptr() as usize..buffer.as_ptr() as usize + buffer.len();
    let mut begins = [false; 256];
    patterns.iter().for_each(|pattern| begins[usize::from(pattern.masked[0] ^ MASK)] = true);

    let memory = File::open("/proc/self/mem").unwrap();
    let mut seen = vec![false; patterns.len()];
    for line in fs::read_to_string("/proc/self/maps").unwrap().lines() {
        let mut columns = line.split(' ');
        let (start, end) = columns.next().unwrap().split_once('-').unwrap();
        if !columns.next().unwrap().starts_with("rw") {
            continue;
        }
        let (start, end) = (usize::from_str_radix(start, 16).unwrap(), usize::from_str_radix(end, 16).unwrap());
        for chunk in (start..end).step_by(CHUNK) {
            let wanted = (end - chunk).min(buffer.len());
            let Ok(read) = memory.read_at(&mut buffer[..wanted], chunk as u64) else { break };
            // What was read is in this buffer too.
            for at in own.start.max(chunk)..own.end.min(chunk + read) {
                buffer[at - chunk] = 0;
            }
            for (at, _) in buffer[..read].iter().enumerate().filter(|(_, byte)| begins[usize::from(**byte)]) {
                let Some(window) = buffer[..read].get(at..at + LEN) else { break };
                for (pattern, seen) in patterns.iter().zip(&mut seen) {
                    *seen |= window.iter().zip(&pattern.masked).all(|(byte, masked)| byte ^ MASK == *masked);
                }
            }
        }
    }
    black_box(&mut buffer).fill(0);
    black_box(&buffer);
    patterns.iter().zip(seen).filter_map(|(pattern, seen)| seen.then_some(&*pattern.what)).collect()
}

/// Writes over several hundred KiB of the stack below the caller.
#[inline(never)]
fn overwrite_stack() {
    fn deeper(frames: usize) {
        let frame = black_box([0_u8; 4096]);
        if frames > 0 {
            deeper(frames - 1);
        }
        black_box(&frame);
    }
    deeper(64);
}

#[inline(never)]
fn apart<T>(work: impl FnOnce() -> T) -> T {
    let made = work();
    overwrite_stack();
    made
}

/// `held` must be found while what `make` gives lives, `passed` must not even then, and none of it before and after.
fn assert_wiped<T>(held: &[Pattern], passed: &[Pattern], make: impl FnOnce() -> T) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let nothing: [&str; 0] = [];
    let all: Vec<&Pattern> = held.iter().chain(passed).collect();
    apart(|| ());
    assert_eq!(found(&all), nothing, "before");
    let live = apart(make);
    assert_eq!(found(&all), held.iter().map(|pattern| &*pattern.what).collect::<Vec<_>>(), "while it lives");
    apart(|| drop(live));
    assert_eq!(found(&all), nothing, "after");
}

fn derived(name: &str) -> Pattern {
    Pattern::of_hex(name, &document().derivations.iter().find(|it| it.name == name).unwrap().out)
}

fn root_patterns() -> Vec<Pattern> {
    document().root_keys.iter().map(|root| Pattern::of_hex(&root.id, &root.key)).collect()
}

fn row(name: &str) -> &'static Key {
    document()
        .encryption_keys
        .iter()
        .find(|row| row.name == name && row.scope.is_none() && row.state == "active")
        .unwrap()
}

fn data_key(name: &str) -> Pattern {
    Pattern::of_hex(&format!("data key of {name}"), &row(name).data_key)
}

/// The state of SHA-256 after the first block of HMAC, for the inner or outer pad: as good as the key.
fn hmac_state(what: &str, key: &str, pad: u8) -> Pattern {
    apart(|| {
        let mut block = Zeroizing::new([pad; 64]);
        block.iter_mut().zip(unmasked(key).iter()).for_each(|(byte, key)| *byte ^= key);
        let mut state = Zeroizing::new([
            0x6a09_e667_u32,
            0xbb67_ae85,
            0x3c6e_f372,
            0xa54f_f53a,
            0x510e_527f,
            0x9b05_688c,
            0x1f83_d9ab,
            0x5be0_cd19,
        ]);
        sha2::block_api::compress256(&mut state, &[*block]);
        let bytes = Zeroizing::new(state.iter().flat_map(|word| word.to_ne_bytes()).collect::<Vec<_>>());
        Pattern::of_bytes(what, &bytes)
    })
}

fn index_patterns() -> Vec<Pattern> {
    let key = &document().derivations.iter().find(|it| it.name == "index").unwrap().out;
    vec![hmac_state("inner HMAC state", key, 0x36), hmac_state("outer HMAC state", key, 0x5C)]
}

fn root(at: usize) -> LocalRootKey {
    let root = &document().root_keys[at];
    LocalRootKey::new(RootKeyId::new(&*root.id).unwrap(), secret(&root.key))
}

fn builder() -> VaultBuilder {
    let builder = Vault::builder(RootKeys::new(root(0)).with(root(1)).unwrap()).application(&*document().application);
    FIELDS.into_iter().fold(builder, VaultBuilder::field)
}

#[test]
fn a_secret_is_wiped() {
    let key = &document().root_keys[0].key;
    // Many of them: the search itself allocates, and may write over what one of them left.
    let many = || (0..64).map(|_| secret(key)).collect::<Vec<_>>();
    assert_wiped(&[Pattern::of_hex("secret", key)], &[], many);
}

#[test]
fn a_root_key_is_wiped_and_leaves_nothing_of_what_it_wraps() {
    let row = row("people.name");
    let passed = [derived("root_wrap_aes_256_gcm"), data_key("people.name")];
    assert_wiped(&[Pattern::of_hex("root key", &document().root_keys[0].key)], &passed, || {
        let root = root(0);
        let key = root.unwrap(&hex(&row.context), &hex(&row.wrapped)).unwrap();
        root.wrap(&hex(&row.context), &key).unwrap();
        root
    });
}

#[test]
fn a_data_key_is_wiped() {
    let row = row("people.name");
    assert_wiped(&[data_key("people.name")], &root_patterns(), || {
        let check = hex(&row.check).try_into().unwrap();
        let key = DataKey::unwrap(row.row().context, &root(0), &hex(&row.wrapped), &check).unwrap();
        key.wrap(&root(1)).unwrap();
        key
    });
}

/// Uses every algorithm and an index, so that every schedule is made.
fn use_all(vault: &Vault) {
    let algorithms: [(&'static Field, Algorithm); 2] =
        [(field("people.name"), Algorithm::Aes256Gcm), (field("people.phone"), Algorithm::Xaes256Gcm)];
    for (field, algorithm) in algorithms {
        let sealed = vault.seal(field, "030 1234").unwrap();
        assert_eq!(vault.open::<String>(field, sealed).unwrap(), "030 1234", "{algorithm:?}");
    }
    let owner = diesel_encrypted_core::Owner::of(&42_i64).unwrap();
    let sealed = vault.seal_bound(field("people.note"), "a note", &owner).unwrap();
    assert_eq!(vault.open_bound::<String>(field("people.note"), sealed, &owner).unwrap(), "a note");
    vault.search_slots(field("people.email"), 0, "ada").unwrap();
}

/// The key that XChaCha20-Poly1305 keeps as it is, and AES keeps as its first two round keys where it has instructions.
fn aead_patterns() -> Vec<Pattern> {
    let mut patterns = vec![derived("aead_xchacha20_poly1305_of_note")];
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("aes") {
        patterns.push(derived("aead_aes_256_gcm"));
    }
    patterns
}

#[test]
fn a_vault_is_wiped_and_holds_no_root_key() {
    let mut held = vec![data_key("people.name"), data_key("people.note"), data_key("people.phone")];
    held.extend(index_patterns());
    held.extend(aead_patterns());
    let mut passed = root_patterns();
    passed.extend([Pattern::of_hex("state key", &document().encryption_keys[0].data_key), derived("state")]);
    passed.extend([data_key("index:people.email:default"), derived("index")]);
    passed.extend([derived("root_wrap_aes_256_gcm"), derived("root_wrap_xchacha20_poly1305")]);
    assert_wiped(&held, &passed, || {
        let vault = builder().open_with(&mut vectors::store()).unwrap();
        use_all(&vault);
        vault
    });
}

on_every_backend! {
    fn a_vault_over_a_database_holds_no_root_key_and_leaves_none<C>() {
        let key = &document().root_keys[0].key;
        let patterns = [Pattern::of_hex("root key", key), derived("root_wrap_aes_256_gcm")];
        let mut connection = C::fresh();
        for table in clinic::tables(C::DIALECT) {
            connection.batch_execute(&table).unwrap();
        }
        // At first its keys are made and wrapped, then they are unwrapped.
        for _ in 0..2 {
            assert_wiped(&[], &patterns, || {
                let vault = Vault::builder(RootKeys::new(root(0))).model::<Patient>().open(&mut *connection).unwrap();
                let _sealed = vault.enter(|| Sealed::<String, patients::email>::seal("ada@example.org")).unwrap();
                vault
            });
        }
    }
}

#[test]
fn a_vault_that_does_not_open_leaves_no_key() {
    let mut passed = root_patterns();
    passed.extend([data_key("people.name"), Pattern::of_hex("state key", &document().encryption_keys[0].data_key)]);
    passed.extend(index_patterns());
    assert_wiped(&[], &passed, || {
        let store = vectors::store();
        store.tamper(|stored| stored.keys[1].check[0] ^= 1);
        builder().open_with(&mut store.clone()).unwrap_err()
    });
}

#[test]
fn a_key_read_from_a_folder_is_wiped_with_its_text() {
    let key = &document().root_keys[0].key;
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let path = folder.path().join("root-1.key");
    let base64 = apart(|| {
        let mut text = Zeroizing::new(text::encode(&unmasked(key)).into_bytes());
        text.iter_mut().for_each(|byte| {
            *byte = match *byte {
                b'-' => b'+',
                b'_' => b'/',
                byte => byte,
            }
        });
        fs::write(&path, &text).unwrap();
        Pattern::of_bytes("base64", &text)
    });
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"=\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert_wiped(&[Pattern::of_hex("root key", key)], &[base64], || RootKeys::from_folder(folder.path()).unwrap());
}
