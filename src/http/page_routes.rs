//! The builder for routes of pages. Like a route of the API, none can be written without its access.

use axum::{Router, handler::Handler, http::Method};

use super::{
    access::Access,
    mount::{MountPoint, mount_page},
};
use crate::app::App;

/// A row of the table of pages: a page, or the target of a form on one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRoute {
    /// `GET` for a page, `POST` for a form.
    pub method: Method,
    /// Path from the root of the site, with `{parameters}`.
    pub path: &'static str,
    /// Who may use the page or the form.
    pub access: Access,
}

/// The routes of pages, with a table of them for the tests. See [`super::Routes`], whose twin without descriptions it
/// is: a browser's form knows only `GET` and `POST`, and programs use the API.
#[derive(Default)]
pub struct PageRoutes {
    router: Router<App>,
    table: Vec<PageRoute>,
}

impl PageRoutes {
    /// Returns a builder without any pages.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a page, or another answer to a `GET`.
    #[must_use]
    pub fn get<H, T>(self, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.add(MountPoint::get(path, access), handler)
    }

    /// Adds the target of a form without a file.
    #[must_use]
    pub fn post<H, T>(self, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.add(MountPoint::post(path, access), handler)
    }

    /// Adds the target of a form with a file. It may take as long as bytes keep coming.
    #[must_use]
    pub fn upload<H, T>(self, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.add(MountPoint::upload(path, access), handler)
    }

    fn add<H, T>(mut self, at: MountPoint, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.router = mount_page(self.router, &at, handler);
        self.table.push(PageRoute { method: at.method, path: at.path, access: at.access });
        self
    }

    /// Adds all pages of another builder.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.table.extend(other.table);
        self.router = self.router.merge(other.router);
        self
    }

    /// Returns the table of the pages, in the order in which they were added.
    pub fn table(&self) -> &[PageRoute] {
        &self.table
    }

    /// Returns the router that serves the pages.
    pub fn into_router(self) -> Router<App> {
        self.router
    }
}
