//! How HTTP is spoken: routes with their access, the check of who is calling, extractors, answers, problems, and the
//! listener with its limits. The doors (`api`, `pages`) and `web` use it; it knows none of them.
//!
//! **One check.** Nothing but `caller` asks the policy; the documentation only reads its table. Both route builders
//! mount every handler behind `caller::admit`. A page that hides a button asks [`Caller::may`], and what it does not
//! hide is refused all the same.
//!
//! **One way.** A page goes the same way as a route of the API:
//!
//! 1. its route has its access ([`PageRoutes`]);
//! 2. the session comes from the cookie instead of the header `Authorization` ([`session_cookie`]);
//! 3. a form's fields are read as the type that the API reads from JSON ([`Form`]);
//! 4. the same operation of `domain` is called;
//! 5. then the browser is redirected (`303`), or shown the form again with what was wrong.

mod access;
mod answer;
pub(crate) mod caller;
pub(crate) mod client;
mod conditional;
mod connections;
mod describe;
mod disposition;
mod download;
mod extract;
mod form;
mod listener;
mod mount;
mod pace;
mod page_routes;
mod percent;
mod preview;
pub(crate) mod problem;
mod requester;
pub(crate) mod route_doc;
mod routes;
mod text;
mod tus;
mod upload;
mod verify_request;
mod watched_body;
mod zipped;

pub mod event_stream;
pub mod insecure;
pub mod session_cookie;

pub use access::{Access, BASE};
pub use answer::{Created, DoneOrRequested, Listed, NoContent};
pub use caller::{Caller, InRoom};
pub use client::Client;
pub use conditional::{IfMatch, Tagged};
pub use describe::Answers;
pub use download::{Download, FileAnswer};
pub use event_stream::{After, EventStream};
pub use extract::{FromPairs, Given, Id, Ids, Json, Paging, Query, Seeking, UserAgent, Wait};
pub use form::{Form, WAS};
pub use listener::{Limits, serve};
pub use pace::Patience;
pub use page_routes::{PageRoute, PageRoutes};
pub use percent::percent;
pub use preview::{Preview, PreviewAnswer};
pub use problem::{ChangedProblem, Failure, FieldProblem, Problem, sentence};
pub use requester::Requester;
pub use route_doc::{Bounds, Kind, RouteDoc};
pub use routes::{Route, Routes};
pub use text::{JsonLines, PlainText, SavedPage};
pub use tus::{BeginUpload, Begun, PartTaken, Tus, UploadPart, UploadShown};
pub use upload::{Received, Upload, form_boundary};
pub use zipped::Zipped;
