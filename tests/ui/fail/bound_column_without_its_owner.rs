//! A bound value is sealed and opened for its owner, an unbound one for none.

use diesel_encrypted::Sealed;
use diesel_encrypted_tests::clinic::patients;

type Diagnosis = Sealed<String, patients::diagnosis>;
type Email = Sealed<String, patients::email>;

fn bound(diagnosis: &Diagnosis) {
    let _ = Diagnosis::seal("flu");
    let _ = diagnosis.open();
}

fn unbound(email: &Email) {
    let _ = Email::seal_bound("ada@example.org", &1);
    let _ = email.open_bound(&1);
}

fn main() {}
