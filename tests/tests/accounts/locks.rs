//! Escrow, questions and private keys.

use diesel::prelude::*;
use diesel_encrypted::accounts::{AccountError, schema::encryption_locks};
use diesel_encrypted::format::lock::LockKind;
use diesel_encrypted::users::{EncryptionKey, LockId, Suite};
use diesel_encrypted_tests::on_every_backend;

use crate::world::{Rows, accounts, at_once, database, sign_up, user};

const ANSWERS: [&str; 3] = ["the green bicycle of my aunt", "a house by the river Elbe", "Professor Sauerbruch"];

on_every_backend! {
    fn escrow_is_one_lock_that_the_application_opens<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let account = sign_up(&accounts, &mut *connection, 1, "a password");
        let none = accounts.unlock_by_escrow(&mut *connection, &user(1));
        assert!(matches!(none, Err(AccountError::Wrong)));
        for (_, added) in at_once(&connection, [1, 2, 3], |connection, _| accounts.add_escrow(connection, &account)) {
            assert!(matches!(added, Ok(()) | Err(AccountError::Changed)), "{added:?}");
        }
        accounts.add_escrow(&mut *connection, &account).unwrap();
        assert_eq!(connection.count(), 14);
        let opened = accounts.unlock_by_escrow(&mut *connection, &user(1)).unwrap();
        assert_eq!(opened.key().check_value(), account.key().check_value());

        let locks = accounts.locks(&mut *connection, &user(1)).unwrap();
        assert_eq!(locks.len(), 12);
        let id = |kind| locks.iter().find(|lock| lock.kind == kind).unwrap().id;
        for kind in [LockKind::Password, LockKind::RecoveryCode] {
            let refused = accounts.remove_lock(&mut *connection, &account, id(kind));
            assert!(matches!(refused, Err(AccountError::NotRemovable)));
        }
        for _ in 0..2 {
            accounts.remove_lock(&mut *connection, &account, id(LockKind::Escrow)).unwrap();
        }
        assert!(matches!(accounts.unlock_by_escrow(&mut *connection, &user(1)), Err(AccountError::Wrong)));
        assert!(matches!(accounts.locks(&mut *connection, &user(2)), Err(AccountError::UnknownUser)));
    }

    fn a_planted_escrow_is_not_taken_for_one<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let [ada, mallory] = [1, 2].map(|id| sign_up(&accounts, &mut *connection, id, "a password"));
        accounts.add_escrow(&mut *connection, &mallory).unwrap();
        let of = |id| encryption_locks::user_id.eq(user(id).as_bytes().to_vec());
        let planted = encryption_locks::table.filter(of(2)).filter(encryption_locks::kind.eq(5));
        diesel::update(planted).set(of(1)).execute(&mut *connection).unwrap();
        assert!(accounts.unlock_by_escrow(&mut *connection, &user(1)).is_err());
        accounts.add_escrow(&mut *connection, &ada).unwrap();
        let opened = accounts.unlock_by_escrow(&mut *connection, &user(1)).unwrap();
        assert_eq!(opened.key().check_value(), ada.key().check_value());
        // A lock of another kind is not thrown away for what its row says.
        let password = encryption_locks::table.filter(of(2)).filter(encryption_locks::kind.eq(1));
        diesel::update(password).set(encryption_locks::kind.eq(5)).execute(&mut *connection).unwrap();
        let before = connection.rows();
        let refused = accounts.add_escrow(&mut *connection, &mallory);
        assert!(matches!(refused, Err(AccountError::BadRow { .. })), "{refused:?}");
        assert_eq!(connection.rows(), before);
    }

    fn answers_recover_an_account_and_no_wrong_one_is_named<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let account = sign_up(&accounts, &mut *connection, 1, "lost");
        let weak = accounts.set_questions(&mut *connection, &account, 2, &["a", "b", "c"]);
        assert!(matches!(weak, Err(AccountError::Questions(_))));
        for _ in 0..2 {
            accounts.set_questions(&mut *connection, &account, 2, &ANSWERS).unwrap();
            assert_eq!(connection.count(), 14);
        }
        let before = connection.rows();
        let right = [(1, "The green bicycle, of my aunt!"), (3, "professor sauerbruch")];
        for (id, answers) in [
            (1, [(1, "another"), (3, ANSWERS[2])]),
            (1, [(1, ANSWERS[0]), (3, "another")]),
            (1, [(1, ANSWERS[0]), (1, ANSWERS[0])]),
            (2, right),
        ] {
            let refused = accounts.recover_by_questions(&mut *connection, &user(id), &answers, "new").map(drop);
            assert!(matches!(refused, Err(AccountError::Wrong)));
        }
        assert_eq!(connection.rows(), before);
        let recovered = accounts.recover_by_questions(&mut *connection, &user(1), &right, "new").unwrap();
        assert_eq!(recovered.account.earlier()[0].check_value(), account.key().check_value());
        accounts.unlock(&mut *connection, &user(1), "new").unwrap();
        let again = accounts.recover_by_questions(&mut *connection, &user(1), &right, "newer").map(drop);
        assert!(matches!(again, Err(AccountError::Wrong)));
    }

    fn a_private_key_opens_its_lock_alone<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let account = sign_up(&accounts, &mut *connection, 1, "a password");
        for suite in [Suite::X25519, Suite::default()] {
            let [card, other] = [(); 2].map(|()| EncryptionKey::generate(suite).unwrap());
            let lock = accounts.add_private_key(&mut *connection, &account, card.public()).unwrap();
            let opened = accounts.unlock_with_private_key(&mut *connection, &user(1), lock, &card).unwrap();
            assert_eq!(opened.key().check_value(), account.key().check_value());
            for (id, lock, key) in [(1, lock, &other), (1, LockId::new([0; 16]), &card), (2, lock, &card)] {
                let refused = accounts.unlock_with_private_key(&mut *connection, &user(id), lock, key);
                assert!(matches!(refused, Err(AccountError::Wrong)));
            }
            accounts.remove_lock(&mut *connection, &account, lock).unwrap();
            let gone = accounts.unlock_with_private_key(&mut *connection, &user(1), lock, &card);
            assert!(matches!(gone, Err(AccountError::Wrong)));
        }
    }
}
