//! `/api/openapi.json`, the description of the API for programs (OpenAPI 3.1), and `/docs`, the same for people on one
//! page without a script. Both are drawn once, at the start, from the table of routes.

use std::sync::OnceLock;

use axum::{
    Router,
    http::{
        HeaderValue,
        header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    },
    response::IntoResponse,
    routing::get,
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Components, HttpMethod, InfoBuilder, OpenApi, PathsBuilder,
        path::PathItem,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};

use crate::{
    app::App,
    http::{
        BASE, ChangedProblem, FieldProblem, Problem, Route, Routes,
        route_doc::{BEARER, refusals},
    },
    pages::{self, RouteLine},
};

/// The documentation of the API in both of its forms.
pub(super) struct Document {
    json: String,
    page: String,
}

impl Document {
    /// Returns the documentation of the routes, which are the same in every router of a process.
    pub(super) fn of(routes: &Routes) -> &'static Self {
        static DRAWN: OnceLock<Document> = OnceLock::new();
        DRAWN.get_or_init(|| {
            let openapi = describe(routes.table());
            Self { json: openapi.to_pretty_json().unwrap_or_default(), page: page(routes.table()) }
        })
    }

    /// Returns a router that serves both forms to anyone.
    pub(super) fn router(&'static self) -> Router<App> {
        let (json, page) = (self.json.as_str(), self.page.as_str());
        Router::new()
            .route("/api/openapi.json", get(async move || ([(CONTENT_TYPE, "application/json")], json).into_response()))
            .route(
                "/docs",
                get(async move || {
                    let media_type = HeaderValue::from_static("text/html; charset=utf-8");
                    ([(CONTENT_TYPE, media_type), (CONTENT_SECURITY_POLICY, pages::POLICY)], page).into_response()
                }),
            )
    }
}

fn describe(table: &[Route]) -> OpenApi {
    let mut components = Components::new();
    components.schemas.insert(Problem::name().into_owned(), Problem::schema());
    components.schemas.insert(ChangedProblem::name().into_owned(), ChangedProblem::schema());
    components.schemas.insert(FieldProblem::name().into_owned(), FieldProblem::schema());
    components.responses.extend(refusals());
    let mut paths = PathsBuilder::new();
    for route in table {
        for (name, schema) in &route.doc.schemas {
            // Schemas go by their names alone: of two types with the same one, the document would describe only the
            // second.
            let before = components.schemas.insert(name.clone(), schema.clone());
            debug_assert!(before.is_none_or(|before| before == *schema), "two types are called {name}");
        }
        let method = match route.method.as_str() {
            "POST" => HttpMethod::Post,
            "PUT" => HttpMethod::Put,
            "PATCH" => HttpMethod::Patch,
            "DELETE" => HttpMethod::Delete,
            _ => HttpMethod::Get,
        };
        paths = paths.path(format!("{BASE}{}", route.path), PathItem::new(method, route.doc.build()));
    }
    components.security_schemes.insert(BEARER.into(), SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)).into());
    let info = InfoBuilder::new()
        .title("STS Clearance")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Rooms in which the parties to a ship-to-ship transfer clear it, and snapshots of them."))
        .build();
    let mut openapi = OpenApi::new(info, paths.build());
    openapi.components = Some(components);
    openapi
}

fn page(table: &[Route]) -> String {
    let lines = table.iter().map(|route| {
        let operation = route.doc.build();
        let access = operation.description.unwrap_or_else(|| "Open to anyone.".into()).replace('`', "");
        let (method, path) = (route.method.to_string(), route.path);
        RouteLine { method, path, summary: operation.summary.unwrap_or_default(), access }
    });
    pages::docs(&lines.collect::<Vec<_>>()).into_string()
}
