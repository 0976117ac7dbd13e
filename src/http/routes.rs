//! The route builder: a route cannot be written without saying who may use it.

use std::time::Duration;

use axum::{
    Router,
    extract::{RawPathParams, Request, State},
    handler::Handler,
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
    routing::{MethodFilter, MethodRouter, on},
};
use tower_http::timeout::TimeoutLayer;

use super::{asker::Asker, caller, describe::Describe, route_doc::RouteDoc};
use crate::{app::App, http::Access};

/// A request that has not been answered after this long is not going to be.
pub(crate) const TIMEOUT: Duration = Duration::from_mins(1);

/// A route as its table tells of it.
pub struct Route {
    /// Method.
    pub method: Method,
    /// Path under [`super::access::BASE`], with `{parameters}`.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
    /// What the documentation says of it.
    pub(crate) doc: RouteDoc,
}

/// A table of routes.
#[derive(Default)]
pub struct Routes {
    router: Router<App>,
    table: Vec<Route>,
}

impl Routes {
    /// No routes yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A `GET` (and `HEAD`) route.
    #[must_use]
    pub fn get<H, T>(self, path: &'static str, access: Access, handler: H, says: &'static str) -> Self
    where
        H: Handler<T, App> + Describe<T>,
        T: 'static,
    {
        self.add(Method::GET, MethodFilter::GET, path, access, (handler, says))
    }

    /// A `POST` route.
    #[must_use]
    pub fn post<H, T>(self, path: &'static str, access: Access, handler: H, says: &'static str) -> Self
    where
        H: Handler<T, App> + Describe<T>,
        T: 'static,
    {
        self.add(Method::POST, MethodFilter::POST, path, access, (handler, says))
    }

    /// A `PUT` route.
    #[must_use]
    pub fn put<H, T>(self, path: &'static str, access: Access, handler: H, says: &'static str) -> Self
    where
        H: Handler<T, App> + Describe<T>,
        T: 'static,
    {
        self.add(Method::PUT, MethodFilter::PUT, path, access, (handler, says))
    }

    /// A `POST` route whose body is as large as a file: it may take as long as bytes keep coming.
    #[must_use]
    pub fn upload<H, T>(mut self, path: &'static str, access: Access, handler: H, says: &'static str) -> Self
    where
        H: Handler<T, App> + Describe<T>,
        T: 'static,
    {
        let route = self.describe(Method::POST, MethodFilter::POST, path, access, (handler, says));
        self.router = self.router.route(path, route);
        self
    }

    /// A `PATCH` route.
    #[must_use]
    pub fn patch<H, T>(self, path: &'static str, access: Access, handler: H, says: &'static str) -> Self
    where
        H: Handler<T, App> + Describe<T>,
        T: 'static,
    {
        self.add(Method::PATCH, MethodFilter::PATCH, path, access, (handler, says))
    }

    /// A `DELETE` route.
    #[must_use]
    pub fn delete<H, T>(self, path: &'static str, access: Access, handler: H, says: &'static str) -> Self
    where
        H: Handler<T, App> + Describe<T>,
        T: 'static,
    {
        self.add(Method::DELETE, MethodFilter::DELETE, path, access, (handler, says))
    }

    fn add<H, T>(
        mut self,
        method: Method,
        filter: MethodFilter,
        path: &'static str,
        access: Access,
        handler: (H, &'static str),
    ) -> Self
    where
        H: Handler<T, App> + Describe<T>,
        T: 'static,
    {
        let route = self.describe(method, filter, path, access, handler);
        let in_time = TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, TIMEOUT);
        self.router = self.router.route(path, route.layer(in_time));
        self
    }

    /// Adds the route to the table; answers its handler behind the check of who may.
    fn describe<H, T>(
        &mut self,
        method: Method,
        filter: MethodFilter,
        path: &'static str,
        access: Access,
        (handler, says): (H, &'static str),
    ) -> MethodRouter<App>
    where
        H: Handler<T, App> + Describe<T>,
        T: 'static,
    {
        let mut doc = RouteDoc::new(path, access, says);
        H::describe(&mut doc);
        self.table.push(Route { method, path, access, doc });
        on(filter, move |State(app): State<App>, params: RawPathParams, request: Request| {
            admit_then(handler.clone(), access, app, params, request)
        })
    }

    /// The route just added may be refused with these statuses too, of which its types do not tell.
    #[must_use]
    pub fn refusing(mut self, statuses: &[&'static str]) -> Self {
        if let Some(route) = self.table.last_mut() {
            route.doc.refuses(statuses);
        }
        self
    }

    /// These routes and those.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.table.extend(other.table);
        self.router = self.router.merge(other.router);
        self
    }

    /// The table.
    pub fn table(&self) -> &[Route] {
        &self.table
    }

    pub(crate) fn into_router(self) -> Router<App> {
        self.router
    }
}

/// The way to every handler leads through here.
pub(crate) async fn admit_then<H: Handler<T, App>, T: 'static>(
    handler: H,
    access: Access,
    app: App,
    params: RawPathParams,
    mut request: Request,
) -> Response {
    let asker = request.extensions().get::<Asker>().cloned().unwrap_or_default();
    match caller::admit(&app, access, &params, (request.method(), request.headers()), &asker).await {
        Ok(admitted) => {
            admitted.introduce(request.extensions_mut());
            handler.call(request, app).await
        }
        Err(refused) => refused.into_response(),
    }
}
