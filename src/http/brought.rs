//! The form with which somebody brings a file to be checked. It is read into memory, of which there is a set amount
//! for all who come at once, and nothing of it is kept.

use std::time::Duration;

use axum::{
    RequestExt,
    extract::{FromRequest, Request},
};
use multer::{Constraints, Field, Multipart, SizeLimit};
use tokio::time::timeout;

use super::{
    Client, Kind,
    describe::Takes,
    route_doc::RouteDoc,
    upload::{Unparsed, form_boundary, in_time},
};
use crate::{
    app::App,
    children::{Claimant, MOST_FILE},
    domain::snapshots::verifying::Brought,
    error::{Error, Result},
};

/// The largest of the other parts, in bytes.
const MOST_BESIDE: usize = MIB;
const MIB: usize = 1024 * 1024;
/// However slow a client is, the whole form has come by then.
const WHOLE: Duration = Duration::from_mins(5);

const FIELDS: &[(&str, Kind, &str)] = &[
    ("older", Kind::File, "An older file of the same room, from which the log of this one has to go on"),
    ("key", Kind::Text, "The public keys that are trusted, one a line; those of this server where it is not given"),
    (
        "consistency",
        Kind::Text,
        "The answer of `GET …/log/consistency`, where the newer file does not hold all entries of the log",
    ),
];

impl FromRequest<App> for Brought {
    type Rejection = Error;

    async fn from_request(mut request: Request, app: &App) -> Result<Self> {
        let client: Client = request.extract_parts().await.unwrap_or_else(|never| match never {});
        let boundary = form_boundary(request.headers())?;
        let whole = SizeLimit::new().whole_stream((2 * MOST_FILE + 4 * MOST_BESIDE) as u64);
        let unparsed = Unparsed::default();
        let body = unparsed.watch(request.into_body().into_data_stream());
        let form = Multipart::with_constraints(body, boundary, Constraints::new().size_limit(whole));
        let brought = Self::nothing_yet(app, Claimant::Network(client.network()));
        let read = Reading { unparsed, brought }.read(form);
        timeout(WHOLE, read).await.map_err(|_| Error::Http(408, "the form took longer than five minutes".into()))?
    }
}

impl Takes for Brought {
    fn describe(doc: &mut RouteDoc) {
        doc.takes_form(FIELDS, &[]);
    }
}

/// For a page, which says itself what is wrong with a form.
impl Takes for Result<Brought> {
    fn describe(doc: &mut RouteDoc) {
        Brought::describe(doc);
    }
}

/// A form on its way.
struct Reading {
    unparsed: Unparsed,
    brought: Brought,
}

impl Reading {
    async fn read(mut self, mut form: Multipart<'static>) -> Result<Brought> {
        let mut has_file = false;
        while let Some(part) = in_time(form.next_field()).await? {
            self.unparsed.is_parsed();
            let name = part.name().unwrap_or_default().to_owned();
            match name.as_str() {
                "file" if !has_file => {
                    self.brought.file = self.take(part, &name, MOST_FILE).await?;
                    has_file = true;
                }
                "older" if self.brought.older.is_none() => {
                    self.brought.older = given(self.take(part, &name, MOST_FILE).await?);
                }
                "key" if self.brought.key.is_none() => self.brought.key = self.take_text(part, &name).await?,
                "consistency" if self.brought.consistency.is_none() => {
                    self.brought.consistency = self.take_text(part, &name).await?;
                }
                "file" | "older" | "key" | "consistency" => return Err(Error::field(&name, "must be given once")),
                _ => {
                    let known = "is not known; expected one of `file`, `older`, `key`, `consistency`";
                    return Err(Error::field(&name, known));
                }
            }
        }
        if self.brought.file.is_empty() {
            return Err(Error::field("file", "is missing"));
        }
        Ok(self.brought)
    }

    async fn take(&mut self, mut part: Field<'static>, name: &str, most: usize) -> Result<Vec<u8>> {
        let mut taken = Vec::new();
        while let Some(bytes) = in_time(part.chunk()).await? {
            self.unparsed.is_parsed();
            if taken.len() + bytes.len() > most {
                let most = most / MIB;
                return Err(Error::Http(413, format!("`{name}` is larger than the {most} MiB that it may have")));
            }
            self.brought.memory.claim(bytes.len())?;
            taken.extend_from_slice(&bytes);
        }
        Ok(taken)
    }

    async fn take_text(&mut self, part: Field<'static>, name: &str) -> Result<Option<String>> {
        let text = given(self.take(part, name, MOST_BESIDE).await?).map(String::from_utf8).transpose();
        let text = text.map_err(|_| Error::field(name, "must be text in UTF-8"))?;
        Ok(text.filter(|text| !text.trim().is_empty()))
    }
}

/// A browser sends a part for a file that was not chosen, too.
fn given(bytes: Vec<u8>) -> Option<Vec<u8>> {
    Some(bytes).filter(|bytes| !bytes.is_empty())
}
