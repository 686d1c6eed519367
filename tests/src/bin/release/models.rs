//! The table as each release knows it.

#![allow(dead_code, reason = "models are declared whole")]

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

/// Writes a new column beside the old one, and reads the old one.
pub mod dual {
    use diesel::prelude::*;
    use diesel_encrypted::prelude::*;

    diesel::table! {
        accounts (id) {
            id -> Integer,
            version -> BigInt,
            email -> Text,
            sealed -> Nullable<Binary>,
        }
    }

    #[derive(Queryable, Selectable)]
    #[diesel(table_name = accounts)]
    pub struct Account {
        pub id: i32,
        pub version: i64,
        pub email: String,
    }

    /// The new column.
    #[derive(Encrypted)]
    #[diesel(table_name = accounts)]
    pub struct Sealing {
        #[encrypt]
        #[searchable(normalize = "lowercase")]
        sealed: Encrypted<Option<String>, accounts::sealed>,
    }
}

/// Knows the new column alone.
pub mod beside {
    use diesel::prelude::*;
    use diesel_encrypted::prelude::*;

    diesel::table! {
        accounts (id) {
            id -> Integer,
            version -> BigInt,
            sealed -> Binary,
        }
    }

    #[derive(Queryable, Selectable, Encrypted)]
    #[diesel(table_name = accounts)]
    pub struct Account {
        pub id: i32,
        pub version: i64,
        #[diesel(column_name = sealed)]
        #[encrypt]
        #[searchable(normalize = "lowercase")]
        pub email: Encrypted<String, accounts::sealed>,
    }
}
