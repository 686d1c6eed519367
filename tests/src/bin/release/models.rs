//! The table as each release knows it.

macro_rules! release {
    ($release:ident, $email:ty, [$($derive:ident),*], $(#[$attribute:meta])*) => {
        pub mod $release {
            #[allow(unused_imports, reason = "the first release knows of no encryption")]
            use diesel_encrypted::prelude::*;
            use diesel::prelude::*;

            diesel::table! {
                accounts (id) {
                    id -> Integer,
                    version -> BigInt,
                    email -> Text,
                }
            }

            #[derive(Queryable, Selectable, Insertable $(, $derive)*)]
            #[diesel(table_name = accounts)]
            pub struct Account {
                pub id: i32,
                pub version: i64,
                $(#[$attribute])*
                pub email: $email,
            }
        }
    };
}

release!(before, String, [],);
release!(both, Encrypted<String, accounts::email>, [Encrypted], #[encrypt(plaintext = "accept")]
    #[searchable(normalize = "lowercase")]);
release!(strict, Encrypted<String, accounts::email>, [Encrypted], #[encrypt]
    #[searchable(normalize = "lowercase")]);
