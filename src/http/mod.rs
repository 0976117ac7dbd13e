//! How HTTP is spoken: routes with their access, who the caller is, extractors, answers, problems.

mod access;
mod answer;
mod asker;
mod brought;
pub(crate) mod caller;
pub(crate) mod client;
mod connections;
mod describe;
mod download;
mod extract;
mod form;
mod listener;
mod pace;
mod page_routes;
mod percent;
mod preview;
pub(crate) mod problem;
pub(crate) mod route_doc;
mod routes;
mod text;
mod upload;
mod zipped;

pub mod event_stream;
pub mod session_cookie;

pub use access::{Access, BASE};
pub use answer::{Created, DoneOrAsked, Listed, NoContent};
pub use asker::Asker;
pub use caller::{Caller, InRoom};
pub use client::Client;
pub use describe::Answers;
pub use download::{Download, FileAnswer};
pub use event_stream::{After, EventStream};
pub use extract::{FromPairs, Given, Id, Ids, Json, Paging, Query, UserAgent, Wait};
pub use form::Form;
pub use listener::{Limits, serve};
pub use pace::Patience;
pub use page_routes::{PageRoute, PageRoutes};
pub use percent::percent;
pub use preview::{Preview, PreviewAnswer};
pub use problem::{Failure, FieldProblem, Problem, sentence};
pub use route_doc::{Bounds, Kind, RouteDoc};
pub use routes::{Route, Routes};
pub use text::{JsonLines, PlainText};
pub use upload::{Received, Upload, form_boundary};
pub use zipped::Zipped;
