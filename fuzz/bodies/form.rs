//! A form that a stranger sends: the content type up to a line end, then the body in pieces.

use futures_util::{FutureExt, stream};
use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};
use multer::Multipart;

pub(crate) fn run(size: u8, bytes: &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (kind, body) = bytes.split_at(end);
    let Ok(kind) = HeaderValue::from_bytes(kind) else { return };
    let Ok(boundary) = sts_clearance::http::form_boundary(&HeaderMap::from_iter([(CONTENT_TYPE, kind)])) else {
        return;
    };
    let pieces = body.get(1..).unwrap_or_default().chunks(usize::from(size).max(1));
    let pieces: Vec<Result<Vec<u8>, std::io::Error>> = pieces.map(|piece| Ok(piece.to_vec())).collect();
    let mut form = Multipart::new(stream::iter(pieces), boundary);
    let reading = async {
        while let Ok(Some(mut part)) = form.next_field().await {
            let _ = (part.name().map(str::to_owned), part.file_name().map(str::to_owned), part.content_type().cloned());
            while let Ok(Some(_)) = part.chunk().await {}
        }
    };
    assert!(reading.now_or_never().is_some(), "pieces that are there are not waited for");
}
