//! The state of the platform: everything that its log tells of accounts, the catalogue of document types and the keys
//! that sign the logs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    AdoptionPart, PlatformPart, Subject, Why,
    apply::{misplaced, same, there},
    papers::check_order,
};
use crate::{DocumentType, Event, Log, Role, Time, UserId, address, catalogue, changes::changed};

/// The platform as its log tells it up to some entry.
///
/// It has what the entries say, and nothing that depends on the present time. It survives being written as JSON and
/// read again, byte for byte, which is how a log is adopted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlatformState {
    /// The accounts, disabled ones included.
    pub users: BTreeMap<UserId, Account>,
    /// The catalogue of document types, by code.
    pub document_types: BTreeMap<String, ListedType>,
    /// The public keys that sign checkpoints or have done so, in the order in which they were added.
    pub keys: Vec<SigningKey>,
}

/// An account, with what the log tells of its password.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The address, in the spelling in which it is stored.
    pub email: String,
    /// The name of its owner.
    pub name: String,
    /// The role on the platform, outside of rooms.
    pub role: Role,
    /// Whether the account is disabled, so that it cannot sign in.
    pub disabled: bool,
    /// When the account was made.
    pub created_at: Time,
    /// Whether somebody else chose the password, which the owner has to replace.
    pub must_change_password: bool,
    /// When somebody else chose it. `None` if the owner did, or if that was before such times were stored.
    pub password_given_at: Option<Time>,
    /// The SHA-256 of the password's hash as it is stored, in hexadecimal.
    pub password_sha256: String,
}

impl Account {
    /// Returns whether it is the account of an admin, and can sign in.
    pub fn is_admin(&self) -> bool {
        self.role == Role::Admin && !self.disabled
    }
}

/// A document type of the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedType {
    /// Its position in the catalogue.
    pub position: i64,
    /// Its terms. Their own position is not written as JSON and is always 0 here: the one beside them counts.
    #[serde(with = "catalogue::in_the_log")]
    pub terms: DocumentType,
}

impl From<DocumentType> for ListedType {
    fn from(kind: DocumentType) -> Self {
        Self { position: kind.position, terms: DocumentType { position: 0, ..kind } }
    }
}

/// A public key that signs checkpoints, or has done so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SigningKey {
    /// The key, as a C2SP `signed-note` verifier key.
    pub public_key: String,
    /// When it was added.
    pub added_at: Time,
}

/// The details of an account, as its events change them.
#[derive(Serialize, Deserialize)]
struct AccountDetails {
    name: String,
}

impl Subject for PlatformState {
    type Part = PlatformPart;

    fn parts(&self) -> Vec<PlatformPart> {
        let accounts = self.users.keys().copied().map(PlatformPart::Account);
        let types = self.document_types.keys().cloned().map(PlatformPart::DocumentType);
        let keys = self.keys.iter().map(|key| PlatformPart::Key(key.public_key.clone()));
        accounts.chain(types).chain(keys).collect()
    }

    fn begin(_: Log, first: Event, actor: &str, at: Time) -> Result<Self, Why> {
        let mut state = Self::default();
        state.apply(first, actor, at)?;
        Ok(state)
    }

    fn is_of(&self, log: Log) -> bool {
        log == Log::Platform
    }

    fn adopted(AdoptionPart { part, of, state, state_sha256 }: AdoptionPart) -> Event {
        Event::PlatformAdopted { part, of, state, state_sha256 }
    }

    fn part_in(event: &Event) -> Option<AdoptionPart> {
        let Event::PlatformAdopted { part, of, state, state_sha256 } = event else { return None };
        Some(AdoptionPart { part: *part, of: *of, state: state.clone(), state_sha256: state_sha256.clone() })
    }

    /// A way down is logged, and the key that signs its entry, whichever version of the program the log is from; and so
    /// is that the log goes on from an earlier copy.
    fn needs_no_state(event: &Event) -> bool {
        matches!(event, Event::LogKeyAdded { .. } | Event::SchemaTakenBack { .. } | Event::LogContinued { .. })
    }

    fn apply(&mut self, event: Event, _: &str, at: Time) -> Result<Vec<PlatformPart>, Why> {
        match event {
            added @ Event::UserAdded { .. } => self.add_account(added, at),
            Event::UserUpdated { email, changes } => {
                let (id, account) = self.account(&email)?;
                let details = AccountDetails { name: account.name.clone() };
                account.name = changed(&details, &changes).map_err(Why::Against)?.name;
                Ok(vec![PlatformPart::Account(id)])
            }
            Event::UserRoleChanged { email, from, to, .. } => {
                let (id, account) = self.account(&email)?;
                same("the role", from, account.role)?;
                account.role = to;
                Ok(vec![PlatformPart::Account(id)])
            }
            Event::UserDisabled { email } => self.set_disabled(&email, true),
            Event::UserEnabled { email } => self.set_disabled(&email, false),
            Event::PasswordChanged { email, password_sha256, must_change_password, .. } => {
                let (id, account) = self.account(&email)?;
                account.password_sha256 = password_sha256;
                account.must_change_password = must_change_password;
                account.password_given_at = must_change_password.then_some(at);
                Ok(vec![PlatformPart::Account(id)])
            }
            Event::DocumentTypeAdded { position, terms, .. } => self.add_type(DocumentType { position, ..terms }),
            Event::DocumentTypeUpdated { code, changes } => {
                let listed = there(self.document_types.get_mut(&code), "document type", &code)?;
                listed.terms = changed(&listed.terms, &changes).map_err(Why::Against)?;
                same("the code", &*listed.terms.code, &*code)?;
                check_order(&listed.terms.must_approve)?;
                Ok(vec![PlatformPart::DocumentType(code)])
            }
            Event::LogKeyAdded { public_key } => {
                if self.has_key(&public_key) {
                    return Err(Why::Against(format!("the key {public_key} was added before")));
                }
                Ok(vec![self.add_key(public_key, at)])
            }
            Event::LogKeyRotated { to, .. } => {
                // It may be there already: a server that starts between the new key file and this entry adds the key.
                // Whether the old key vouches for it is for those to check who verify signatures.
                if self.has_key(&to) { Ok(Vec::new()) } else { Ok(vec![self.add_key(to, at)]) }
            }
            // Nothing changes by these: they are about keys, which is for those to check who verify signatures, about sessions,
            // about what was asked for or refused, and about the tables. A way down that changes what the log tells of is followed by `adoption_ended`.
            Event::LogKeyRevoked { .. }
            | Event::AccountRequestMade { .. }
            | Event::AccountRequestWithdrawn { .. }
            | Event::LinkChanged { .. }
            | Event::AccessDenied { .. }
            | Event::SignInRefused { .. }
            | Event::RequestRefused { .. }
            | Event::PasswordConfirmed {}
            | Event::SignedIn {}
            | Event::SignedOut {}
            | Event::SessionEnded { .. }
            | Event::OtherSessionsEnded { .. }
            | Event::LogExported { .. }
            // Where all of it was lost, it begins with that.
            | Event::LogContinued { .. }
            | Event::LogLost { .. }
            | Event::RowsRepaired { .. }
            | Event::SchemaTakenBack { .. } => Ok(Vec::new()),
            other => Err(misplaced(&other, "the platform")),
        }
    }
}

impl PlatformState {
    /// Returns the account of an address, in whichever spelling it was typed and is stored.
    pub fn account_of(&self, typed: &str) -> Option<(UserId, &Account)> {
        let stored = |form: &String| self.users.iter().find(|(_, account)| account.email == *form);
        address::forms(typed).iter().find_map(stored).map(|(id, account)| (*id, account))
    }

    /// Returns the number of admins that can sign in.
    pub fn admins(&self) -> usize {
        self.users.values().filter(|account| account.is_admin()).count()
    }

    /// Returns the catalogue in its order, each type with its position.
    pub fn catalogue(&self) -> Vec<DocumentType> {
        let listed = self.document_types.values();
        let mut types: Vec<_> =
            listed.map(|listed| DocumentType { position: listed.position, ..listed.terms.clone() }).collect();
        types.sort_by(|one, other| (one.position, &one.code).cmp(&(other.position, &other.code)));
        types
    }

    /// Returns the account that is stored under this address. Addresses never change.
    fn account(&mut self, email: &str) -> Result<(UserId, &mut Account), Why> {
        let found = self.users.iter_mut().find(|(_, account)| account.email == email);
        there(found.map(|(id, account)| (*id, account)), "account", email)
    }

    fn add_key(&mut self, public_key: String, at: Time) -> PlatformPart {
        self.keys.push(SigningKey { public_key: public_key.clone(), added_at: at });
        PlatformPart::Key(public_key)
    }

    fn has_key(&self, public_key: &str) -> bool {
        self.keys.iter().any(|key| key.public_key == public_key)
    }

    fn add_account(&mut self, event: Event, at: Time) -> Result<Vec<PlatformPart>, Why> {
        let Event::UserAdded { user_id, email, name, role, password_sha256, must_change_password, .. } = event else {
            return Ok(Vec::new());
        };
        if self.users.contains_key(&user_id) || self.users.values().any(|other| other.email == email) {
            return Err(Why::Against(format!("there is an account {email} already")));
        }
        let account = Account {
            email,
            name,
            role,
            disabled: false,
            created_at: at,
            must_change_password,
            password_given_at: must_change_password.then_some(at),
            password_sha256,
        };
        self.users.insert(user_id, account);
        Ok(vec![PlatformPart::Account(user_id)])
    }

    fn set_disabled(&mut self, email: &str, disabled: bool) -> Result<Vec<PlatformPart>, Why> {
        let (id, account) = self.account(email)?;
        same("whether it is disabled", !disabled, account.disabled)?;
        account.disabled = disabled;
        Ok(vec![PlatformPart::Account(id)])
    }

    fn add_type(&mut self, kind: DocumentType) -> Result<Vec<PlatformPart>, Why> {
        check_order(&kind.must_approve)?;
        let (code, listed) = (kind.code.clone(), ListedType::from(kind));
        if self.document_types.contains_key(&code) {
            return Err(Why::Against(format!("there is a document type {code} already")));
        }
        self.document_types.insert(code.clone(), listed);
        Ok(vec![PlatformPart::DocumentType(code)])
    }
}
