//! What SQL alone tells of encrypted columns.

use std::collections::BTreeMap;

use diesel_encrypted::{
    Algorithm,
    keys::KeyState,
    maintenance::{Maintenance, Selection, status},
};
use diesel_encrypted_tests::people::{self, Database, NEW, OLD};

use super::{on, on_every_database};

on_every_database! {
    columns_are_counted_without_a_key,
}

fn columns_are_counted_without_a_key<C: Database>() {
    let mut connection = people::table::<C>();
    let old = people::vault(&mut *connection, &OLD);
    people::fill(&mut *connection, &old, &OLD, 0..100);
    let new = people::vault(&mut *connection, &NEW);
    people::fill(&mut *connection, &new, &NEW, 100..140);
    let elsewhere = people::vault(&mut *people::table::<C>(), &OLD);
    people::fill(&mut *connection, &elsewhere, &OLD, 141..143);
    let clear = C::literal(b"Ada");
    connection.batch_execute(&format!("INSERT INTO people (id, email, note) VALUES (200, {clear}, 'Ada')")).unwrap();

    let columns = status(&mut *connection).unwrap();
    assert_eq!(columns.iter().map(|column| column.column.as_str()).collect::<Vec<_>>(), ["chart", "email", "note"]);
    for (column, (field, algorithm)) in columns.iter().zip([
        (&NEW[2], Algorithm::Xaes256Gcm),
        (&NEW[0], Algorithm::Xaes256Gcm),
        (&NEW[1], Algorithm::XChaCha20Poly1305),
    ]) {
        let key_id = new.field_state(field).unwrap().active.unwrap();
        let lost = column.keys.iter().find(|key| key.key_id != key_id).unwrap();
        assert_eq!((lost.rows, lost.state), (2, None), "{column:?}");
        let by = |algorithm| {
            let count =
                column.keys.iter().find(|key| key.key_id == key_id && key.algorithm == Some(algorithm)).unwrap();
            assert_eq!(count.state, Some(KeyState::Active));
            assert!(count.bytes > 50 * count.rows, "{column:?}");
            count.rows
        };
        assert_eq!((by(Algorithm::Aes256Gcm), by(algorithm)), (90, 36));
        let plaintext = u64::from(column.column != "chart");
        assert_eq!((column.plaintext, column.plaintext_bytes, column.null), (plaintext, 3 * plaintext, 15 - plaintext));
        assert_eq!(column.sealed(), 128);
        assert!((column.percent_active() - 100.0 * 126.0 / 128.0).abs() < 1e-9);
        assert!(plaintext == 0 || (column.percent_sealed() - 100.0 * 128.0 / 129.0).abs() < 1e-9);
    }
    let (email, note) = (&columns[1], &columns[2]);
    let names = |column: &diesel_encrypted::maintenance::ColumnStatus| {
        column.indexes.iter().map(|index| index.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        (names(email), names(note)),
        (vec!["default".into(), "exact".into()], vec!["default".into(), "exact".into(), "short".into()])
    );
    for column in [email, note] {
        assert_eq!(column.indexes[0].generations, BTreeMap::from([(1, 128)]));
        assert_eq!(column.indexes[1].generations, BTreeMap::from([(0, 92), (1, 36)]));
        assert_eq!(column.indexes[1].active, [1]);
        assert!((column.indexes[1].percent_active() - 100.0 * 36.0 / 128.0).abs() < 1e-9);
    }

    let mut maintenance = Maintenance::open(&mut *connection, &new).unwrap();
    drop(maintenance.reindex(&Selection::all()).run(on).unwrap());
    let after = status(&mut *connection).unwrap();
    // Those whose key is lost cannot be reindexed.
    assert_eq!(after[1].indexes[1].generations, BTreeMap::from([(0, 2), (1, 126)]));
}
