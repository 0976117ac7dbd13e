//! The limits of what people write: how long texts and lists may be, which numbers are accepted, and the JSON schemas
//! that say so. `Fields` and forms use the same constants, so the OpenAPI document promises what is checked.

use std::{borrow::Cow, ops::RangeInclusive};

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Ref, RefOr, Schema,
        schema::{ArrayBuilder, KnownFormat, ObjectBuilder, SchemaFormat, Type},
    },
};

use crate::{CargoProfile, Phase, Role, Verdict, address::LONGEST_ADDRESS, visible::class_of_unseen};

/// The longest title or name, in characters.
pub const LONGEST_LINE: usize = 255;
/// The longest reason, subjects, comment or note, in characters.
pub const LONGEST_REASON: usize = 4_000;
/// The longest description, in characters.
pub const LONGEST_DESCRIPTION: usize = 8_000;
/// The shortest password, in characters (OWASP ASVS 5.0 6.2.1 asks for 8, and recommends 15).
pub const SHORTEST_PASSWORD: usize = 12;
/// The longest password, in characters: enough for any phrase, and a limit to the work of hashing it (ASVS 5.0 6.2.9
/// asks for at least 64).
pub const LONGEST_PASSWORD: usize = 128;
/// The most parties that a room may have.
pub const MOST_PARTIES: usize = 100;
/// The most aliases that a document type may have.
pub const MOST_ALIASES: usize = 20;

/// The characters that no line may contain, as the inside of a character class of a regular expression: control
/// characters, line separators, overrides of direction.
const NOT_IN_LINE: &str = "\\u0000-\\u001F\\u007F-\\u009F\\u2028-\\u202E\\u2066-\\u2069";
/// The same for text of several lines, which may contain line ends and tabs.
const NOT_IN_TEXT: &str = "\\u0000-\\u0008\\u000B\\u000C\\u000E-\\u001F\\u007F-\\u009F\\u2028-\\u202E\\u2066-\\u2069";
/// The pattern of a line that may be blank.
const OPTIONAL_LINE: &str = "^[^\\u0000-\\u001F\\u007F-\\u009F\\u2028-\\u202E\\u2066-\\u2069]*$";

/// Returns the pattern of a text with none of the given characters and at least one visible one.
fn that_shows_something(not_in_it: &str) -> String {
    // Invisible characters are spelled out: `\s` and `\p{…}` are other sets in each dialect of regular expressions.
    format!("^[^{not_in_it}]*[^{}][^{not_in_it}]*$", class_of_unseen())
}

/// The pattern of a text of several lines that may be blank.
pub const OPTIONAL_TEXT: &str =
    "^[^\\u0000-\\u0008\\u000B\\u000C\\u000E-\\u001F\\u007F-\\u009F\\u2028-\\u202E\\u2066-\\u2069]*$";
/// The pattern of an IMO number, with the letters before it or without.
const IMO_NUMBER: &str = "^(IMO ?)?[0-9]{7}$";
/// The pattern of the name of a time zone: `Europe/Athens`, `UTC`. Which names there are changes with the years.
const TIME_ZONE: &str = "^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z][A-Za-z0-9_+-]*){0,2}$";
/// The pattern of how an instant or a day begins: with a year that both databases can store, from 1970 to 2199.
pub const YEARS: &str = "^(19[7-9][0-9]|2[01][0-9]{2})-";
/// The pattern of a document type's code.
pub const CODE: &str = "^[A-Z0-9_]{1,64}$";

/// Gives a type its schema. Such a type has no values; fields name it by `#[schema(value_type = …)]`.
macro_rules! schema_of {
    ($name:ident, $schema:expr) => {
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                $schema.into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
        }
    };
}

macro_rules! texts {
    ($($(#[doc = $doc:literal])* $name:ident = $build:expr;)+) => {$(
        $(#[doc = $doc])*
        pub struct $name;

        schema_of!($name, {
            let build: fn(ObjectBuilder) -> ObjectBuilder = $build;
            build(ObjectBuilder::new().schema_type(Type::String).description(Some(concat!($($doc),*).trim())))
        });
    )+};
}

macro_rules! whole_numbers {
    ($($(#[doc = $doc:literal])* $name:ident = $bounds:expr;)+) => {$(
        $(#[doc = $doc])*
        pub struct $name;

        impl $name {
            /// The least and the most that is accepted.
            pub const BOUNDS: RangeInclusive<i64> = $bounds;
        }

        schema_of!($name, {
            let schema = ObjectBuilder::new().schema_type(Type::Integer).description(Some(concat!($($doc),*).trim()));
            known(schema, KnownFormat::Int64)
                .minimum(Some(*Self::BOUNDS.start()))
                .maximum(Some(*Self::BOUNDS.end()))
        });
    )+};
}

macro_rules! metres {
    ($($(#[doc = $doc:literal])* $name:ident = $most:literal;)+) => {$(
        $(#[doc = $doc])*
        pub struct $name;

        impl $name {
            /// The most that is accepted, in metres.
            pub const MOST: f64 = $most;
        }

        schema_of!($name, {
            let schema = ObjectBuilder::new().schema_type(Type::Number).description(Some(concat!($($doc),*).trim()));
            known(schema, KnownFormat::Double).exclusive_minimum(Some(0)).maximum(Some(Self::MOST))
        });
    )+};
}

macro_rules! lists {
    ($($(#[doc = $doc:literal])* $name:ident = $most:expr, $items:expr;)+) => {$(
        $(#[doc = $doc])*
        pub struct $name;

        schema_of!($name, {
            ArrayBuilder::new().items($items).max_items(Some($most)).description(Some(concat!($($doc),*).trim()))
        });
    )+};
}

fn known(schema: ObjectBuilder, format: KnownFormat) -> ObjectBuilder {
    schema.format(Some(SchemaFormat::KnownFormat(format)))
}

texts! {
    /// A line of text with a visible character, without control characters, line separators or overrides of direction.
    Line = |schema| schema.min_length(Some(1)).max_length(Some(LONGEST_LINE)).pattern(Some(that_shows_something(NOT_IN_LINE)));
    /// A line of text; one without a visible character counts as missing.
    OptionalLine = |schema| schema.max_length(Some(LONGEST_LINE)).pattern(Some(OPTIONAL_LINE));
    /// A reason: text of several lines with a visible character.
    Reason = |schema| schema.min_length(Some(1)).max_length(Some(LONGEST_REASON)).pattern(Some(that_shows_something(NOT_IN_TEXT)));
    /// Text of several lines, such as a reason, subjects or notes; one that is blank counts as missing.
    OptionalReason = |schema| schema.max_length(Some(LONGEST_REASON)).pattern(Some(OPTIONAL_TEXT));
    /// Text of several lines; one that is blank counts as missing.
    Description = |schema| schema.max_length(Some(LONGEST_DESCRIPTION)).pattern(Some(OPTIONAL_TEXT));
    /// An e-mail address without invisible characters. Upper and lower case are the same, and so are variants of a
    /// letter, such as full-width ones, and a domain in Unicode or as `xn--`.
    EmailAddress = |schema| known(schema, KnownFormat::Email).min_length(Some(3)).max_length(Some(LONGEST_ADDRESS));
    /// A new password, 12 to 128 characters.
    NewPassword = |schema| {
        known(schema, KnownFormat::Password).min_length(Some(SHORTEST_PASSWORD)).max_length(Some(LONGEST_PASSWORD))
    };
    /// An instant in the years 1970 to 2199, with an offset or `Z`.
    Instant = |schema| known(schema, KnownFormat::DateTime).pattern(Some(YEARS));
    /// A day of the years 1970 to 2199.
    CalendarDay = |schema| known(schema, KnownFormat::Date).pattern(Some(YEARS));
    /// The name of a time zone in the IANA's list.
    TimeZone = |schema| schema.max_length(Some(64)).pattern(Some(TIME_ZONE));
    /// An IMO number: seven digits, of which the last is a check digit.
    ImoNumber = |schema| schema.pattern(Some(IMO_NUMBER));
    /// The code of a document type: capital letters, digits and `_`.
    TypeCode = |schema| schema.min_length(Some(1)).max_length(Some(64)).pattern(Some(CODE));
}

whole_numbers! {
    /// How long an STS operation is planned to take, in hours: a month at most.
    PlannedHours = 1..=31 * 24;
    /// Gross tonnage, or deadweight in tonnes.
    Tonnage = 1..=1_000_000;
    /// The year in which a vessel was built.
    YearBuilt = 1850..=2200;
    /// A number of days: a hundred years at most.
    Days = 0..=36_525;
}

metres! {
    /// Length over all, in metres.
    Length = 600.0;
    /// Beam, in metres.
    Beam = 100.0;
    /// Draught, in metres.
    Draught = 50.0;
}

lists! {
    /// The parties of a new room, besides the user who opens it.
    NewParties = MOST_PARTIES, Ref::from_schema_name("NewParty");
    /// The roles of one person in a room.
    PartyRoles = PARTY_ROLES, Ref::from_schema_name(PartyRole::name());
    /// Other codes by which a document type may be named.
    Aliases = MOST_ALIASES, Ref::from_schema_name(TypeCode::name());
    /// The cargo profiles that ask for a document type; an empty list stands for all.
    Profiles = CargoProfile::ALL.len(), Ref::from_schema_name(CargoProfile::name());
    /// The roles of which each has to approve; an empty list: nobody in particular.
    DecidingRoles = DECIDING_ROLES.len(), Ref::from_schema_name(DecidingRole::name());
}

/// The verdicts that approve, with subjects or without.
pub struct Approving;

schema_of!(Approving, words("What an approval says.", Verdict::WORDS.iter().filter(|word| **word != "rejected")));

/// What somebody is in a room: all roles but that of an admin, which is one of accounts only.
pub struct PartyRole;

/// How many roles there are in a room.
pub const PARTY_ROLES: usize = Role::ALL.len() - 1;

schema_of!(PartyRole, words("What somebody is in a room.", Role::WORDS[..PARTY_ROLES].iter()));

/// The roles of a party who may decide on documents, in their order.
pub const DECIDING_ROLES: [Role; 3] = [Role::Owner, Role::Broker, Role::Charterer];

/// What somebody is in a room who may decide on documents.
pub struct DecidingRole;

schema_of!(DecidingRole, words("A role that decides on documents.", Role::WORDS[..DECIDING_ROLES.len()].iter()));

/// The phases that a document can be the gate of: all but the first, in which every room begins.
pub struct Gate;

schema_of!(Gate, words("A phase after the first.", Phase::WORDS.iter().skip(1)));

fn words<'a>(says: &str, words: impl Iterator<Item = &'a &'static str>) -> ObjectBuilder {
    let words: Vec<_> = words.copied().collect();
    ObjectBuilder::new().schema_type(Type::String).description(Some(says)).enum_values(Some(words))
}
