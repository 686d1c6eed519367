//! Several tenants in one table: each one's rows are sealed by its own vault.

use diesel_encrypted::{
    OpenVault, Vault, VaultBuilder,
    maintenance::{Maintenance, MaintenanceError, Selection},
};
use diesel_encrypted_tests::people::{self, Database, MIGRATING, OLD};

use super::{on, on_every_database};

on_every_database! {
    the_rows_of_a_tenant_are_sealed_by_its_own_vault,
}

fn vault<C: Database>(connection: &mut C, tenant: &str) -> Vault {
    let builder = MIGRATING.iter().fold(Vault::builder(people::root_keys()), VaultBuilder::field);
    builder.scope(tenant).open(connection).unwrap()
}

fn the_rows_of_a_tenant_are_sealed_by_its_own_vault<C: Database>() {
    let mut connection = people::table::<C>();
    people::fill_in_the_clear(&mut *connection, 0..90);
    connection.batch_execute("UPDATE people SET other = id % 3").unwrap();
    connection.batch_execute("UPDATE people SET email = NULL WHERE id = 1").unwrap();
    let [one, two] = ["one", "two"].map(|tenant| vault(&mut *connection, tenant));
    let all = Selection::all();
    let clear = |connection: &mut C| connection.number("count(*) FROM people WHERE note LIKE 'note %'");

    let mut maintenance = Maintenance::open(&mut *connection, &one).unwrap();
    assert!(matches!(maintenance.backfill(&all).run(on), Err(MaintenanceError::Scoped { .. })));
    let unknown = maintenance.backfill(&all).only("tenant", "1").run(on);
    assert!(matches!(unknown, Err(MaintenanceError::NoColumn { column, .. }) if column == "tenant"));
    assert_eq!(maintenance.backfill(&all).only("other", "1").dry_run().run(on).unwrap().counts().done, 89);
    let report = maintenance.backfill(&all).only("other", "1").batch(7).run(on).unwrap();
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(report.counts().done, 89, "30 rows of three columns, one of which is NULL");
    assert_eq!(maintenance.backfill(&all).only("other", "1").run(on).unwrap().counts().seen(), 0);
    assert_eq!(clear(&mut connection), 60);
    // A value that only ends the same, or would be SQL.
    let mut maintenance = Maintenance::open(&mut *connection, &two).unwrap();
    for value in ["12", "2'", "2 OR 1 = 1", ""] {
        assert_eq!(maintenance.backfill(&all).only("other", value).run(on).unwrap().counts().seen(), 0, "{value}");
    }
    assert_eq!(maintenance.backfill(&all).only("other", "2").run(on).unwrap().counts().done, 90);
    assert_eq!(clear(&mut connection), 30);

    for (tenant, vault) in [(1, &one), (2, &two)] {
        let mut maintenance = Maintenance::open(&mut *connection, vault).unwrap();
        let only = maintenance.verify(&all).only("other", &tenant.to_string()).run(on).unwrap();
        assert!(only.is_clean() && only.counts().skipped == 0, "{only:?}");
        for (id, email, _) in connection.rows(&format!("id, email, email FROM people WHERE other = {tenant}")) {
            let Some(email) = email else { continue };
            let opened: String = vault.open(&MIGRATING[0], &email).unwrap();
            assert_eq!(opened, format!("Person{id}.0@example.org"));
            let elsewhere = if tenant == 1 { &two } else { &one };
            assert!(elsewhere.open::<String>(&MIGRATING[0], &email).is_err(), "another tenant's vault opens it");
        }
    }
    // Where the model refuses plaintext, what is refused is counted among these rows alone.
    let builder = OLD.iter().fold(Vault::builder(people::root_keys()), VaultBuilder::field);
    let strict = builder.scope("one").open(&mut *connection).unwrap();
    let mut maintenance = Maintenance::open(&mut *connection, &strict).unwrap();
    assert_eq!(maintenance.backfill(&all).only("other", "1").run(on).unwrap().counts().seen(), 0);
    let note = Selection::all().column("people", "note");
    let refused = maintenance.backfill(&note).only("other", "0").run(on);
    assert!(matches!(refused, Err(MaintenanceError::StrictColumn { rows: 30, .. })), "{refused:?}");
}
