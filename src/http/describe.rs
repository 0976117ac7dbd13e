//! The API's description (OpenAPI 3.1), read off the handlers' own types: what a handler takes and
//! what it answers with is what the document says.

use utoipa::{
    ToSchema,
    openapi::{
        Content, Ref, RefOr, Required, Response, ResponseBuilder, Schema,
        path::{self, OperationBuilder, Parameter, ParameterBuilder, ParameterIn},
        request_body::{RequestBody, RequestBodyBuilder},
        schema::{Array, KnownFormat, Object, ObjectBuilder, SchemaFormat, Type},
        security::SecurityRequirement,
    },
};

use super::{Access, Problem};
use crate::{domain::Role, error::Result};

/// The name of the security scheme in the document.
pub(super) const BEARER: &str = "session_token";

/// The description of one route, as it is put together.
pub struct Operation {
    summary: &'static str,
    path: &'static str,
    access: Access,
    parameters: Vec<Parameter>,
    body: Option<RequestBody>,
    response: (&'static str, Response),
    pub(super) schemas: Vec<(String, RefOr<Schema>)>,
}

impl Operation {
    pub(super) fn new(path: &'static str, access: Access, summary: &'static str) -> Self {
        let nothing = ("200", Response::new("Done"));
        let mut operation =
            Self { summary, path, access, parameters: Vec::new(), body: None, response: nothing, schemas: Vec::new() };
        for name in path.split(['{', '}']).skip(1).step_by(2) {
            operation.parameter(ParameterIn::Path, name, Kind::Id, "UUID");
        }
        operation
    }

    /// Adds a parameter.
    pub fn parameter(&mut self, place: ParameterIn, name: &str, kind: Kind, says: &str) {
        let required = if place == ParameterIn::Path { Required::True } else { Required::False };
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

    /// The request has a JSON body of this type.
    pub fn takes_json<T: ToSchema>(&mut self) {
        let content = Content::new(Some(self.reference::<T>()));
        self.body =
            Some(RequestBodyBuilder::new().content("application/json", content).required(Some(Required::True)).build());
    }

    /// The answer has a JSON body of this type.
    pub fn answers_json<T: ToSchema>(&mut self, status: &'static str, says: &str) {
        let content = Content::new(Some(self.reference::<T>()));
        self.answers(status, says, Some(("application/json", content)));
    }

    /// The answer is a JSON array of this type.
    pub fn answers_list<T: ToSchema>(&mut self, says: &str) {
        let content = Content::new(Some(Schema::Array(Array::new(self.reference::<T>()))));
        self.answers("200", says, Some(("application/json", content)));
    }

    /// The answer has this status and content.
    pub fn answers(&mut self, status: &'static str, says: &str, content: Option<(&str, Content)>) {
        let mut response = ResponseBuilder::new().description(says);
        if let Some((media_type, content)) = content {
            response = response.content(media_type, content);
        }
        self.response = (status, response.build());
    }

    fn reference<T: ToSchema>(&mut self) -> Ref {
        self.schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(&mut self.schemas);
        Ref::from_schema_name(T::name())
    }

    /// The finished description. Problems are the same for every route, so they are added here.
    pub(super) fn build(&self) -> path::Operation {
        let problem = || {
            ResponseBuilder::new()
                .description("A problem (RFC 9457)")
                .content("application/problem+json", Content::new(Some(Ref::from_schema_name(Problem::name()))))
                .build()
        };
        let tag = self.path.split('/').rfind(|part| !part.is_empty() && !part.starts_with('{')).unwrap_or("api");
        let mut operation = OperationBuilder::new()
            .summary(Some(self.summary))
            .description(self.describe_access())
            .tag(if ["download", "retry"].contains(&tag) { "snapshots" } else { tag })
            .request_body(self.body.clone())
            .response(self.response.0, self.response.1.clone())
            .response("default", problem());
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
            Access::May(action) | Access::MayInDeleted(action) => {
                let roles: Vec<_> = action.roles().into_iter().map(Role::word).collect();
                Some(format!("`{}`: {}.", action.name(), roles.join(", ")))
            }
        }
    }
}

/// What a parameter holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Flag,
    /// An instant with an offset or `Z`.
    Time,
    /// A UUID.
    Id,
}

impl Kind {
    fn schema(self) -> Object {
        let (kind, format) = match self {
            Self::Text => (Type::String, None),
            Self::Number => (Type::Integer, None),
            Self::Flag => (Type::Boolean, None),
            Self::Time => (Type::String, Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))),
            Self::Id => (Type::String, Some(SchemaFormat::Custom("uuid".into()))),
        };
        ObjectBuilder::new().schema_type(kind).format(format).build()
    }
}

/// What a handler takes from the request.
pub trait Takes {
    /// Adds it to the description.
    fn describe(operation: &mut Operation);
}

/// What a handler answers with.
pub trait Answers {
    /// Adds it to the description.
    fn describe(operation: &mut Operation);
}

/// A handler whose arguments and answer describe themselves.
pub trait Describe<T> {
    /// Adds them to the description.
    fn describe(operation: &mut Operation);
}

macro_rules! describe_handlers {
    ($(($($argument:ident),+))+) => {$(
        impl<F, Fut, M, A, $($argument),+> Describe<(M, $($argument,)+)> for F
        where
            F: Fn($($argument),+) -> Fut,
            Fut: Future<Output = Result<A>>,
            A: Answers,
            $($argument: Takes,)+
        {
            fn describe(operation: &mut Operation) {
                $($argument::describe(operation);)+
                A::describe(operation);
            }
        }
    )+};
}

describe_handlers! {
    (T1)
    (T1, T2)
    (T1, T2, T3)
    (T1, T2, T3, T4)
    (T1, T2, T3, T4, T5)
    (T1, T2, T3, T4, T5, T6)
}
