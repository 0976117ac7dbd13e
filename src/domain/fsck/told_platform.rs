//! The rows of the tables as the log of the platform tells them, in the text form of [`crate::db::projections`].

use room::{
    UserId,
    fold::{Account, ListedType, PlatformState},
};

use super::told::{Rows, keyed, maybe, text};
use crate::db::{document_types, projections::Values};

/// Returns the rows of each table, in the order of [`crate::db::projections::PLATFORM_TABLES`].
pub(super) fn rows(state: &PlatformState) -> Vec<Rows> {
    vec![
        keyed(state.users.iter().map(|(id, account)| account_row(*id, account))),
        keyed(state.document_types.values().map(type_row)),
        keyed(state.keys.iter().map(|key| vec![text(&key.public_key), text(key.added_at)])),
    ]
}

fn account_row(id: UserId, account: &Account) -> Values {
    vec![
        text(id),
        text(&account.email),
        text(&account.name),
        text(account.role),
        text(&account.password_sha256),
        text(account.disabled),
        text(account.created_at),
        text(account.must_change_password),
        maybe(account.password_given_at),
    ]
}

fn type_row(ListedType { position, terms }: &ListedType) -> Values {
    vec![
        text(&terms.code),
        text(position),
        text(&terms.name),
        text(&terms.category),
        text(terms.scope),
        text(terms.requirement),
        text(document_types::profiles_as_text(&terms.profiles)),
        text(terms.criticality),
        maybe(terms.validity_days),
        maybe(terms.warn_days),
        text(terms.gate),
        text(document_types::aliases_as_text(&terms.aliases)),
        text(terms.enabled),
        text(&terms.basis),
    ]
}

/// Returns what a row is about, in words by which a person finds it: the address of an account. A document type and a
/// key are named by themselves.
pub(super) fn label_of(table: &str, id: &str, state: &PlatformState) -> String {
    let account = || state.users.get(&id.parse().ok()?).map(|account| account.email.clone());
    let named = if table == "users" { account() } else { None };
    // The log does not know a row that was added, which only its id names then.
    named.unwrap_or_else(|| id.to_owned())
}
