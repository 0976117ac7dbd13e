//! A form with a file (`multipart/form-data`, RFC 7578). The file goes to the store piece by piece as it comes, so
//! that an upload takes the memory of a few pieces, however large the file is.

use std::{
    collections::HashMap,
    future::poll_fn,
    marker::PhantomData,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
    time::Duration,
};

use axum::{
    BoxError,
    body::BodyDataStream,
    extract::{FromRequest, Request},
    http::{
        HeaderMap,
        header::{CONTENT_LENGTH, CONTENT_TYPE},
    },
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use multer::{Constraints, Field, Multipart, SizeLimit};
use room::RoomId;
use tokio::time::timeout;

use super::{
    FromPairs, Given, Kind, Patience,
    describe::Takes,
    disposition::{Disposition, FileName},
    pace::Pace,
    route_doc::RouteDoc,
};
use crate::{
    app::App,
    domain::{
        documents::{
            Inspection, file_kinds,
            versions::{Arrived, Said},
        },
        log::{Actor, quota},
    },
    error::{Error, Result},
    files::{Staged, Staging},
};

/// The name of the form's part that holds the file.
const FILE: &str = "file";
/// How many bytes a form may have besides its file.
const AROUND_THE_FILE: u64 = 1024 * 1024;
/// How long a client may send nothing before it is given up.
const PATIENCE: Duration = Duration::from_mins(1);

/// A form that has not been read yet, with a file and the fields of a `T`. The handler reads it with
/// [`Upload::receive`], after it has checked what can be checked without the file.
pub struct Upload<T> {
    form: Multipart<'static>,
    unparsed: Unparsed,
    limit: u64,
    /// The length of the body, as its head tells it.
    announced: Option<u64>,
    fields: PhantomData<fn() -> T>,
}

/// The file of a form, which waits in the store for its name.
pub struct Received {
    /// The file, which is removed when this is dropped.
    pub staged: Staged,
    /// The name that the client gave the file.
    pub file_name: String,
    /// The kind of file that its content showed.
    pub inspection: Inspection,
}

impl Received {
    /// Adds the other fields of the form to the file.
    pub fn saying(self, said: Said) -> Arrived {
        let Self { staged, file_name, inspection } = self;
        Arrived { staged, file_name, inspection, said }
    }
}

/// The pattern of a day of the calendar, or of nothing.
const DAY_OR_BLANK: &str = "^((19[7-9][0-9]|2[01][0-9]{2})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01]))?$";

impl FromPairs for Said {
    const PARAMETERS: &[(&str, Kind, &str)] = &[
        (
            "expires_on",
            Kind::Pattern(DAY_OR_BLANK),
            "The last day on which it is valid; where it is left out although the type expires, the document counts as one without a date",
        ),
        ("notes", Kind::Reason, "What is to be known of it"),
    ];

    fn read(given: &mut Given) -> Self {
        Self { expires_on: given.unchecked("expires_on"), notes: given.unchecked("notes") }
    }
}

impl<T: FromPairs> Upload<T> {
    /// Reads the form to its end, for who uploads its file to a room. If anything is wrong with it, nothing of it is kept.
    pub async fn receive(mut self, app: &App, (room, by): (RoomId, &Actor)) -> Result<(T, Received)> {
        // Before a byte is read: the client need not send a file for which there is no room, or which is beyond the quota.
        let least = self.announced.unwrap_or_default().saturating_sub(AROUND_THE_FILE);
        quota::refuse_upload(app, room, by, least).await?;
        app.files.check_room_for(self.announced.unwrap_or_default()).await?;
        let (mut pairs, mut file, mut around) = (HashMap::new(), None, 0);
        while let Some(part) = in_time(self.form.next_field()).await? {
            self.unparsed.is_parsed();
            let disposition = Disposition::of(part.headers());
            let name = disposition.name();
            if name == FILE {
                if file.is_some() {
                    return Err(Error::field(FILE, "must be one file"));
                }
                file = Some(self.take_file((app, by), part, disposition.file_name()).await?);
                continue;
            }
            let text = self.take_text(&name, part, &mut around).await?;
            if pairs.insert(name.clone(), text).is_some() {
                return Err(Error::field(&name, "must be given once"));
            }
        }
        // After the loop, since a browser may send the fields behind the file. An error here drops the staged file,
        // which removes it.
        let value = Given::new(pairs).read()?;
        let received = file.ok_or_else(|| Error::field(FILE, "is missing"))?;
        Ok((value, received))
    }

    /// Reads a part that is text. `around` counts the bytes of all these parts together.
    async fn take_text(&self, name: &str, mut part: Field<'static>, around: &mut u64) -> Result<String> {
        let mut text = Vec::new();
        // The limit is for all parts together, with their names: a form could have millions of empty ones.
        *around += name.len() as u64;
        while let Some(bytes) = in_time(part.chunk()).await? {
            self.unparsed.is_parsed();
            *around += bytes.len() as u64;
            if *around > AROUND_THE_FILE {
                return Err(too_much_around());
            }
            text.extend_from_slice(&bytes);
        }
        String::from_utf8(text).map_err(|_| Error::field(name, "must be text in UTF-8"))
    }

    async fn take_file(
        &self,
        (app, by): (&App, &Actor),
        mut part: Field<'static>,
        file_name: FileName,
    ) -> Result<Received> {
        let file_name = match file_name {
            FileName::Read(name) => name,
            FileName::Unreadable => return Err(Error::field(FILE, "has a name that cannot be read; send it in UTF-8")),
            FileName::Missing => return Err(Error::field(FILE, "must be a file with its name")),
        };
        // Under an id of the server's own. The client's name is data, and never part of a path.
        let mut staging = app.files.stage(&app.new_id().to_string()).await?;
        let mut inspection = Inspection::default();
        while let Some(bytes) = in_time(part.chunk()).await? {
            self.unparsed.is_parsed();
            self.take(&mut staging, &mut inspection, &bytes).await?;
        }
        let staged = staging.finish().await?;
        let inspection = file_kinds::examine(app, by, &staged, inspection).await?;
        Ok(Received { staged, file_name, inspection })
    }

    /// Adds one piece to the file, unless that exceeds the limit.
    async fn take(&self, staging: &mut Staging, inspection: &mut Inspection, bytes: &Bytes) -> Result<()> {
        // Counted as it comes: `Content-Length` may be missing, or wrong.
        if staging.size() + bytes.len() as u64 > self.limit {
            return Err(too_large(self.limit));
        }
        inspection.look(bytes);
        staging.add(bytes).await
    }
}

/// Waits for the client's next bytes, up to [`PATIENCE`], and words the errors of the parser.
pub(crate) async fn in_time<V>(coming: impl Future<Output = multer::Result<V>>) -> Result<V> {
    timeout(PATIENCE, coming).await.map_err(|_| too_slow())?.map_err(|error| match error {
        multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => too_much_around(),
        multer::Error::StreamReadFailed(error) if error.is::<TooMuchUnparsed>() => too_much_around(),
        multer::Error::StreamReadFailed(error) if error.is::<TooSlow>() => too_slow(),
        multer::Error::StreamReadFailed(_) => Error::Malformed("the upload broke off; nothing of it stays".into()),
        other => Error::Malformed(format!("the form cannot be read: {other}")),
    })
}

fn too_slow() -> Error {
    let words = "the form came too slowly, or nothing of it for a minute; it was given up, and nothing of it stays";
    Error::Http(408, words.into())
}

fn too_much_around() -> Error {
    Error::Http(413, "the form has more around its file than the 1 MiB that it may have".into())
}

pub(super) fn too_large(limit: u64) -> Error {
    Error::Http(413, format!("the file is larger than the {} MiB that it may have", limit / 1024 / 1024))
}

impl<T: FromPairs + 'static> FromRequest<App> for Upload<T> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self> {
        let boundary = form_boundary(request.headers())?;
        let limit = app.config.upload_limit();
        let announced = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        // Refused before a byte is read: the client need not send a large file for nothing.
        if announced.is_some_and(|length: u64| length > limit + AROUND_THE_FILE) {
            return Err(too_large(limit));
        }
        // The parser's own limits of parts do not apply: `take` and `take_text` have theirs, and the parser does not
        // know a part by a name that is in capitals.
        let whole = Constraints::new().size_limit(SizeLimit::new().whole_stream(limit + 2 * AROUND_THE_FILE));
        let unparsed = Unparsed::default();
        let body = unparsed.watch(request.into_body().into_data_stream());
        let form = Multipart::with_constraints(body, boundary, whole);
        Ok(Self { form, unparsed, limit, announced, fields: PhantomData })
    }
}

/// Counts the bytes of a form in which the parser has found nothing yet. It keeps them and searches them again with
/// each piece that comes: the head of a part that never ends would take time that grows with the square of its length.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unparsed(Arc<AtomicU64>);

/// The error of a client that did not keep up the pace.
#[derive(Debug, thiserror::Error)]
#[error("the client was waited for too long")]
struct TooSlow;

/// The error of a part whose head is too long.
#[derive(Debug, thiserror::Error)]
#[error("more came than a part's head may be")]
struct TooMuchUnparsed;

impl Unparsed {
    /// Notes that the parser has found something.
    pub(crate) fn is_parsed(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Returns the body as a stream that counts its bytes, watches the client's pace, and yields before each piece.
    pub(crate) fn watch(&self, body: BodyDataStream) -> impl Stream<Item = Result<Bytes, BoxError>> + Send + use<> {
        stream::unfold((body, self.clone(), Pace::new(Patience::SENDING)), async |(mut body, unparsed, mut pace)| {
            // The parser takes every piece that is ready before it looks at any. Without this pause, a fast client
            // could fill the memory, and a form that is ready at once would end before it was parsed, and be taken for
            // one cut off.
            tokio::task::yield_now().await;
            let piece = poll_fn(|context| match body.poll_next_unpin(context) {
                Poll::Pending => pace.poll_too_long(context).map(|()| Some(Err(TooSlow.into()))),
                Poll::Ready(Some(Ok(piece))) if !pace.moves(piece.len()) => Poll::Ready(Some(Err(TooSlow.into()))),
                Poll::Ready(piece) => Poll::Ready(piece.map(|piece| piece.map_err(BoxError::from))),
            });
            let piece = piece.await?.and_then(|piece| {
                let before = unparsed.0.fetch_add(piece.len() as u64, Ordering::Relaxed);
                // What came before this piece decides: a single piece is as large as the connection's buffer made it.
                if before > AROUND_THE_FILE { Err(TooMuchUnparsed.into()) } else { Ok(piece) }
            });
            Some((piece, (body, unparsed, pace)))
        })
    }
}

/// Returns the boundary between the parts of a form, as the head of the request names it.
pub fn form_boundary(headers: &HeaderMap) -> Result<String> {
    let boundary = || multer::parse_boundary(headers.get(CONTENT_TYPE)?.to_str().ok()?).ok();
    boundary().ok_or_else(|| {
        Error::Http(
            415,
            "the body must be a form with a file, with the header `Content-Type: multipart/form-data`".into(),
        )
    })
}

impl<T: FromPairs> Takes for Upload<T> {
    fn describe(doc: &mut RouteDoc) {
        doc.takes_form(T::PARAMETERS, T::REQUIRED);
    }
}
