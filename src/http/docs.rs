//! `/api/openapi.json`, and `/docs`: the same for people, on one page without a script.

use std::fmt::Write as _;

use axum::{
    Router,
    http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE},
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

use super::{
    BASE, FieldProblem, Problem, Route, Routes,
    route_doc::{BEARER, refusals},
};
use crate::app::App;

const STYLE: &str = include_str!("../../assets/docs.css");
/// The page may have its stylesheet, and nothing else.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; frame-ancestors 'none'";

/// Both forms of the documentation.
pub(super) struct Document {
    json: String,
    page: String,
}

impl Document {
    /// Describes the routes.
    pub(super) fn of(routes: &Routes) -> Self {
        let openapi = describe(routes.table());
        Self { json: openapi.to_pretty_json().unwrap_or_default(), page: page(routes.table()) }
    }

    pub(super) fn into_router(self) -> Router<App> {
        let Self { json, page } = self;
        Router::new()
            .route("/api/openapi.json", get(async move || ([(CONTENT_TYPE, "application/json")], json).into_response()))
            .route("/docs.css", get(async || ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)))
            .route(
                "/docs",
                get(async move || {
                    let headers = [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, PAGE_POLICY)];
                    (headers, page).into_response()
                }),
            )
    }
}

fn describe(table: &[Route]) -> OpenApi {
    let mut components = Components::new();
    components.schemas.insert(Problem::name().into_owned(), Problem::schema());
    components.schemas.insert(FieldProblem::name().into_owned(), FieldProblem::schema());
    components.responses.extend(refusals());
    let mut paths = PathsBuilder::new();
    for route in table {
        components.schemas.extend(route.doc.schemas.iter().cloned());
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
    let mut rows = String::new();
    for route in table {
        let operation = route.doc.build();
        let summary = operation.summary.unwrap_or_default();
        let access = operation.description.unwrap_or_else(|| "Open to anyone.".into()).replace('`', "");
        let _ = write!(
            rows,
            "<tr><td><code>{}</code></td><td><code>{BASE}{}</code></td><td>{summary}</td><td>{access}</td></tr>",
            route.method, route.path,
        );
    }
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>STS Clearance API</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><link rel=\"stylesheet\" href=\"/docs.css\"></head><body><main>\
         <h1>STS Clearance API</h1><p>Sign in with <code>POST {BASE}/auth/login</code> and send the token as \
         <code>Authorization: Bearer …</code>. Bodies, parameters and answers are described in \
         <a href=\"/api/openapi.json\">/api/openapi.json</a> (OpenAPI 3.1). Errors are problem details (RFC 9457).</p>\
         <table><thead><tr><th>Method</th><th>Path</th><th>What it does</th><th>Who may</th></tr></thead>\
         <tbody>{rows}</tbody></table></main></body></html>"
    )
}
