//! The builder for routes of the API: a route cannot be written without its access, its types and its summary.

use axum::{Router, handler::Handler, http::Method, middleware::map_response};
use room::Role;

use super::{
    describe::Describe,
    mount::{MountPoint, mount},
    route_doc::RouteDoc,
    tus,
};
use crate::{app::App, http::Access};

/// How the paths begin of what is in a room.
const IN_A_ROOM: &str = "/rooms/{room_id}";

/// Returns whether a route adds to a room for who may add only so much in a day, as all but admins do.
fn has_quota(access: Access) -> bool {
    match access {
        Access::May(action) | Access::MayInDeleted(action) => action.roles().iter().any(|role| *role != Role::Admin),
        Access::Public | Access::SignedIn | Access::WithGivenPassword => false,
    }
}

/// A row of the table of routes.
pub struct Route {
    /// The HTTP method that the route answers.
    pub method: Method,
    /// Path under [`super::access::BASE`], with `{parameters}`.
    pub path: &'static str,
    /// Who may use the route.
    pub access: Access,
    /// The description of the route in the OpenAPI document.
    pub(crate) doc: RouteDoc,
}

/// The routes of the API: a router, and beside it a table of what is in the router.
///
/// Each call adds one route to both. A handler cannot get into the router without an [`Access`], since the router is
/// private and the only way to it mounts the handler behind `super::caller::admit`. Nor can it get in without a
/// description: its arguments and its result describe themselves (`Describe`), so that a route's entry in the OpenAPI
/// document follows from the signature that the compiler checks.
///
/// The table is what everything else reads: the OpenAPI document, `/docs`, and the tests that go through all routes,
/// such as the golden file of which role may use which. A check in middleware would be shorter, but a route could then
/// be registered outside of it, and nothing could list who may use what. Annotations on handlers (`#[utoipa::path]`)
/// were not taken, since they repeat path, types and access beside the code, where they can be wrong.
#[derive(Default)]
pub struct Routes {
    router: Router<App>,
    table: Vec<Route>,
}

impl Routes {
    /// Returns a builder without any routes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a `GET` (and `HEAD`) route.
    #[must_use]
    pub fn get<H, T>(self, path: &'static str, access: Access, handler: H, summary: &'static str) -> Self
    where
        H: Handler<T, App> + Describe<T>,
        T: 'static,
    {
        self.add(MountPoint::get(path, access), handler, summary)
    }

    /// Adds a `POST` route, whose body is small.
    #[must_use]
    pub fn post<H, T>(self, path: &'static str, access: Access, handler: H, summary: &'static str) -> Self
    where
        H: Handler<T, App> + Describe<T>,
        T: 'static,
    {
        self.add(MountPoint::post(path, access), handler, summary)
    }

    /// Adds a `PUT` route, whose body is small.
    #[must_use]
    pub fn put<H, T>(self, path: &'static str, access: Access, handler: H, summary: &'static str) -> Self
    where
        H: Handler<T, App> + Describe<T>,
        T: 'static,
    {
        self.add(MountPoint::put(path, access), handler, summary)
    }

    /// Adds a `POST` route whose body is as large as a file. It may take as long as bytes keep coming.
    #[must_use]
    pub fn upload<H, T>(self, path: &'static str, access: Access, handler: H, summary: &'static str) -> Self
    where
        H: Handler<T, App> + Describe<T>,
        T: 'static,
    {
        self.add(MountPoint::upload(path, access), handler, summary)
    }

    /// Adds a `PATCH` route whose body is a part of a file. It may take as long as bytes keep coming.
    #[must_use]
    pub fn upload_part<H, T>(self, path: &'static str, access: Access, handler: H, summary: &'static str) -> Self
    where
        H: Handler<T, App> + Describe<T>,
        T: 'static,
    {
        self.add(MountPoint::upload_part(path, access), handler, summary)
    }

    /// Adds a `PATCH` route, whose body is small.
    #[must_use]
    pub fn patch<H, T>(self, path: &'static str, access: Access, handler: H, summary: &'static str) -> Self
    where
        H: Handler<T, App> + Describe<T>,
        T: 'static,
    {
        self.add(MountPoint::patch(path, access), handler, summary)
    }

    /// Adds a `DELETE` route, with a small body or none.
    #[must_use]
    pub fn delete<H, T>(self, path: &'static str, access: Access, handler: H, summary: &'static str) -> Self
    where
        H: Handler<T, App> + Describe<T>,
        T: 'static,
    {
        self.add(MountPoint::delete(path, access), handler, summary)
    }

    fn add<H, T>(mut self, at: MountPoint, handler: H, summary: &'static str) -> Self
    where
        H: Handler<T, App> + Describe<T>,
        T: 'static,
    {
        let mut doc = RouteDoc::new(at.path, at.access, summary);
        H::describe(&mut doc);
        if at.path.starts_with(IN_A_ROOM) && at.method != Method::GET && has_quota(at.access) {
            doc.refuses(&["429"]);
        }
        self.router = mount(self.router, &at, handler);
        self.table.push(Route { method: at.method, path: at.path, access: at.access, doc });
        self
    }

    /// Adds statuses with which the route added last may refuse a request, and which its types do not tell.
    #[must_use]
    pub fn refusing(mut self, statuses: &[&'static str]) -> Self {
        if let Some(route) = self.table.last_mut() {
            route.doc.refuses(statuses);
        }
        self
    }

    /// Has the answers of all routes so far, refusals too, name the version of tus that they speak.
    #[must_use]
    pub fn speaking_tus(mut self) -> Self {
        self.router = self.router.layer(map_response(tus::name_version));
        self
    }

    /// Adds all routes of another builder.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.table.extend(other.table);
        self.router = self.router.merge(other.router);
        self
    }

    /// Returns the table of the routes, in the order in which they were added.
    pub fn table(&self) -> &[Route] {
        &self.table
    }

    pub(crate) fn into_router(self) -> Router<App> {
        self.router
    }
}
