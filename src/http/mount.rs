//! Mounts a handler in the router, behind the check of who may use it. Both route builders go through here, so that no
//! route of the API and no page can be reached without that check.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{RawPathParams, Request, State},
    handler::Handler,
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
    routing::{MethodFilter, on},
};
use futures_util::{FutureExt, future::BoxFuture};
use tower_http::timeout::TimeoutLayer;

use super::{
    access::Access,
    caller::{self, Caller},
    requester::Requester,
};
use crate::app::App;

/// How long most requests may take, from the end of their head to the beginning of the answer.
const ONE_MINUTE: Duration = Duration::from_mins(1);

/// When the server gives up a request that has not been answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deadline {
    /// After a minute, with `503`.
    OneMinute,
    /// Never, as long as the client keeps up the pace that [`super::Patience`] sets: a file takes as long as its line
    /// needs.
    WhileBytesCome,
}

/// Where a handler is mounted, and under which conditions.
pub(super) struct MountPoint {
    pub(super) method: Method,
    /// The same method, as axum's router takes it.
    filter: MethodFilter,
    pub(super) path: &'static str,
    pub(super) access: Access,
    deadline: Deadline,
}

impl MountPoint {
    /// A `GET` (and `HEAD`) route.
    pub(super) fn get(path: &'static str, access: Access) -> Self {
        Self { method: Method::GET, filter: MethodFilter::GET, path, access, deadline: Deadline::OneMinute }
    }

    /// A `POST` route with a small body.
    pub(super) fn post(path: &'static str, access: Access) -> Self {
        Self { method: Method::POST, filter: MethodFilter::POST, ..Self::get(path, access) }
    }

    /// A `POST` route with a body as large as a file.
    pub(super) fn upload(path: &'static str, access: Access) -> Self {
        Self { deadline: Deadline::WhileBytesCome, ..Self::post(path, access) }
    }

    /// A `PATCH` route with a body as large as a part of a file.
    pub(super) fn upload_part(path: &'static str, access: Access) -> Self {
        Self { deadline: Deadline::WhileBytesCome, ..Self::patch(path, access) }
    }

    /// A `PUT` route with a small body.
    pub(super) fn put(path: &'static str, access: Access) -> Self {
        Self { method: Method::PUT, filter: MethodFilter::PUT, ..Self::get(path, access) }
    }

    /// A `PATCH` route with a small body.
    pub(super) fn patch(path: &'static str, access: Access) -> Self {
        Self { method: Method::PATCH, filter: MethodFilter::PATCH, ..Self::get(path, access) }
    }

    /// A `DELETE` route, with a small body or none.
    pub(super) fn delete(path: &'static str, access: Access) -> Self {
        Self { method: Method::DELETE, filter: MethodFilter::DELETE, ..Self::get(path, access) }
    }
}

/// A handler without its type.
///
/// `axum` makes its whole tower of services once for each type of handler. There are some two hundred of them, and
/// nothing in that tower depends on which it is, so a call through a pointer is put below it: the release build is
/// faster by a good part of its time, and a request pays for one allocation.
type AnyHandler = Arc<dyn Fn(Request, App) -> BoxFuture<'static, Response> + Send + Sync>;

/// Adds the handler to the router: a request reaches it once [`caller::admit`] has let it in.
pub(super) fn mount<H, T>(router: Router<App>, at: &MountPoint, handler: H) -> Router<App>
where
    H: Handler<T, App>,
    T: 'static,
{
    mount_any(router, at, Arc::new(move |request, app| handler.clone().call(request, app).boxed()))
}

/// As [`mount`], for a page: its caller knows what calls an admin, which every page shows in its bar.
pub(super) fn mount_page<H, T>(router: Router<App>, at: &MountPoint, handler: H) -> Router<App>
where
    H: Handler<T, App>,
    T: 'static,
{
    let handler = move |mut request: Request, app: App| {
        let handler = handler.clone();
        async move {
            if let Some(caller) = request.extensions_mut().get_mut::<Caller>() {
                caller.look_around(&app).await;
            }
            handler.call(request, app).await
        }
        .boxed()
    };
    mount_any(router, at, Arc::new(handler))
}

fn mount_any(router: Router<App>, at: &MountPoint, handler: AnyHandler) -> Router<App> {
    let access = at.access;
    let route = on(at.filter, move |State(app): State<App>, params: RawPathParams, request: Request| {
        admit_then(Arc::clone(&handler), access, app, params, request)
    });
    // Outside of the admission, which waits for the database: the minute bounds that wait, too.
    let route = match at.deadline {
        Deadline::OneMinute => route.layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, ONE_MINUTE)),
        Deadline::WhileBytesCome => route,
    };
    router.route(at.path, route)
}

/// Calls the handler if the caller is admitted; otherwise returns the refusal, and the body is never read.
async fn admit_then(
    handler: AnyHandler,
    access: Access,
    app: App,
    params: RawPathParams,
    mut request: Request,
) -> Response {
    let requester = request.extensions().get::<Requester>().cloned().unwrap_or_default();
    match caller::admit(&app, access, &params, (request.method(), request.headers()), &requester).await {
        Ok(admitted) => {
            admitted.insert_into(request.extensions_mut());
            handler(request, app).await
        }
        Err(refused) => refused.into_response(),
    }
}
