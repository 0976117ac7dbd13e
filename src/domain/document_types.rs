//! The catalogue of document types: shipped with the schema, edited by admins. A change of it reaches
//! only the slots that open afterwards.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Actor, CargoProfile, Change, Criticality, Event, Fields, Log, NotAnId, Phase, Requirement, Scope,
    object::differences, operation,
};
use crate::{
    app::App,
    db::{self, Tx, document_types::DocumentType},
    error::{Error, Result},
};

/// The longest life of a document, in days: a hundred years.
const MOST_DAYS: i64 = 36_525;

/// A type of document that operations ask for.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDocumentType {
    /// Capital letters, digits and `_`; never changed.
    #[schema(example = "BUNKER_MSDS")]
    pub code: String,
    /// Name.
    pub name: String,
    /// Such as `statutory`, `insurance`, `cargo`.
    pub category: String,
    /// What it is asked of.
    pub scope: Scope,
    /// Whether it is needed.
    pub requirement: Requirement,
    /// The cargo profiles that ask for it; none for all.
    #[serde(default)]
    pub profiles: Vec<CargoProfile>,
    /// How much hangs on it.
    pub criticality: Criticality,
    /// Days that a version is valid where its uploader names no day.
    #[serde(default)]
    pub validity_days: Option<i64>,
    /// Days before its end from which it is told to run out.
    #[serde(default)]
    pub warn_days: Option<i64>,
    /// The phase that is not entered (`clearance`: not left) without it.
    pub gate: Phase,
    /// Other codes that uploads may use.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Whether rooms open slots for it.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub enabled: bool,
    /// The rule or practice it rests on.
    #[serde(default)]
    pub basis: String,
}

fn yes() -> bool {
    true
}

impl NewDocumentType {
    fn checked(&self, position: i64) -> Result<DocumentType> {
        let mut fields = Fields::default();
        for (field, code) in std::iter::once(("code", &self.code)).chain(self.aliases.iter().map(|a| ("aliases", a))) {
            if !is_code(code) {
                fields.fault(field, "must be 1 to 64 capital letters, digits and `_`, such as `Q88`");
            }
        }
        let repeated = |(at, alias): (usize, &String)| *alias == self.code || self.aliases[..at].contains(alias);
        if self.aliases.iter().enumerate().any(repeated) {
            fields.fault("aliases", "must differ from the code and from each other");
        }
        if self.gate == Phase::Nomination {
            fields.fault("gate", "must be a phase after `nomination`");
        }
        let mut days = |field: &str, given: Option<i64>| given.map(|days| fields.number(field, days, 0..=MOST_DAYS));
        let (validity_days, warn_days) = (days("validity_days", self.validity_days), days("warn_days", self.warn_days));
        let kind = DocumentType {
            code: self.code.clone(),
            position,
            name: fields.line("name", &self.name),
            category: fields.line("category", &self.category),
            scope: self.scope,
            requirement: self.requirement,
            profiles: self.profiles.clone(),
            criticality: self.criticality,
            validity_days,
            warn_days,
            gate: self.gate,
            aliases: self.aliases.clone(),
            enabled: self.enabled,
            basis: fields.optional_line("basis", Some(&self.basis)).unwrap_or_default(),
        };
        fields.done()?;
        Ok(kind)
    }
}

fn is_code(code: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=64).contains(&code.len()) && code.bytes().all(plain)
}

impl From<&DocumentType> for NewDocumentType {
    fn from(kind: &DocumentType) -> Self {
        let DocumentType { code, name, category, scope, requirement, profiles, criticality, .. } = kind.clone();
        let DocumentType { validity_days, warn_days, gate, aliases, enabled, basis, .. } = kind.clone();
        Self {
            code,
            name,
            category,
            scope,
            requirement,
            profiles,
            criticality,
            validity_days,
            warn_days,
            gate,
            aliases,
            enabled,
            basis,
        }
    }
}

/// The code of a type that is called by it, or by an alias, without regard to case.
pub(super) async fn code_of(tx: &mut Tx, called: &str) -> Result<Option<String>> {
    let called = called.trim().to_uppercase();
    let types = db::document_types::all(tx).await?;
    let named = |kind: &&DocumentType| kind.code == called || kind.aliases.contains(&called);
    Ok(types.iter().find(named).map(|kind| kind.code.clone()))
}

/// A type of the catalogue.
pub async fn find(tx: &mut Tx, code: &str) -> Result<DocumentType> {
    let types = db::document_types::all(tx).await?;
    types.into_iter().find(|kind| kind.code == code).ok_or(Error::NotFound("document type"))
}

/// Adds a type at the end of the catalogue.
pub async fn add(app: &App, by: &Actor, asked: NewDocumentType) -> Result<DocumentType> {
    let kind = asked.checked(0)?;
    operation(app, Log::Platform, by, async move |tx, log| {
        let types = db::document_types::all(tx).await?;
        refuse_taken_names(&types, &kind, None)?;
        let position = types.iter().map(|kind| kind.position).max().unwrap_or_default() + 1;
        let kind = DocumentType { position, ..kind };
        db::document_types::put(tx, &kind).await?;
        log.append(tx, &Event::DocumentTypeAdded { code: kind.code.clone(), name: kind.name.clone() }).await?;
        Ok(kind)
    })
    .await
}

/// Changes a type; slots that are open keep the terms they opened with.
pub async fn change(app: &App, by: &Actor, code: String, asked: Change<NewDocumentType>) -> Result<DocumentType> {
    operation(app, Log::Platform, by, async move |tx, log| {
        let before = find(tx, &code).await?;
        let after = asked.of(&NewDocumentType::from(&before))?.checked(before.position)?;
        if after.code != before.code {
            return Err(Error::field("code", "is never changed; add another type, and disable this one"));
        }
        if after == before {
            return Ok(after);
        }
        refuse_taken_names(&db::document_types::all(tx).await?, &after, Some(&code))?;
        db::document_types::put(tx, &after).await?;
        let changes = differences(&NewDocumentType::from(&before), &NewDocumentType::from(&after)).into();
        log.append(tx, &Event::DocumentTypeUpdated { code, changes }).await?;
        Ok(after)
    })
    .await
}

/// A code or an alias names one type.
fn refuse_taken_names(types: &[DocumentType], kind: &DocumentType, itself: Option<&str>) -> Result<()> {
    let others = types.iter().filter(|other| Some(&*other.code) != itself);
    let taken: Vec<_> = others.flat_map(|other| std::iter::once(&other.code).chain(&other.aliases)).collect();
    let names = std::iter::once(&kind.code).chain(&kind.aliases);
    match names.into_iter().find(|name| taken.contains(name)) {
        Some(name) => Err(Error::conflict(format!("`{name}` names a document type already"))),
        None => Ok(()),
    }
}

/// What a path names a type by.
#[derive(Debug, Clone)]
pub struct Code(pub String);

impl std::str::FromStr for Code {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        if is_code(text) { Ok(Self(text.to_owned())) } else { Err(NotAnId) }
    }
}
