//! The form with a snapshot's file that is to be verified. It is read into memory, of which there is a fixed amount for
//! all such requests together, and nothing of it is kept.

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
    disposition::Disposition,
    extract::BYTE_ORDER_MARK,
    route_doc::RouteDoc,
    upload::{Unparsed, form_boundary, in_time},
};
use crate::{
    app::App,
    children::{Claimant, MOST_FILE},
    domain::snapshots::verifying::VerifyRequest,
    error::{Error, Result},
};

/// How large each part may be that is no file, in bytes.
const MOST_BESIDE: usize = MIB;
const MIB: usize = 1024 * 1024;
/// How large the certificates of a part may be, in bytes.
const MOST_CERTIFICATES: usize = MIB;
/// How long the whole form may take. It holds memory that others wait for, so that a slow client does not get as long
/// as it likes, as it does for a file that goes to the store.
const WHOLE: Duration = Duration::from_mins(5);

const FIELDS: &[(&str, Kind, &str)] = &[
    ("older", Kind::File, "An older file of the same room, from which the log of this one has to go on"),
    ("key", Kind::Text, "The public keys that are trusted, one a line; those of this server where it is not given"),
    (
        "consistency",
        Kind::Text,
        "The answer of `GET …/log/consistency`, where the newer file does not hold all entries of the log",
    ),
    (
        "receipt",
        Kind::Text,
        "The answer of `GET …/snapshots/{id}/receipt`: for a file of an earlier version, which carries none, and for the \
         witnesses of a policy",
    ),
    (
        "rotations",
        Kind::Text,
        "The answer of `GET /.well-known/sts-clearance/keys` of another server: it leads from a key that is trusted to those \
         that followed it",
    ),
    (
        "checkpoint",
        Kind::Text,
        "A signed head of the log, or of the server's log of heads, that is had from elsewhere, such as from a witness",
    ),
    ("policy", Kind::Text, "A policy (C2SP tlog-policy): keys of logs, and which witnesses have to have seen them"),
    ("seal_certificate", Kind::File, "The certificates (PEM or DER) with one of which a PDF has to be sealed"),
    (
        "authority",
        Kind::File,
        "Certificates (PEM or DER) of authorities that are trusted: of those that attest times, or of issuers of the seal's \
         certificate",
    ),
];

impl FromRequest<App> for VerifyRequest {
    type Rejection = Error;

    async fn from_request(mut request: Request, app: &App) -> Result<Self> {
        let client: Client = request.extract_parts().await.unwrap_or_else(|never| match never {});
        let boundary = form_boundary(request.headers())?;
        let whole = SizeLimit::new().whole_stream((2 * MOST_FILE + 10 * MOST_BESIDE) as u64);
        let unparsed = Unparsed::default();
        let body = unparsed.watch(request.into_body().into_data_stream());
        let form = Multipart::with_constraints(body, boundary, Constraints::new().size_limit(whole));
        // By network, since nobody has to be signed in here: no client can take all of the memory.
        let request = Self::empty(app, Claimant::Network(client.network()));
        let read = FormReader { unparsed, request }.read(form);
        timeout(WHOLE, read).await.map_err(|_| Error::Http(408, "the form took longer than five minutes".into()))?
    }
}

impl Takes for VerifyRequest {
    fn describe(doc: &mut RouteDoc) {
        doc.takes_form(FIELDS, &[]);
    }
}

/// For the page, which shows by itself what is wrong with its form.
impl Takes for Result<VerifyRequest> {
    fn describe(doc: &mut RouteDoc) {
        VerifyRequest::describe(doc);
    }
}

/// Reads the form of a request, part by part.
struct FormReader {
    unparsed: Unparsed,
    request: VerifyRequest,
}

impl FormReader {
    async fn read(mut self, mut form: Multipart<'static>) -> Result<VerifyRequest> {
        let mut has_file = false;
        while let Some(part) = in_time(form.next_field()).await? {
            self.unparsed.is_parsed();
            let name = Disposition::of(part.headers()).name();
            match name.as_str() {
                "file" if !has_file => {
                    self.request.file = self.take(part, &name, MOST_FILE).await?;
                    has_file = true;
                }
                "older" if self.request.older.is_none() => {
                    self.request.older = non_empty(self.take(part, &name, MOST_FILE).await?);
                }
                "key" if self.request.key.is_none() => self.request.key = self.take_text(part, &name).await?,
                "consistency" if self.request.consistency.is_none() => {
                    self.request.consistency = self.take_text(part, &name).await?;
                }
                "receipt" if self.request.receipt.is_none() => {
                    self.request.receipt = self.take_text(part, &name).await?;
                }
                "rotations" if self.request.rotations.is_none() => {
                    self.request.rotations = self.take_text(part, &name).await?;
                }
                "checkpoint" if self.request.checkpoint.is_none() => {
                    self.request.checkpoint = self.take_text(part, &name).await?;
                }
                "policy" if self.request.policy.is_none() => {
                    self.request.policy = self.take_text(part, &name).await?;
                }
                "seal_certificate" if self.request.seal_certificate.is_none() => {
                    self.request.seal_certificate = non_empty(self.take(part, &name, MOST_CERTIFICATES).await?);
                }
                "authority" if self.request.authority.is_none() => {
                    self.request.authority = non_empty(self.take(part, &name, MOST_CERTIFICATES).await?);
                }
                known if known == "file" || FIELDS.iter().any(|(field, ..)| *field == known) => {
                    return Err(Error::field(&name, "must be given once"));
                }
                _ => {
                    let known = "is not known; expected one of `file`, `older`, `key`, `consistency`, `receipt`, `rotations`, \
                                 `checkpoint`, `policy`, `seal_certificate`, `authority`";
                    return Err(Error::field(&name, known));
                }
            }
        }
        // An empty file is a missing one: a browser sends an empty part for a field in which nothing was chosen.
        if self.request.file.is_empty() {
            return Err(Error::field("file", "is missing"));
        }
        Ok(self.request)
    }

    /// Reads a part of at most this many bytes, and claims the memory for each piece of it.
    async fn take(&mut self, mut part: Field<'static>, name: &str, most: usize) -> Result<Vec<u8>> {
        let mut taken = Vec::new();
        while let Some(bytes) = in_time(part.chunk()).await? {
            self.unparsed.is_parsed();
            if taken.len() + bytes.len() > most {
                let most = most / MIB;
                return Err(Error::Http(413, format!("`{name}` is larger than the {most} MiB that it may have")));
            }
            // Claimed as it comes, not as it is announced: a client that announces much and sends little takes little.
            self.request.memory.claim(bytes.len())?;
            taken.extend_from_slice(&bytes);
        }
        Ok(taken)
    }

    async fn take_text(&mut self, part: Field<'static>, name: &str) -> Result<Option<String>> {
        let mut bytes = self.take(part, name, MOST_BESIDE).await?;
        if bytes.starts_with(BYTE_ORDER_MARK) {
            bytes.drain(..BYTE_ORDER_MARK.len());
        }
        let text = non_empty(bytes).map(String::from_utf8).transpose();
        let text = text.map_err(|_| Error::field(name, "must be text in UTF-8"))?;
        Ok(text.filter(|text| !text.trim().is_empty()))
    }
}

/// Returns `None` for an empty part, which a browser sends for a field in which nothing was chosen.
fn non_empty(bytes: Vec<u8>) -> Option<Vec<u8>> {
    Some(bytes).filter(|bytes| !bytes.is_empty())
}
