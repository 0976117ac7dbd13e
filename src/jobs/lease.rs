//! Keeping a lease while the work goes on that it is for.

use std::{pin::pin, time::Duration};

use futures_util::future::BoxFuture;
use tokio::time;

use crate::error::Result;

/// Does the work, and meanwhile renews its lease at each heartbeat. `None` if `renew` returns `false`, because the
/// lease was lost: the work is broken off then, since somebody else does it by now, or nobody needs it.
pub(super) async fn keep<T>(
    heartbeat: Duration,
    renew: impl Fn() -> BoxFuture<'static, Result<bool>>,
    work: impl Future<Output = T>,
) -> Result<Option<T>> {
    let mut work = pin!(work);
    loop {
        // The time limit does not cancel the work: it is over a reference, and the next round waits for the same work.
        if let Ok(done) = time::timeout(heartbeat, &mut work).await {
            return Ok(Some(done));
        }
        // The work goes on meanwhile: it may have locked the row that is to be renewed, and would never unlock it.
        let is_kept = tokio::select! {
            biased;
            done = &mut work => return Ok(Some(done)),
            renewed = renew() => renewed?,
        };
        if !is_kept {
            return Ok(None);
        }
    }
}
