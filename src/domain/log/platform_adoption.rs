//! The platform's log from its beginning: the shipped catalogue comes first in a new one, and one from before events
//! had versions is adopted.
//!
//! Like a room's log, the platform's is adopted once: what the rows tell then is signed as its state, so adopting it
//! again would sign rows that somebody has forged meanwhile. Only the way down of the schema, which ends the adoption
//! with an entry of its own, opens it to another one.

use room::{
    DocumentType, Event, Log,
    fold::{Account, Adoption, ListedType, PlatformFold, PlatformState, SigningKey, Subject},
};

use super::{
    actor::Actor,
    operation::{OpenLog, operation},
    reading::read_entries,
};
use crate::{
    app::App,
    db::{self, Tx, migrations::CATALOGUE, users::User},
    error::{Error, Result},
    hashing::sha256_of,
};

/// How many entries are looked at in one query, from the last one back.
const CHUNK: i64 = 100;

/// What a start did about the platform's log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum PlatformAdoption {
    /// It was empty, and tells of the shipped catalogue now.
    Begun,
    /// It was from before events had versions, and tells everything from here on.
    Adopted,
    /// It tells everything already.
    #[default]
    LeftAlone,
    /// It should be adopted, and cannot be, with the reason in words.
    Refused(String),
}

/// Makes the platform's log tell everything, unless it does so already.
///
/// Belongs before everything else that is appended to any log: a new log of the platform begins with the catalogue, and
/// one that is not adopted has no place for the entries of this version.
pub async fn adopt_platform(app: &App, by: &Actor) -> Result<PlatformAdoption> {
    if app.db.read(async |tx| tells_everything(tx).await).await? {
        return Ok(PlatformAdoption::LeftAlone);
    }
    let is_new = app.db.read(async |tx| db::activity::last_time(tx, Log::Platform).await).await?.is_none();
    // The catalogue comes with the schema, whoever brings that up to date.
    let by = if is_new { &Actor::System } else { by };
    let done = operation(app, Log::Platform, by, adopt).await?;
    match &done {
        PlatformAdoption::Begun | PlatformAdoption::LeftAlone => {}
        PlatformAdoption::Adopted => {
            tracing::info!("adopted the log of the platform: it tells everything from here on");
        }
        PlatformAdoption::Refused(why) => {
            tracing::warn!(%why, "the log of the platform is not adopted; `fsck` names what is wrong with it");
        }
    }
    Ok(done)
}

/// Ends the adoption of the platform's log, if it tells everything, before the schema goes back to that of an earlier
/// version of the program, which appends entries that do not.
///
/// What is appended after it in the same operation may only be of the way down.
pub(super) async fn end(tx: &mut Tx, log: &mut OpenLog) -> Result<()> {
    if tells_everything(tx).await? {
        log.append(tx, &Event::AdoptionEnded {}).await?;
    }
    Ok(())
}

/// Returns whether the platform's log tells everything, as its last entries have it. A log that contradicts itself is
/// taken at its word.
async fn tells_everything(tx: &mut Tx) -> Result<bool> {
    let mut before = i64::MAX;
    let mut first_has_version = false;
    loop {
        let entries = db::activity::before(tx, Log::Platform, before, CHUNK).await?;
        let Some(oldest) = entries.last() else { return Ok(first_has_version) };
        before = oldest.seq;
        for entry in &entries {
            first_has_version = Event::version_of(&entry.meta) != 1;
            if !first_has_version {
                continue;
            }
            match Event::from_entry(&entry.action, &entry.meta) {
                Ok((Event::AdoptionEnded {}, _)) => return Ok(false),
                // It may have been passed over: the entries before it decide.
                Ok((event, _)) if PlatformState::needs_no_state(&event) => {}
                // Also one of a later version, of a program that knows more than this one.
                Ok(_) | Err(_) => return Ok(true),
            }
        }
    }
}

async fn adopt(tx: &mut Tx, log: &mut OpenLog) -> Result<PlatformAdoption> {
    // Under the lock, whatever it looked like before: another server may have been faster.
    if log.head().size() == 0 {
        return begin(tx, log).await;
    }
    let fold = match read_entries(tx, Log::Platform, log.head(), PlatformFold::of_platform(), |_| ()).await? {
        Ok(fold) => fold,
        Err(why) => return Ok(PlatformAdoption::Refused(why)),
    };
    if fold.state().is_some() {
        return Ok(PlatformAdoption::LeftAlone);
    }
    if !fold.may_be_adopted() {
        let why = "parts of the state that it was adopted with are missing".to_owned();
        return Ok(PlatformAdoption::Refused(why));
    }
    let state = state_in_rows(tx).await?;
    let parts = Adoption::events_of(&state).map_err(|error| Error::internal(format!("a state: {error}")))?;
    for part in &parts {
        log.append(tx, part).await?;
    }
    Ok(PlatformAdoption::Adopted)
}

/// Begins the log of a new database with the catalogue as it is shipped with the schema.
pub(super) async fn begin(tx: &mut Tx, log: &mut OpenLog) -> Result<PlatformAdoption> {
    let PlatformState { users, keys, .. } = state_in_rows(tx).await?;
    // Every account and every key has an entry, whatever version made it. Their log was taken away.
    if !users.is_empty() || !keys.is_empty() {
        let why = format!("it is empty, and there are accounts ({}) and keys ({})", users.len(), keys.len());
        return Ok(PlatformAdoption::Refused(why));
    }
    for terms in db::document_types::all(tx).await? {
        let catalogue = Some(CATALOGUE.into());
        log.append(tx, &Event::DocumentTypeAdded { position: terms.position, catalogue, terms }).await?;
    }
    Ok(PlatformAdoption::Begun)
}

/// Returns the platform as the rows of the tables tell it.
pub(super) async fn state_in_rows(tx: &mut Tx) -> Result<PlatformState> {
    let account = |(user, password_hash): (User, String)| {
        let account = Account {
            email: user.email,
            name: user.name,
            role: user.role,
            disabled: user.disabled,
            created_at: user.created_at,
            must_change_password: user.must_change_password,
            password_given_at: user.password_given_at,
            password_sha256: sha256_of(&password_hash),
        };
        (user.id, account)
    };
    let listed = |kind: DocumentType| (kind.code.clone(), ListedType::from(kind));
    let key = |(public_key, added_at)| SigningKey { public_key, added_at };
    Ok(PlatformState {
        users: db::users::list_with_passwords(tx).await?.into_iter().map(account).collect(),
        document_types: db::document_types::all(tx).await?.into_iter().map(listed).collect(),
        keys: db::logs::keys_with_times(tx).await?.into_iter().map(key).collect(),
    })
}
