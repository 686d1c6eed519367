//! The tables as Diesel knows them, for queries and joins of the application's own. What changes them is
//! [`Accounts`](super::Accounts): rows that are written by hand do not fit together.

#![allow(missing_docs, reason = "the columns are told of in docs/users.md")]

diesel::table! {
    encryption_users (scope, user_id) {
        scope -> Binary,
        user_id -> Binary,
        authority_key_id -> BigInt,
        key_id -> BigInt,
        version -> BigInt,
        check_value -> Binary,
        identity -> Nullable<Binary>,
        mac -> Binary,
        erased_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    encryption_locks (scope, user_id, lock_id) {
        scope -> Binary,
        user_id -> Binary,
        lock_id -> Binary,
        kind -> BigInt,
        lock_bytes -> Binary,
        public_key -> Nullable<Binary>,
        mac -> Nullable<Binary>,
    }
}

diesel::table! {
    encryption_key_pairs (scope, user_id) {
        scope -> Binary,
        user_id -> Binary,
        suite -> BigInt,
        public_key -> Binary,
        identity_key -> Binary,
        signature -> Binary,
        sealed_private_key -> Nullable<Binary>,
        sealed_identity -> Nullable<Binary>,
    }
}

diesel::table! {
    encryption_identity_changes (scope, user_id, sequence) {
        scope -> Binary,
        user_id -> Binary,
        sequence -> BigInt,
        change_bytes -> Binary,
    }
}

diesel::table! {
    encryption_pins (scope, owner_id, user_id) {
        scope -> Binary,
        owner_id -> Binary,
        user_id -> Binary,
        fingerprint -> Binary,
        mac -> Binary,
    }
}

diesel::table! {
    encryption_groups (scope, group_id) {
        scope -> Binary,
        group_id -> Binary,
        authority_key_id -> BigInt,
        key_id -> BigInt,
        version -> BigInt,
        check_value -> Binary,
        mac -> Binary,
        changes -> BigInt,
    }
}

diesel::table! {
    encryption_group_keys (scope, group_id, key_id, user_id) {
        scope -> Binary,
        group_id -> Binary,
        key_id -> BigInt,
        user_id -> Binary,
        sender_id -> Binary,
        sender_fingerprint -> Binary,
        fingerprint -> Binary,
        mac -> Binary,
        share -> Nullable<Binary>,
        copy -> Nullable<Binary>,
    }
}

diesel::table! {
    encryption_earlier_keys (scope, holder_kind, holder_id, key_id) {
        scope -> Binary,
        holder_kind -> BigInt,
        holder_id -> Binary,
        key_id -> BigInt,
        version -> BigInt,
        check_value -> Binary,
        under_key_id -> BigInt,
        held -> Binary,
    }
}

diesel::table! {
    encryption_sessions (scope, session_id) {
        scope -> Binary,
        session_id -> Binary,
        user_id -> Binary,
        expires_at -> BigInt,
        session_bytes -> Binary,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    encryption_users,
    encryption_locks,
    encryption_key_pairs,
    encryption_identity_changes,
    encryption_pins,
    encryption_groups,
    encryption_group_keys,
    encryption_earlier_keys,
    encryption_sessions,
);
