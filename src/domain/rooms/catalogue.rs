//! The catalogue of document types, which is shipped with the schema and edited by admins. A change of it affects only
//! the slots that open afterwards.

use room::{
    CargoProfile, DocumentType, Event, Log, NotAnId, Phase, Role, Roles,
    bounds::{DECIDING_ROLES, Days, MOST_ALIASES},
    changes::differences,
};

use crate::{
    app::App,
    db::{self, Tx},
    domain::{
        input::{Change, Fields, Tag},
        log::{Actor, Edited, Once, operation, refuse_overtaken},
    },
    error::{Error, Result},
    random,
};

/// Checks a type field by field, and returns it as it is stored.
fn checked(given: DocumentType) -> Result<DocumentType> {
    let mut fields = Fields::default();
    for (field, code) in std::iter::once(("code", &given.code)).chain(given.aliases.iter().map(|a| ("aliases", a))) {
        if !is_code(code) {
            fields.fault(field, "must be 1 to 64 capital letters, digits and `_`, such as `Q88`");
        }
    }
    if given.aliases.len() > MOST_ALIASES {
        fields.fault("aliases", format!("must be at most {MOST_ALIASES}"));
    }
    if given.profiles.len() > CargoProfile::ALL.len() {
        fields.fault("profiles", format!("must be at most {}", CargoProfile::ALL.len()));
    }
    if let Some(other) = given.must_approve.iter().find(|role| !DECIDING_ROLES.contains(role)) {
        let deciding = DECIDING_ROLES.map(Role::word).join(", ");
        fields.fault("must_approve", format!("must be of {deciding}; no {other} decides on documents in a room"));
    }
    if given.must_approve.len() > DECIDING_ROLES.len() {
        fields.fault("must_approve", format!("must be at most {}", DECIDING_ROLES.len()));
    }
    // Only so many as are allowed are compared with each other: a request may list any number, and that is quadratic.
    let repeated = |(at, alias): (usize, &String)| *alias == given.code || given.aliases[..at].contains(alias);
    if given.aliases.iter().take(MOST_ALIASES).enumerate().any(repeated) {
        fields.fault("aliases", "must differ from the code and from each other");
    }
    if given.gate == Phase::Nomination {
        fields.fault("gate", "must be a phase after `nomination`");
    }
    for (field, days) in [("validity_days", given.validity_days), ("warn_days", given.warn_days)] {
        days.map(|days| fields.number(field, days, Days::BOUNDS));
    }
    let kind = DocumentType {
        name: fields.line("name", &given.name),
        category: fields.line("category", &given.category),
        basis: fields.optional_line("basis", Some(&given.basis)).unwrap_or_default(),
        must_approve: Roles::of(given.must_approve).map(|roles| roles.iter().collect()).unwrap_or_default(),
        ..given
    };
    fields.done()?;
    Ok(kind)
}

fn is_code(code: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=64).contains(&code.len()) && code.bytes().all(plain)
}

/// Returns the code of the type that has this code or alias, without regard to case.
pub fn code_of(types: &[DocumentType], called: &str) -> Option<String> {
    let called = called.trim().to_uppercase();
    let named = |kind: &&DocumentType| kind.code == called || kind.aliases.contains(&called);
    types.iter().find(named).map(|kind| kind.code.clone())
}

/// Returns the type of the catalogue with this code.
pub async fn find(tx: &mut Tx, code: &str) -> Result<DocumentType> {
    let types = db::document_types::all(tx).await?;
    types.into_iter().find(|kind| kind.code == code).ok_or(Error::NotFound("document type"))
}

/// Adds a type at the end of the catalogue.
pub async fn add(app: &App, by: &Actor, request: DocumentType, once: Option<Once>) -> Result<DocumentType> {
    let kind = checked(request)?;
    operation(app, Log::Platform, by, async move |tx, log| {
        let types = log.platform()?.catalogue();
        if Once::repeats(once.as_ref(), tx, log, &kind, random::new_uuid()).await?.is_some() {
            let made = types.into_iter().find(|other| other.code == kind.code);
            return made.ok_or(Error::NotFound("document type"));
        }
        refuse_taken_names(&types, &kind, None)?;
        let position = types.iter().map(|kind| kind.position).max().unwrap_or_default() + 1;
        let kind = DocumentType { position, ..kind };
        log.append(tx, &Event::DocumentTypeAdded { position, catalogue: None, terms: kind.clone() }).await?;
        Ok(kind)
    })
    .await
}

/// Returns the tag of a type, which changes with its terms.
pub fn tag(kind: &DocumentType) -> Tag {
    Tag::of_edited(kind)
}

/// Changes a type. Slots that are open keep the terms with which they opened.
pub async fn change(app: &App, by: &Actor, code: String, request: Change<DocumentType>) -> Result<DocumentType> {
    operation(app, Log::Platform, by, async move |tx, log| {
        let types = log.platform()?.catalogue();
        let before = types.iter().find(|kind| kind.code == code).ok_or(Error::NotFound("document type"))?;
        let basis = (request.basis(), request.given());
        refuse_overtaken(tx, log, Edited::DocumentType(&code), before, basis).await?;
        // The position is not part of the JSON, and would be lost in the change.
        let after = DocumentType { position: before.position, ..checked(request.apply_to(before)?)? };
        if after.code != before.code {
            return Err(Error::field("code", "is never changed; add another type, and disable this one"));
        }
        if after == *before {
            return Ok(after);
        }
        refuse_taken_names(&types, &after, Some(&code))?;
        let changes = differences(before, &after);
        log.append(tx, &Event::DocumentTypeUpdated { code, changes }).await?;
        Ok(after)
    })
    .await
}

/// Refuses a type with a code or an alias that another one has: each names one type.
fn refuse_taken_names(types: &[DocumentType], kind: &DocumentType, itself: Option<&str>) -> Result<()> {
    let others = types.iter().filter(|other| Some(&*other.code) != itself);
    let taken: Vec<_> = others.flat_map(|other| std::iter::once(&other.code).chain(&other.aliases)).collect();
    let names = std::iter::once(&kind.code).chain(&kind.aliases);
    match names.into_iter().find(|name| taken.contains(name)) {
        Some(name) => Err(Error::conflict(format!("`{name}` names a document type already"))),
        None => Ok(()),
    }
}

/// The code of a document type in a path.
#[derive(Debug, Clone)]
pub struct Code(pub String);

impl std::str::FromStr for Code {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        if is_code(text) { Ok(Self(text.to_owned())) } else { Err(NotAnId) }
    }
}
