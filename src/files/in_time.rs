//! The bound on a store that does not answer: a disk that hangs, or a server that is gone.

use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use object_store::{Error, Result};
use tokio::time::{error::Elapsed, timeout};

/// How long the store may take for one step, such as the writing of a part or the next bytes of a file.
const PATIENCE: Duration = Duration::from_mins(2);

/// Waits for one step of the store. If it is given up, it may still come to be: a file that it makes is one that no row
/// names, and is removed as such.
pub(super) async fn in_time<T>(step: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(PATIENCE, step).await.unwrap_or_else(|elapsed| Err(no_answer(elapsed)))
}

/// Returns a stream of the store that ends with an error if the next item does not come.
pub(super) fn each_in_time<T: Send + 'static>(
    items: impl Stream<Item = Result<T>> + Send + Unpin + 'static,
) -> impl Stream<Item = Result<T>> + Send + 'static {
    stream::unfold(Some(items), async |items| {
        let mut items = items?;
        match timeout(PATIENCE, items.next()).await {
            Ok(item) => Some((item?, Some(items))),
            Err(elapsed) => Some((Err(no_answer(elapsed)), None)),
        }
    })
}

fn no_answer(elapsed: Elapsed) -> Error {
    Error::Generic { store: "that does not answer", source: elapsed.into() }
}
