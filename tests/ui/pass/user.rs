//! Structs that use the columns of a model and declare none: to insert, to change, with type parameters.

use diesel_encrypted::{Encrypted, EncryptedModel, Sealed};

diesel::table! {
    people (id) {
        id -> Integer,
        email -> Binary,
        phone -> Nullable<Binary>,
        chart -> Binary,
    }
}

#[derive(Encrypted)]
#[diesel(table_name = people)]
struct Person {
    id: i32,
    #[encrypt]
    email: Encrypted<String, people::email>,
    #[encrypt]
    phone: Option<Encrypted<String, people::phone>>,
    #[encrypt(bound_to(id))]
    chart: Sealed<String, people::chart>,
}

#[derive(Encrypted)]
#[diesel(table_name = people)]
#[encrypted(columns_of = Person)]
struct NewPerson<'a> {
    id: i32,
    email: Encrypted<&'a str, people::email>,
    #[encrypt]
    phone: Encrypted<Option<&'a str>, people::phone>,
    #[encrypt]
    chart: Sealed<String, people::chart>,
}

#[derive(Encrypted)]
#[diesel(table_name = people)]
#[encrypted(columns_of = Person)]
struct Change {
    #[encrypt]
    email: Option<Encrypted<String, people::email>>,
    #[encrypt]
    phone: Option<Encrypted<Option<String>, people::phone>>,
}

#[derive(Encrypted)]
#[diesel(table_name = people)]
#[encrypted(columns_of = Person)]
struct Any<'a, T, const N: usize>
where
    T: AsRef<str>,
{
    #[encrypt]
    phone: Option<Encrypted<&'a [u8; N], people::phone>>,
    #[encrypt]
    email: Encrypted<T, people::email>,
}

#[test]
fn only_the_declaring_model_lists_the_fields() {
    assert_eq!(Person::fields().len(), 3);
}
