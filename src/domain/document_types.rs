//! The catalogue of document types: shipped with the schema, edited by admins. A change of it reaches
//! only the slots that open afterwards.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Actor, CargoProfile, Change, Criticality, Event, Fields, Log, NotAnId, Phase, Requirement, Scope,
    bounds::{Aliases, Days, Gate, Line, MOST_ALIASES, OptionalLine, Profiles, TypeCode},
    object::differences,
    operation,
};
use crate::{
    app::App,
    db::{self, Tx},
    error::{Error, Result},
};

/// A type of document that operations ask for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentType {
    /// Capital letters, digits and `_`; never changed.
    #[schema(value_type = TypeCode, example = "BUNKER_MSDS")]
    pub code: String,
    /// Name.
    #[schema(value_type = Line)]
    pub name: String,
    /// Such as `statutory`, `insurance`, `cargo`.
    #[schema(value_type = Line)]
    pub category: String,
    /// What it is asked of.
    pub scope: Scope,
    /// Whether it is needed.
    pub requirement: Requirement,
    /// The cargo profiles that ask for it; none for all.
    #[serde(default)]
    #[schema(value_type = Profiles)]
    pub profiles: Vec<CargoProfile>,
    /// How much hangs on it.
    pub criticality: Criticality,
    /// Days that a version is valid where its uploader names no day.
    #[serde(default)]
    #[schema(value_type = Option<Days>)]
    pub validity_days: Option<i64>,
    /// Days before its end from which it is told to run out.
    #[serde(default)]
    #[schema(value_type = Option<Days>)]
    pub warn_days: Option<i64>,
    /// The phase that is not entered (`clearance`: not left) without it.
    #[schema(value_type = Gate)]
    pub gate: Phase,
    /// Other codes that uploads may use.
    #[serde(default)]
    #[schema(value_type = Aliases)]
    pub aliases: Vec<String>,
    /// Whether rooms open slots for it.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub enabled: bool,
    /// The rule or practice it rests on.
    #[serde(default)]
    #[schema(value_type = OptionalLine)]
    pub basis: String,
    /// Place in the catalogue.
    #[serde(skip)]
    pub position: i64,
}

fn yes() -> bool {
    true
}

impl DocumentType {
    /// Whether an operation with this cargo asks for it; without a cargo, what all ask for.
    pub fn fits(&self, profile: Option<CargoProfile>) -> bool {
        self.profiles.is_empty() || profile.is_some_and(|profile| self.profiles.contains(&profile))
    }

    /// The type as it is stored; what is not acceptable is told field by field.
    fn checked(self) -> Result<Self> {
        let mut fields = Fields::default();
        for (field, code) in std::iter::once(("code", &self.code)).chain(self.aliases.iter().map(|a| ("aliases", a))) {
            if !is_code(code) {
                fields.fault(field, "must be 1 to 64 capital letters, digits and `_`, such as `Q88`");
            }
        }
        if self.aliases.len() > MOST_ALIASES {
            fields.fault("aliases", format!("must be at most {MOST_ALIASES}"));
        }
        if self.profiles.len() > CargoProfile::ALL.len() {
            fields.fault("profiles", format!("must be at most {}", CargoProfile::ALL.len()));
        }
        let repeated = |(at, alias): (usize, &String)| *alias == self.code || self.aliases[..at].contains(alias);
        if self.aliases.iter().take(MOST_ALIASES).enumerate().any(repeated) {
            fields.fault("aliases", "must differ from the code and from each other");
        }
        if self.gate == Phase::Nomination {
            fields.fault("gate", "must be a phase after `nomination`");
        }
        for (field, days) in [("validity_days", self.validity_days), ("warn_days", self.warn_days)] {
            days.map(|days| fields.number(field, days, Days::BOUNDS));
        }
        let kind = Self {
            name: fields.line("name", &self.name),
            category: fields.line("category", &self.category),
            basis: fields.optional_line("basis", Some(&self.basis)).unwrap_or_default(),
            ..self
        };
        fields.done()?;
        Ok(kind)
    }
}

fn is_code(code: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=64).contains(&code.len()) && code.bytes().all(plain)
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
pub async fn add(app: &App, by: &Actor, asked: DocumentType) -> Result<DocumentType> {
    let kind = asked.checked()?;
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
pub async fn change(app: &App, by: &Actor, code: String, asked: Change<DocumentType>) -> Result<DocumentType> {
    operation(app, Log::Platform, by, async move |tx, log| {
        let before = find(tx, &code).await?;
        let after = DocumentType { position: before.position, ..asked.of(&before)?.checked()? };
        if after.code != before.code {
            return Err(Error::field("code", "is never changed; add another type, and disable this one"));
        }
        if after == before {
            return Ok(after);
        }
        refuse_taken_names(&db::document_types::all(tx).await?, &after, Some(&code))?;
        db::document_types::put(tx, &after).await?;
        let changes = differences(&before, &after).into();
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
