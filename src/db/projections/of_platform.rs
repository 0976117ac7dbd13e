//! The rows of the tables as the log of the platform tells them, which knows no password, only its hash's SHA-256.

use room::{
    UserId,
    fold::{Account, ListedType, PlatformState, SigningKey},
};

use super::{Rows, Value, Values, keyed};
use crate::db::document_types;

/// Returns the rows of each table, in the order of [`super::PLATFORM_TABLES`].
pub fn rows(state: &PlatformState) -> Vec<Rows> {
    vec![
        keyed(state.users.iter().map(|(id, account)| account_row(*id, account))),
        keyed(state.document_types.values().map(type_row)),
        keyed(state.keys.iter().map(key_row)),
    ]
}

pub(super) fn account_row(id: UserId, account: &Account) -> Values {
    vec![
        Value::text(id),
        Value::text(&account.email),
        Value::text(&account.name),
        Value::text(account.role),
        Value::hex(&account.password_sha256),
        Value::Bool(account.disabled),
        Value::Time(account.created_at),
        Value::Bool(account.must_change_password),
        Value::of(account.password_given_at, Value::Time),
    ]
}

pub(super) fn type_row(ListedType { position, terms }: &ListedType) -> Values {
    vec![
        Value::text(&terms.code),
        Value::Integer(*position),
        Value::text(&terms.name),
        Value::text(&terms.category),
        Value::text(terms.scope),
        Value::text(terms.requirement),
        Value::text(document_types::profiles_as_text(&terms.profiles)),
        Value::text(terms.criticality),
        Value::of(terms.validity_days, Value::Integer),
        Value::of(terms.warn_days, Value::Integer),
        Value::text(terms.gate),
        Value::text(document_types::aliases_as_text(&terms.aliases)),
        Value::Bool(terms.enabled),
        Value::text(&terms.basis),
        Value::maybe(document_types::roles_as_text(&terms.must_approve)),
    ]
}

pub(super) fn key_row(key: &SigningKey) -> Values {
    vec![Value::text(&key.public_key), Value::Time(key.added_at)]
}
