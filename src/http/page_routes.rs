//! The routes of pages: like those of the API, none can be written without saying who may use it.

use axum::{
    Router,
    extract::{RawPathParams, Request, State},
    handler::Handler,
    http::{Method, StatusCode},
    routing::{MethodFilter, MethodRouter, on},
};
use tower_http::timeout::TimeoutLayer;

use super::{
    access::Access,
    routes::{TIMEOUT, admit_then},
};
use crate::app::App;

/// A page, or what a form on one does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRoute {
    /// `GET`, or `POST` for a form.
    pub method: Method,
    /// Path, with `{parameters}`.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
}

/// A table of pages.
#[derive(Default)]
pub struct PageRoutes {
    router: Router<App>,
    table: Vec<PageRoute>,
}

impl PageRoutes {
    /// No pages yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A page.
    #[must_use]
    pub fn get<H, T>(self, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.add((Method::GET, MethodFilter::GET), path, access, handler, true)
    }

    /// What a form does.
    #[must_use]
    pub fn post<H, T>(self, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.add((Method::POST, MethodFilter::POST), path, access, handler, true)
    }

    /// What a form with a file does: it may take as long as bytes keep coming.
    #[must_use]
    pub fn upload<H, T>(self, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.add((Method::POST, MethodFilter::POST), path, access, handler, false)
    }

    fn add<H, T>(
        mut self,
        (method, filter): (Method, MethodFilter),
        path: &'static str,
        access: Access,
        handler: H,
        in_time: bool,
    ) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.table.push(PageRoute { method, path, access });
        let route: MethodRouter<App> =
            on(filter, move |State(app): State<App>, params: RawPathParams, request: Request| {
                admit_then(handler.clone(), access, app, params, request)
            });
        let in_time = in_time.then(|| TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, TIMEOUT));
        let route = if let Some(in_time) = in_time { route.layer(in_time) } else { route };
        self.router = self.router.route(path, route);
        self
    }

    /// These pages and those.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.table.extend(other.table);
        self.router = self.router.merge(other.router);
        self
    }

    /// The table.
    pub fn table(&self) -> &[PageRoute] {
        &self.table
    }

    /// Serves them.
    pub fn into_router(self) -> Router<App> {
        self.router
    }
}
