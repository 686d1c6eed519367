//! `Encrypted` and `Sealed` themselves: what they hold, print, refuse and become.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that cannot go on fails")]

use diesel::dsl::{insert_into, sql_query, update};
use diesel::prelude::*;
use diesel_encrypted::prelude::*;
use diesel_encrypted::{Class, Decode, DecodeError, Encode, EncodeError, Owner, ValueError};
use diesel_encrypted_tests::backend::Backend;
use diesel_encrypted_tests::clinic::{self, Chart, Patient, patient, patients};

type Email = Encrypted<String, patients::email>;
type SealedEmail = Sealed<String, patients::email>;
type Diagnosis = Sealed<String, patients::diagnosis>;

/// The same columns, kept sealed.
#[derive(Queryable, Selectable, Insertable, AsChangeset, Debug)]
#[diesel(table_name = patients)]
struct SealedPatient {
    id: i32,
    name: String,
    email: SealedEmail,
    phone: Option<Sealed<String, patients::phone>>,
    note: Sealed<String, patients::note>,
    memo: Sealed<Option<String>, patients::memo>,
}

/// A type of the application's own.
struct Address(String);

impl Encode for Address {
    type Class = <String as Encode>::Class;

    fn encoded_len(&self) -> usize {
        self.0.encoded_len()
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.0.encode(out)
    }
}

impl Decode for Address {
    type Class = <String as Decode>::Class;

    fn decode(class: Class, bytes: Vec<u8>) -> Result<Self, DecodeError> {
        String::decode(class, bytes).map(Self)
    }
}

#[test]
fn plaintext_comes_out_by_name_alone() {
    let email = Email::new("ada@x".into());
    assert_eq!(email.expose(), "ada@x");
    assert_eq!(email.as_ref().into_inner(), "ada@x");
    assert_eq!(email.clone(), email);
    assert_ne!(email, Email::from("bea@x".to_owned()));
    assert_eq!(Encrypted::<Option<String>, patients::email>::from(Some(email)).into_inner().as_deref(), Some("ada@x"));
}

#[test]
fn encrypted_and_sealed_become_each_other() {
    clinic::vault().enter(|| {
        let email = Email::new("ada@x".into());
        let sealed = SealedEmail::try_from(email.clone()).unwrap();
        assert_eq!(Email::try_from(sealed).unwrap(), email);
        let damaged = SealedEmail::seal("x").unwrap();
        assert!(matches!(Vault::isolated(|| Email::try_from(damaged)), Err(ValueError::NoVault { .. })));
    });
}

#[test]
fn null_is_not_sealed() {
    clinic::vault().enter(|| {
        let sealed = SealedEmail::seal(&None::<String>);
        assert!(matches!(sealed, Err(ValueError::Encode { source: EncodeError::Null, .. })), "{sealed:?}");
    });
}

macro_rules! wrappers {
    ($backend:ident: $connection:ty, $connect:path) => {
        mod $backend {
            use super::*;

            type Db = <$connection as diesel::Connection>::Backend;

            #[test]
            fn nothing_prints_the_value() {
                clinic::vault().enter(|| {
                    let secret = "a secret value";
                    let row = Patient { remark: Encrypted::new(secret.into()), ..patient(1, secret) };
                    let sealed = SealedEmail::seal(secret).unwrap();
                    let opened = SealedEmail::open_all([&sealed]);
                    let insert = insert_into(patients::table).values(&row);
                    let update =
                        update(patients::table).set((patients::email.eq(&sealed), patients::note.eq(&row.remark)));
                    let printed = [
                        format!("{row:?} {sealed:?} {opened:?}"),
                        format!("{:?}", insert),
                        diesel::debug_query::<Db, _>(&insert).to_string(),
                        format!("{:?}", diesel::debug_query::<Db, _>(&insert)),
                        diesel::debug_query::<Db, _>(&update).to_string(),
                    ];
                    for printed in printed {
                        assert!(!printed.contains("secret"), "{printed}");
                    }
                });
            }

            #[test]
            fn debug_query_neither_seals_nor_fails() {
                Vault::isolated(|| {
                    let row = patient(1, "a@x");
                    let insert = insert_into(patients::table).values(&row);
                    let printed = diesel::debug_query::<Db, _>(&insert).to_string();
                    assert!(printed.contains("[sealed]"), "{printed}");
                });
            }

            #[test]
            fn errors_come_back_out_of_diesels() {
                let conn: &mut $connection = &mut $connect();
                let written = Vault::isolated(|| insert_into(patients::table).values(&patient(1, "a@x")).execute(conn));
                assert!(matches!(written, Err(diesel::result::Error::SerializationError(_))), "{written:?}");
                assert!(matches!(written.encryption_error(), Some(ValueError::NoVault { .. })));

                clinic::vault()
                    .enter(|| insert_into(patients::table).values(&patient(1, "a@x")).execute(conn))
                    .unwrap();
                let read: QueryResult<Patient> =
                    Vault::isolated(|| patients::table.select(Patient::as_select()).first(conn));
                assert!(matches!(read, Err(diesel::result::Error::DeserializationError(_))), "{read:?}");
                let error = read.unwrap_err();
                assert!(matches!(diesel_encrypted::encryption_error(&error), Some(ValueError::NoVault { .. })));
                assert_eq!(diesel::result::Error::NotFound.encryption_error(), None);
            }

            #[test]
            fn one_value_under_two_vaults_is_sealed_by_each() {
                let conn: &mut $connection = &mut $connect();
                let (a, b) = (clinic::vault(), clinic::vault());
                let email = Email::new("ada@x".into());
                for (id, vault) in [(1, &a), (2, &b)] {
                    let row = (
                        patients::id.eq(id),
                        patients::name.eq("Ada"),
                        patients::email.eq(&email),
                        patients::note.eq(patients::note.seal("n")),
                    );
                    vault.enter(|| insert_into(patients::table).values(row).execute(conn)).unwrap();
                }
                let mut read = |vault: &Vault, id: i32| {
                    vault.enter(|| patients::table.find(id).select(patients::email).first::<Email>(conn))
                };
                assert_eq!(read(&a, 1).unwrap(), email);
                assert_eq!(read(&b, 2).unwrap(), email);
                assert!(matches!(read(&a, 2).encryption_error(), Some(ValueError::UnknownKey { .. })));
            }

            #[test]
            fn a_value_sealed_under_one_vault_is_not_written_under_another() {
                let conn: &mut $connection = &mut $connect();
                let (a, b) = (clinic::vault(), clinic::vault());
                let sealed = a.enter(|| SealedEmail::seal("ada@x")).unwrap();
                let mut write = |vault: &Vault| {
                    vault.enter(|| update(patients::table).set(patients::email.eq(&sealed)).execute(conn))
                };
                assert!(matches!(write(&b).encryption_error(), Some(ValueError::SealedElsewhere { .. })));
                assert_eq!(write(&a), Ok(0));
            }

            #[test]
            fn sealed_values_are_written_and_loaded_as_they_are() {
                clinic::vault().enter(|| {
                    let conn: &mut $connection = &mut $connect();
                    let row = SealedPatient {
                        id: 1,
                        name: "Ada".into(),
                        email: Sealed::seal("Ada@x").unwrap(),
                        phone: Some(Sealed::seal("555").unwrap()),
                        note: Sealed::seal("a note").unwrap(),
                        memo: Sealed::null(),
                    };
                    insert_into(patients::table).values(&row).execute(conn).unwrap();
                    let found = patients::table.filter(patients::email.blind_eq("ada@X"));
                    let row: SealedPatient = found.select(SealedPatient::as_select()).first(conn).unwrap();
                    assert_eq!(row.email.open().unwrap(), "Ada@x");
                    assert_eq!(row.phone.as_ref().unwrap().open().unwrap(), "555");
                    assert_eq!(row.note.open().unwrap(), "a note", "of a text column");
                    assert!(row.memo.clone().into_option().is_none());

                    let memo = Sealed::<Option<String>, patients::memo>::from(Some(Sealed::seal("m").unwrap()));
                    update(patients::table.find(1)).set(&SealedPatient { memo, ..row }).execute(conn).unwrap();
                    let row: SealedPatient = patients::table.select(SealedPatient::as_select()).first(conn).unwrap();
                    assert_eq!(row.memo.into_option().unwrap().open().unwrap(), "m");
                    assert_eq!(row.email.open().unwrap(), "Ada@x", "written back as it was loaded");
                });
            }

            #[test]
            fn loading_sealed_values_needs_no_vault() {
                let conn: &mut $connection = &mut $connect();
                let vault = clinic::vault();
                vault.enter(|| insert_into(patients::table).values(&patient(1, "a@x")).execute(conn)).unwrap();
                let sealed: SealedEmail =
                    Vault::isolated(|| patients::table.select(patients::email).first(conn)).unwrap();
                assert!(matches!(Vault::isolated(|| sealed.open()), Err(ValueError::NoVault { .. })));
                assert_eq!(vault.enter(|| sealed.open()).unwrap(), "a@x");
                let written =
                    Vault::isolated(|| update(patients::table).set(patients::email.eq(&sealed)).execute(conn));
                assert_eq!(written, Ok(1), "a raw copy");
            }

            #[test]
            fn open_all_reports_each_damaged_row_and_gives_the_others() {
                clinic::vault().enter(|| {
                    let conn: &mut $connection = &mut $connect();
                    let all: Vec<Patient> = (1..=5).map(|id| patient(id, &format!("{id}@x"))).collect();
                    insert_into(patients::table).values(&all).execute(conn).unwrap();
                    let stored = patients::table.find(2).select((patients::email, patients::phone));
                    let (mut altered, phone): (Vec<u8>, Option<Vec<u8>>) = stored.first(conn).unwrap();
                    *altered.last_mut().unwrap() ^= 1;
                    for (id, damage) in [(2, altered), (4, phone.unwrap()), (5, b"plain".to_vec())] {
                        update(patients::table.find(id)).set(patients::email.eq(damage)).execute(conn).unwrap();
                    }
                    assert!(patients::table.select(Patient::as_select()).load(conn).is_err());

                    let rows: Vec<SealedEmail> =
                        patients::table.select(patients::email).order(patients::id).load(conn).unwrap();
                    let opened = Sealed::open_all(&rows);
                    assert_eq!(opened.opened, [(0, "1@x".to_owned()), (2, "3@x".to_owned())]);
                    let failures: Vec<_> =
                        opened.failures.iter().map(|failure| (failure.position, &failure.error)).collect();
                    assert!(
                        matches!(
                            failures[..],
                            [
                                (1, ValueError::Tampered { .. }),
                                (3, ValueError::OtherField { .. }),
                                (4, ValueError::NotEncrypted { .. })
                            ]
                        ),
                        "{failures:?}"
                    );
                    assert_eq!(opened.into_result().unwrap_err().position, 1);
                    assert_eq!(Sealed::open_all(&rows[..1]).into_result().unwrap(), ["1@x"]);
                });
            }

            #[test]
            fn a_bound_value_opens_for_its_owner_alone() {
                clinic::vault().enter(|| {
                    let conn: &mut $connection = &mut $connect();
                    insert_into(patients::table)
                        .values(&vec![patient(1, "a@x"), patient(2, "b@x")])
                        .execute(conn)
                        .unwrap();
                    let chart = Chart { id: 1, diagnosis: Some(Sealed::seal_bound("flu", &1).unwrap()) };
                    update(&chart).set(&chart).execute(conn).unwrap();
                    // Moved to another row by who can write to the database.
                    let stolen: Option<Diagnosis> =
                        patients::table.find(1).select(patients::diagnosis).first(conn).unwrap();
                    update(patients::table.find(2)).set(patients::diagnosis.eq(stolen.unwrap())).execute(conn).unwrap();

                    let charts: Vec<Chart> =
                        patients::table.select(Chart::as_select()).order(patients::id).load(conn).unwrap();
                    let diagnosis = |index: usize| charts[index].diagnosis.as_ref().unwrap();
                    assert_eq!(diagnosis(0).open_bound(&charts[0].id).unwrap(), "flu");
                    assert_eq!(diagnosis(0).open_bound(&Owner::of(&1_i64).unwrap()).unwrap(), "flu");
                    assert_eq!(diagnosis(0).open_bound(&(1,)).unwrap(), "flu");
                    assert!(matches!(
                        diagnosis(1).open_bound(&charts[1].id),
                        Err(ValueError::Tampered { bound: true, .. })
                    ));
                    assert!(matches!(diagnosis(0).open_bound(&(1, 2)), Err(ValueError::OwnerLength { .. })));
                });
            }

            #[test]
            fn a_value_of_another_type_is_refused() {
                clinic::vault().enter(|| {
                    let conn: &mut $connection = &mut $connect();
                    insert_into(patients::table).values(&patient(1, "17")).execute(conn).unwrap();
                    let read = patients::table.select(patients::email).first::<Encrypted<i64, patients::email>>(conn);
                    let error = read.unwrap_err();
                    assert!(
                        matches!(
                            error.encryption_error(),
                            Some(ValueError::Decode { source: DecodeError::Class { .. }, .. })
                        ),
                        "{error:?}"
                    );
                });
            }

            #[test]
            fn a_type_of_the_applications_own_delegates_to_the_one_it_is_made_of() {
                clinic::vault().enter(|| {
                    let conn: &mut $connection = &mut $connect();
                    insert_into(patients::table).values(&patient(1, "a@x")).execute(conn).unwrap();
                    let own = patients::email.seal(Address("Ada@Example.org".into()));
                    update(patients::table).set(patients::email.eq(own)).execute(conn).unwrap();
                    let found: Encrypted<Address, patients::email> = patients::table
                        .filter(patients::email.blind_eq(Address("ada@EXAMPLE.org".into())))
                        .select(patients::email)
                        .first(conn)
                        .unwrap();
                    assert_eq!(found.expose().0, "Ada@Example.org");
                    let text = patients::table
                        .filter(patients::email.blind_eq(&found))
                        .select(Patient::as_select())
                        .first(conn);
                    assert_eq!(text.unwrap().email.expose(), "Ada@Example.org");
                });
            }

            #[test]
            fn null_is_none_in_either_form() {
                clinic::vault().enter(|| {
                    let conn: &mut $connection = &mut $connect();
                    let row = Patient { phone: None, ..patient(1, "a@x") };
                    insert_into(patients::table).values(&row).execute(conn).unwrap();
                    let phones: Vec<Option<Encrypted<String, patients::phone>>> =
                        patients::table.select(patients::phone).load(conn).unwrap();
                    assert_eq!(phones, [None]);
                    let phones: Vec<Encrypted<Option<String>, patients::phone>> =
                        patients::table.select(patients::phone).load(conn).unwrap();
                    assert_eq!(phones[0].expose(), &None);
                });
            }
        }
    };
}

wrappers!(sqlite: SqliteConnection, clinic::sqlite);
#[cfg(feature = "postgres")]
wrappers!(postgres: PgConnection, clinic::postgres);
#[cfg(feature = "mysql")]
wrappers!(mysql: MysqlConnection, clinic::mysql);

/// The strict SQL type behaves like `Binary`, where it behaves.
mod strict {
    use super::*;

    diesel::table! {
        use diesel::sql_types::*;
        use diesel_encrypted::sql_types::Ciphertext;

        accounts (id) {
            id -> Integer,
            email -> Ciphertext<email>,
            phone -> Nullable<Ciphertext<phone>>,
        }
    }

    #[derive(
        Queryable, QueryableByName, Selectable, Insertable, Identifiable, AsChangeset, Encrypted, Debug, PartialEq,
    )]
    #[diesel(table_name = accounts, check_for_backend(diesel::sqlite::Sqlite))]
    struct Account {
        id: i32,
        #[encrypt]
        #[searchable]
        email: Encrypted<String, accounts::email>,
        #[encrypt]
        #[searchable]
        phone: Option<Encrypted<String, accounts::phone>>,
    }

    const ACCOUNTS: &str = "CREATE TABLE accounts (id integer PRIMARY KEY, email {bytes} NOT NULL, phone {bytes})";

    #[derive(AsChangeset)]
    #[diesel(table_name = accounts)]
    struct Patch {
        phone: Option<Encrypted<Option<String>, accounts::phone>>,
    }

    fn account(id: i32, email: &str) -> Account {
        Account { id, email: Encrypted::new(email.into()), phone: Some(Encrypted::new("1".into())) }
    }

    macro_rules! strict_columns {
        ($backend:ident: $connection:ty) => {
            mod $backend {
                use super::*;

                #[test]
                fn a_strict_column_is_written_read_and_searched() {
                    clinic::Clinic::new().open(|builder| builder.model::<Account>()).enter(|| {
                        let conn: &mut $connection = &mut <$connection>::with_table::<Account>(ACCOUNTS);
                        insert_into(accounts::table).values(&account(1, "a@x")).execute(conn).unwrap();
                        insert_into(accounts::table)
                            .values(vec![account(2, "b@x"), account(3, "b@x")])
                            .execute(conn)
                            .unwrap();
                        update(accounts::table.find(1))
                            .set((
                                accounts::email.eq(accounts::email.seal("c@x")),
                                accounts::phone.eq(accounts::phone.seal("2")),
                            ))
                            .execute(conn)
                            .unwrap();
                        update(accounts::table.find(2))
                            .set(&Patch { phone: Some(Encrypted::null()) })
                            .execute(conn)
                            .unwrap();
                        update(accounts::table.find(3))
                            .set(accounts::email.eq(Sealed::<String, accounts::email>::seal("e@x").unwrap()))
                            .execute(conn)
                            .unwrap();

                        let all: Vec<Account> = accounts::table.order(accounts::id).load(conn).unwrap();
                        assert_eq!(
                            all,
                            [
                                Account { phone: Some(Encrypted::new("2".into())), ..account(1, "c@x") },
                                Account { phone: None, ..account(2, "b@x") },
                                account(3, "e@x"),
                            ]
                        );
                        let raw: Vec<Account> = sql_query("SELECT * FROM accounts ORDER BY id").load(conn).unwrap();
                        assert_eq!(raw, all);
                        let sealed: Vec<Sealed<String, accounts::email>> =
                            accounts::table.select(accounts::email).load(conn).unwrap();
                        assert_eq!(sealed[0].open().unwrap(), "c@x");

                        let found =
                            accounts::table.filter(accounts::email.blind_eq("c@x")).select(accounts::id).load(conn);
                        assert_eq!(found, Ok(vec![1]));
                        let found =
                            accounts::table.filter(accounts::phone.blind_ne("2")).select(accounts::id).load(conn);
                        assert_eq!(found, Ok(vec![3]));
                        let groups: Vec<(Option<Vec<u8>>, i64)> = accounts::table
                            .group_by(accounts::phone.blind_index())
                            .select((accounts::phone.blind_index(), diesel::dsl::count_star()))
                            .load(conn)
                            .unwrap();
                        assert_eq!(groups.len(), 3);
                    });
                }
            }
        };
    }

    strict_columns!(sqlite: SqliteConnection);
    #[cfg(feature = "postgres")]
    strict_columns!(postgres: PgConnection);
    #[cfg(feature = "mysql")]
    strict_columns!(mysql: MysqlConnection);

    /// What MySQL does not have.
    macro_rules! returning_and_on_conflict {
        ($backend:ident: $connection:ty) => {
            mod $backend {
                use super::*;

                #[test]
                fn a_strict_column_is_excluded_and_returned() {
                    clinic::Clinic::new().open(|builder| builder.model::<Account>()).enter(|| {
                        let conn: &mut $connection = &mut <$connection>::with_table::<Account>(ACCOUNTS);
                        insert_into(accounts::table).values(&account(1, "a@x")).execute(conn).unwrap();
                        insert_into(accounts::table)
                            .values(&account(1, "b@x"))
                            .on_conflict(accounts::id)
                            .do_update()
                            .set(accounts::email.eq(diesel::upsert::excluded(accounts::email)))
                            .execute(conn)
                            .unwrap();
                        let gone = diesel::delete(accounts::table).returning(Account::as_returning()).get_result(conn);
                        assert_eq!(gone, Ok(account(1, "b@x")));
                    });
                }
            }
        };
    }

    mod upserts {
        use super::*;

        returning_and_on_conflict!(sqlite: SqliteConnection);
        #[cfg(feature = "postgres")]
        returning_and_on_conflict!(postgres: PgConnection);
    }
}

/// The schema is in another crate (the suites' own), so the model stands where the column alone cannot.
mod foreign_schema {
    use diesel_encrypted::Of;
    use diesel_encrypted_tests::schema::visitors;

    use super::*;

    type Own<T, C> = Encrypted<T, Of<Visitor, C>>;

    #[derive(Queryable, Selectable, Insertable, Identifiable, AsChangeset, Encrypted, Debug, PartialEq)]
    #[diesel(table_name = visitors, check_for_backend(diesel::sqlite::Sqlite))]
    #[encrypted(foreign_schema)]
    struct Visitor {
        id: i32,
        name: String,
        #[encrypt]
        #[searchable(normalize = "lowercase")]
        #[searchable(name = "exact")]
        badge: Encrypted<String, Of<Visitor, visitors::badge>>,
        #[encrypt]
        #[searchable(bits = 8)]
        phone: Option<Encrypted<String, Of<Visitor, visitors::phone>>>,
    }

    #[derive(Insertable)]
    #[diesel(table_name = visitors)]
    struct NewVisitor<'a> {
        id: i32,
        name: &'a str,
        badge: Own<&'a str, visitors::badge>,
    }

    macro_rules! foreign_schemas {
        ($backend:ident: $connection:ty) => {
            mod $backend {
                use super::*;

                #[test]
                fn a_schema_in_another_crate_is_written_read_and_searched() {
                    clinic::Clinic::new().open(|builder| builder.model::<Visitor>()).enter(|| {
                        let visitors = "CREATE TABLE visitors (id integer PRIMARY KEY, name text, badge {bytes} NOT NULL, phone {text})";
                        let conn: &mut $connection = &mut <$connection>::with_table::<Visitor>(visitors);
                        let new = NewVisitor { id: 1, name: "Ada", badge: Encrypted::new("A1") };
                        insert_into(visitors::table).values(&new).execute(conn).unwrap();
                        update(visitors::table).set(visitors::phone.eq(visitors::phone.seal("555"))).execute(conn).unwrap();
                        let badge = Sealed::<String, Of<Visitor, visitors::badge>>::seal("B2").unwrap();
                        update(visitors::table).set(visitors::badge.eq(badge)).execute(conn).unwrap();

                        let found = visitors::table.filter(visitors::badge.blind_eq("b2")).select(Visitor::as_select());
                        let ada = found.first(conn).unwrap();
                        assert_eq!((ada.badge.expose().as_str(), ada.phone.as_ref().unwrap().expose().as_str()), ("B2", "555"));
                        let exact = visitors::badge.by(Visitor::BADGE_EXACT);
                        assert_eq!(visitors::table.filter(exact.blind_eq("b2")).count().get_result(conn), Ok(0));
                        let confirmed = visitors::phone.blind_eq_candidates("555").confirm(
                            |filter| visitors::table.filter(filter).select(Visitor::as_select()).load(conn),
                            |visitor| &visitor.phone,
                        );
                        assert_eq!(confirmed.unwrap(), [ada]);
                    });
                }
            }
        };
    }

    foreign_schemas!(sqlite: SqliteConnection);
    #[cfg(feature = "postgres")]
    foreign_schemas!(postgres: PgConnection);
    #[cfg(feature = "mysql")]
    foreign_schemas!(mysql: MysqlConnection);
}
