//! The description of one route (OpenAPI 3.1), which the types of its handler put together. See [`super::describe`].

use std::collections::{BTreeMap, BTreeSet};

use room::{
    Role,
    bounds::{CODE, LONGEST_LINE, LONGEST_REASON, OPTIONAL_TEXT, YEARS},
};
use utoipa::{
    ToSchema,
    openapi::{
        Content, Header, Ref, RefOr, Required, Response, ResponseBuilder, Schema,
        header::HeaderBuilder,
        path::{self, OperationBuilder, Parameter, ParameterBuilder, ParameterIn},
        request_body::{RequestBody, RequestBodyBuilder},
        schema::{AdditionalProperties, Array, KnownFormat, Object, ObjectBuilder, SchemaFormat, Type},
        security::SecurityRequirement,
    },
};

use super::{Problem, access::Access};

/// The name of the security scheme in the document.
pub(crate) const BEARER: &str = "session_token";

/// The parts of a path after a room's id that are about the room itself, not about a resource in it.
const OF_THE_ROOM: [&str; 3] = ["archive", "phase", "summary"];

/// Returns the resource that a route is about, by which the document groups routes. It follows from the path: it is
/// what stands after the room's id, or else the first part, without the prefix of what is configured.
fn resource(path: &'static str) -> &'static str {
    let mut parts = path.split('/').filter(|part| !part.is_empty() && *part != "config");
    let first = parts.next().unwrap_or_default();
    match (first, parts.nth(1)) {
        ("rooms", Some(inside)) if !OF_THE_ROOM.contains(&inside) => inside,
        _ => first,
    }
}

/// How requests are refused: status, name and meaning. A route refers to those that follow from its types and its
/// access, or that it adds with `refusing`; any other problem is the `default`.
const REFUSALS: [(&str, &str, &str); 12] = [
    ("400", "Malformed", "The request cannot be read"),
    ("401", "Unauthenticated", "No session token that holds; at sign-in, a wrong address or password"),
    (
        "403",
        "Forbidden",
        "No party of the room, or their role does not allow it; or a given password is to be replaced",
    ),
    ("404", "NotFound", "There is no such thing, or not here"),
    ("409", "Conflict", "The state of things does not allow it now"),
    (
        "412",
        "ChangedMeanwhile",
        "`If-Match` names no state that it has now; `changed` tells what others have changed since, who and when. Or \
         `Tus-Resumable` names another version of tus than there is here",
    ),
    ("413", "TooLarge", "The body is larger than a request's may be"),
    (
        "415",
        "WrongMediaType",
        "The body is not `application/json`, or for an upload not of the media type that the operation names",
    ),
    ("416", "OutsideTheFile", "The range lies outside the file"),
    ("422", "Invalid", "`errors` names each field that is not acceptable, and says why"),
    ("429", "TooManyAttempts", "Too many failed attempts, or as much added to a room as a party may in a day"),
    ("default", "Problem", "Any other problem"),
];

/// The headers of refusals: status, name, kind and meaning.
const HEADERS_OF_REFUSALS: [(&str, &str, Kind, &str); 6] = [
    ("401", "WWW-Authenticate", Kind::Text, "`Bearer`"),
    ("409", "Retry-After", Kind::WAIT, "Seconds after which it may work, where waiting helps"),
    ("409", "Upload-Offset", Kind::COUNT, "Where the next part of an upload has to begin, if that is what was wrong"),
    ("416", "Content-Range", Kind::Text, "`bytes */` and the file's size"),
    (
        "429",
        "Retry-After",
        Kind::WAIT,
        "Seconds until the next attempt is heard, or until the day of the quota is over",
    ),
    ("default", "Retry-After", Kind::WAIT, "Seconds after which it may work, with `503`"),
];

/// The description of one route, while it is put together.
pub struct RouteDoc {
    summary: &'static str,
    path: &'static str,
    access: Access,
    parameters: Vec<Parameter>,
    body: Option<RequestBody>,
    answers: BTreeMap<&'static str, Response>,
    refusals: BTreeSet<&'static str>,
    pub(crate) schemas: Vec<(String, RefOr<Schema>)>,
}

impl RouteDoc {
    pub(crate) fn new(path: &'static str, access: Access, summary: &'static str) -> Self {
        let mut operation = Self {
            summary,
            path,
            access,
            parameters: Vec::new(),
            body: None,
            answers: BTreeMap::new(),
            refusals: BTreeSet::from(["default"]),
            schemas: Vec::new(),
        };
        // `/a/{b}/c/{d}` split at the braces is `/a/`, `b`, `/c/`, `d`: every second piece is a parameter.
        for name in path.split(['{', '}']).skip(1).step_by(2) {
            let (kind, says) = if name.ends_with("id") { (Kind::Id, "UUID") } else { (Kind::Pattern(CODE), "Code") };
            operation.required_parameter(ParameterIn::Path, name, kind, says);
            operation.refuses(&["404"]);
        }
        // The admission can refuse in these ways before any of the handler's types is asked.
        match access {
            Access::Public => {}
            Access::WithGivenPassword => operation.refuses(&["401"]),
            Access::SignedIn | Access::May(_) | Access::MayInDeleted(_) => operation.refuses(&["401", "403"]),
        }
        operation
    }

    /// Adds a parameter that may be left out.
    pub fn parameter(&mut self, place: ParameterIn, name: &str, kind: Kind, says: &str) {
        self.add_parameter((place, Required::False), name, kind, says);
    }

    /// Adds a parameter that has to be given.
    pub fn required_parameter(&mut self, place: ParameterIn, name: &str, kind: Kind, says: &str) {
        self.add_parameter((place, Required::True), name, kind, says);
    }

    fn add_parameter(&mut self, (place, required): (ParameterIn, Required), name: &str, kind: Kind, says: &str) {
        self.parameters.push(
            ParameterBuilder::new()
                .name(name)
                .parameter_in(place)
                .required(required)
                .description(Some(says))
                .schema(Some(kind.schema()))
                .build(),
        );
    }

    /// Describes the request's body as JSON of this type.
    pub fn takes_json<T: ToSchema>(&mut self, required: Required) {
        let content = Content::new(Some(self.reference::<T>()));
        self.body =
            Some(RequestBodyBuilder::new().content("application/json", content).required(Some(required)).build());
        self.refuses(&["400", "413", "415", "422"]);
    }

    /// Describes the request's body as a form with a `file` and with these further fields.
    pub fn takes_form(&mut self, fields: &[(&'static str, Kind, &'static str)], required: &[&'static str]) {
        let file = Kind::File.builder().description(Some("The file"));
        let nothing_else = Some(AdditionalProperties::<Schema>::FreeForm(false));
        let mut form = ObjectBuilder::new().additional_properties(nothing_else).property("file", file).required("file");
        for (name, kind, says) in fields {
            form = form.property(*name, kind.builder().description(Some(*says)));
        }
        for name in required {
            form = form.required(*name);
        }
        let content = Content::new(Some(Schema::Object(form.build())));
        let body = RequestBodyBuilder::new().content("multipart/form-data", content).required(Some(Required::True));
        self.body = Some(body.build());
        self.refuses(&["400", "413", "415", "422"]);
    }

    /// Describes the request's body as bytes of this media type.
    pub fn takes_bytes(&mut self, media_type: &'static str) {
        let content = Content::new(Some(Schema::Object(Kind::File.schema())));
        self.body = Some(RequestBodyBuilder::new().content(media_type, content).required(Some(Required::True)).build());
        self.refuses(&["400", "413", "415", "422"]);
    }

    /// Adds an answer with a JSON body of this type.
    pub fn answers_json<T: ToSchema>(&mut self, status: &'static str, says: &str) {
        let content = Content::new(Some(self.reference::<T>()));
        self.answers(status, says, [("application/json", content)]);
    }

    /// Adds an answer with a JSON array of this type.
    pub fn answers_list<T: ToSchema>(&mut self, says: &str) {
        let content = Content::new(Some(Schema::Array(Array::new(self.reference::<T>()))));
        self.answers("200", says, [("application/json", content)]);
    }

    /// Adds an answer with this status, in one of these media types.
    pub fn answers(
        &mut self,
        status: &'static str,
        says: &str,
        forms: impl IntoIterator<Item = (&'static str, Content)>,
    ) {
        let answer = self.answers.entry(status).or_default();
        says.clone_into(&mut answer.description);
        answer.content.extend(forms.into_iter().map(|(media_type, form)| (media_type.to_owned(), form.into())));
    }

    /// Adds a header to the answer with this status.
    pub fn header(&mut self, status: &'static str, name: &str, kind: Kind, says: &str) {
        self.answers.entry(status).or_default().headers.insert(name.into(), kind.header(says).into());
    }

    /// Adds statuses with which a request may be refused.
    pub fn refuses(&mut self, statuses: &[&'static str]) {
        self.refusals.extend(statuses);
    }

    fn reference<T: ToSchema>(&mut self) -> Ref {
        // With all schemas that it refers to: the document must have no reference that leads nowhere.
        self.schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(&mut self.schemas);
        Ref::from_schema_name(T::name())
    }

    /// Returns the description as an operation of the document.
    pub(crate) fn build(&self) -> path::Operation {
        let mut operation = OperationBuilder::new()
            .summary(Some(self.summary))
            .description(self.describe_access())
            .tag(resource(self.path))
            .request_body(self.body.clone());
        for (status, answer) in &self.answers {
            operation = operation.response(*status, answer.clone());
        }
        // In the order of the table, and only by name: each refusal is described once, for all routes.
        for (status, name, _) in REFUSALS {
            if self.refusals.contains(status) {
                operation = operation.response(status, Ref::from_response_name(name));
            }
        }
        if self.access != Access::Public {
            operation = operation.security(SecurityRequirement::new::<_, [&str; 0], &str>(BEARER, []));
        }
        if !self.parameters.is_empty() {
            operation = operation.parameters(Some(self.parameters.clone()));
        }
        operation.build()
    }

    fn describe_access(&self) -> Option<String> {
        match self.access {
            Access::Public => None,
            Access::SignedIn => Some("For any signed-in user.".into()),
            Access::WithGivenPassword => {
                Some("For any signed-in user, also with a password that somebody else chose.".into())
            }
            Access::May(action) | Access::MayInDeleted(action) => {
                let roles: Vec<_> = action.roles().into_iter().map(Role::word).collect();
                Some(format!("`{}`: {}.", action.name(), roles.join(", ")))
            }
        }
    }
}

/// Returns the refusals by their names, to which routes refer.
pub(crate) fn refusals() -> impl Iterator<Item = (String, RefOr<Response>)> {
    REFUSALS.into_iter().map(|(status, name, says)| {
        let problem = Content::new(Some(Ref::from_schema_name(Problem::name())));
        let mut response = ResponseBuilder::new().description(says).content("application/problem+json", problem);
        for (_, header, kind, says) in HEADERS_OF_REFUSALS.into_iter().filter(|(of, ..)| *of == status) {
            response = response.header(header, kind.header(says));
        }
        (name.to_owned(), response.build().into())
    })
}

/// The bounds of a whole number, and its value if it is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The least value that is accepted.
    pub least: i64,
    /// The greatest value that is accepted; `None` if there is no limit.
    pub most: Option<i64>,
    /// The value if the number is not given.
    pub default: Option<i64>,
}

impl Bounds {
    /// Parses a whole number within these bounds, or returns what is wrong with it.
    pub(crate) fn parse(self, text: &str) -> Result<i64, String> {
        let Self { least, most, .. } = self;
        let number = text.parse().ok().filter(|number| (least..=most.unwrap_or(i64::MAX)).contains(number));
        number.ok_or_else(|| {
            let bounds = most.map_or(format!("of {least} or more"), |most| format!("from {least} to {most}"));
            format!("must be a whole number {bounds}")
        })
    }
}

/// The pattern of text without control characters.
const PRINTABLE: &str = "^[^\\u0000-\\u001F\\u007F-\\u009F]*$";

/// The kind of value that a parameter, a field of a form or a header holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text of any characters.
    Text,
    /// A line of text without control characters, of as many characters as a title may have.
    Line,
    /// Text of several lines, of as many characters as a reason may have.
    Reason,
    /// Text that fits a pattern.
    Pattern(&'static str),
    /// A whole number within bounds.
    Number(Bounds),
    /// A flag, `true` or `false`.
    Flag,
    /// An instant with an offset or `Z`.
    Time,
    /// The UUID of something.
    Id,
    /// A file in a form.
    File,
    /// One word of a vocabulary.
    Word(&'static [&'static str]),
}

impl Kind {
    /// A count, of 0 or more.
    pub(crate) const COUNT: Self = Self::Number(Bounds { least: 0, most: None, default: None });
    /// A wait of at least one second.
    const WAIT: Self = Self::Number(Bounds { least: 1, most: None, default: None });

    fn schema(self) -> Object {
        self.builder().build()
    }

    fn builder(self) -> ObjectBuilder {
        let schema = ObjectBuilder::new();
        let text = |format| ObjectBuilder::new().schema_type(Type::String).format(Some(format));
        match self {
            Self::Text => schema.schema_type(Type::String),
            Self::Line => schema.schema_type(Type::String).max_length(Some(LONGEST_LINE)).pattern(Some(PRINTABLE)),
            Self::Reason => {
                schema.schema_type(Type::String).max_length(Some(LONGEST_REASON)).pattern(Some(OPTIONAL_TEXT))
            }
            Self::Pattern(pattern) => schema.schema_type(Type::String).pattern(Some(pattern)),
            Self::Number(Bounds { least, most, default }) => schema
                .schema_type(Type::Integer)
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
                .minimum(Some(least))
                .maximum(most)
                .default(default.map(Into::into)),
            Self::Flag => schema.schema_type(Type::Boolean),
            Self::Time => text(SchemaFormat::KnownFormat(KnownFormat::DateTime)).pattern(Some(YEARS)),
            Self::File => text(SchemaFormat::KnownFormat(KnownFormat::Binary)),
            Self::Id => text(SchemaFormat::Custom("uuid".into())),
            Self::Word(words) => schema.schema_type(Type::String).enum_values(Some(words.iter().copied())),
        }
    }

    fn header(self, says: &str) -> Header {
        HeaderBuilder::new().schema(Some(self.schema())).description(Some(says)).build()
    }
}
