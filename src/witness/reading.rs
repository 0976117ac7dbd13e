//! What can be read of a witness: who it is, which logs it knows, and what it has cosigned.

use std::{fmt::Write, sync::Arc};

use axum::{
    extract::State,
    http::{StatusCode, Uri},
};
use room::Time;

use super::{Text, WitnessState};
use crate::{
    db::witness_memory::{KeptCheckpoint, WitnessTx},
    error::Result,
};

/// The most logs that the overview lists.
const MOST_LISTED: usize = 1_000;

/// Says that the process answers, and that it can cosign.
pub(super) async fn alive(State(state): State<Arc<WitnessState>>) -> Text {
    match state.memory.check().await {
        Ok(()) => Text(StatusCode::OK, "ok".to_owned()),
        Err(error) => Text(StatusCode::SERVICE_UNAVAILABLE, format!("nothing is cosigned any more: {error}")),
    }
}

/// Says who the witness is, which logs it knows, and their newest heads.
pub(super) async fn overview(State(state): State<Arc<WitnessState>>) -> Text {
    match state.memory.read(list).await {
        Ok(heads) => Text(StatusCode::OK, describe(&state, &heads)),
        Err(error) => Text::failed(&error),
    }
}

/// The newest head of a log, and how many forks of it were refused.
type Head = (String, KeptCheckpoint, u64);

/// Returns the newest heads of the logs, in the order of their origins.
fn list(tx: &WitnessTx<'_>) -> Result<Vec<Head>> {
    let mut heads = Vec::new();
    let mut last = String::new();
    while heads.len() < MOST_LISTED
        && let Some(origin) = tx.origin_after(&last)?
    {
        let forks = tx.refused_forks(&origin)?;
        if let Some(newest) = tx.newest(&origin)? {
            heads.push((origin.clone(), newest, forks));
        }
        last = origin;
    }
    Ok(heads)
}

fn describe(state: &WitnessState, heads: &[Head]) -> String {
    let key = state.key.public();
    let mut text = format!(
        "{} is a witness of logs (C2SP tlog-witness): it cosigns the head of a log only if that goes on from the last \
         one.\n\nIts public key: {key}\n\nThe logs that it knows, each with its continuations /2, /3, …:\n",
        key.name()
    );
    // Writing to a `String` does not fail.
    for origin in state.logs.origins().take(MOST_LISTED) {
        let _ = writeln!(text, "  {origin}");
    }
    text.push_str("\nThe newest heads that it has cosigned, as /checkpoint?origin=… shows them:\n");
    for (origin, KeptCheckpoint { size, time, .. }, forks) in heads {
        let at = i64::try_from(*time).ok().and_then(|time| Time::from_microsecond(time.checked_mul(1_000_000)?));
        let at = at.unwrap_or(Time::LATEST);
        let _ = writeln!(text, "  {origin}: size {size}, at {at}, forks refused: {forks}");
    }
    if heads.is_empty() {
        text.push_str("  none yet\n");
    }
    text
}

/// Returns a checkpoint that was cosigned: the newest of a log, or that of a size.
pub(super) async fn checkpoint(State(state): State<Arc<WitnessState>>, uri: Uri) -> Text {
    let Some((origin, size)) = parameters(uri.query().unwrap_or_default()) else {
        return Text(StatusCode::BAD_REQUEST, "give `origin`, once, and at most a `size`".to_owned());
    };
    let found = state.memory.read(move |tx| match size {
        Some(size) => tx.of_size(&origin, size),
        None => tx.newest(&origin),
    });
    match found.await {
        Ok(Some(kept)) => Text(StatusCode::OK, kept.note),
        Ok(None) => {
            let what = if size.is_some() { "no checkpoint of this size" } else { "no checkpoint" };
            Text(StatusCode::NOT_FOUND, format!("{what} of this log was cosigned here"))
        }
        Err(error) => Text::failed(&error),
    }
}

/// Returns the parameters `origin` and `size`. `None` if there is another, one twice, or a size that is none.
fn parameters(query: &str) -> Option<(String, Option<u64>)> {
    let pairs: Vec<(String, String)> = serde_html_form::from_str(query).ok()?;
    let (mut origin, mut size) = (None, None);
    for (name, value) in pairs {
        let former = match &*name {
            "origin" => origin.replace(value).map(drop),
            // What is larger is the size of no log, and the column would take it for a negative one.
            "size" => size.replace(i64::try_from(value.parse::<u64>().ok()?).ok()?.cast_unsigned()).map(drop),
            _ => return None,
        };
        if former.is_some() {
            return None;
        }
    }
    Some((origin?, size))
}
