//! What happens in a room, told while it happens.

use std::{collections::BTreeMap, time::Duration};

use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use room::{Log, RoomId, SnapshotId, SnapshotStatus};
use serde::Serialize;
use tokio::time::{self, Instant, Interval, MissedTickBehavior};

use super::activities::EntryView;
use crate::{
    app::App,
    db,
    error::Result,
    http::{
        Access::{self, May},
        After, Caller, EventStream, InRoom, Routes, event_stream,
    },
    live::{Listener, StreamSeat},
    policy::Action::ActivityListOwn,
};

const ACCESS: Access = May(ActivityListOwn);
/// A stream without events shows this often that it is there, and looks whether it still may be.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Entries read and sent at once.
const PAGE: i64 = 100;

pub(super) fn routes() -> Routes {
    Routes::new()
        .get(
            "/rooms/{room_id}/events",
            ACCESS,
            follow,
            "What happens in a room, as it happens (Server-Sent Events); at most 16 streams of a session, 64 of \
             an account, and 256 of a server",
        )
        .refusing(&["409"])
}

/// How far the file of a snapshot is.
#[derive(Serialize)]
struct ProgressView {
    snapshot_id: SnapshotId,
    status: SnapshotStatus,
    /// In percent.
    progress: i64,
}

async fn follow(app: App, caller: Caller, room: InRoom, After(seen): After) -> Result<EventStream> {
    let seat = app.streams.take(caller.user.id, caller.session)?;
    // Before the first look: what happens in between is seen by one of them.
    let listener = app.db.listen(room.id);
    let head = app.db.read(async |tx| db::logs::head(tx, Log::Room(room.id)).await).await?;
    let size = head.map_or(0, |head| i64::try_from(head.range.size()).unwrap_or(i64::MAX));
    // A log that was taken back to a backup may be shorter than what a client has seen.
    let next = seen.map_or(size, |seen| seen.saturating_add(1).min(size));
    let mut heartbeat = time::interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let stream = Stream {
        app,
        caller,
        room: room.id,
        next,
        is_behind: true,
        progress: BTreeMap::new(),
        listener,
        heartbeat,
        _seat: seat,
    };
    Ok(EventStream(stream.told(event_stream::greeting(next - 1))))
}

/// A stream between two events.
struct Stream {
    app: App,
    caller: Caller,
    room: RoomId,
    /// The position of the first entry that has not been told.
    next: i64,
    /// Whether there is more to be told at once.
    is_behind: bool,
    /// What was told of files that are not drawn yet.
    progress: BTreeMap<SnapshotId, i64>,
    listener: Listener,
    heartbeat: Interval,
    _seat: StreamSeat,
}

impl Stream {
    fn told(self, greeting: String) -> BoxStream<'static, String> {
        let events = stream::unfold(Some(self), |stream| async { stream?.go_on().await });
        stream::once(async { greeting }).chain(events).boxed()
    }

    /// What is to be sent next, and the stream after it, unless that was the last; none where it ends without a word.
    async fn go_on(mut self) -> Option<(String, Option<Self>)> {
        loop {
            let is_heartbeat = self.wait().await?;
            let told = match self.look().await {
                Ok(told) => told,
                Err(refused) if refused.status().0 < 500 => return Some((event_stream::end(&refused).ok()?, None)),
                Err(error) => {
                    tracing::warn!(%error, "an event stream broke off; its client comes again");
                    return None;
                }
            };
            if !told.is_empty() {
                return Some((told, Some(self)));
            }
            if is_heartbeat {
                return Some((event_stream::HEARTBEAT.to_owned(), Some(self)));
            }
        }
    }

    /// Waits for a reason to look; tells whether that is only the time. None where the server stops.
    async fn wait(&mut self) -> Option<bool> {
        if self.is_behind {
            return (!self.app.stopping.is_cancelled()).then_some(false);
        }
        tokio::select! {
            biased;
            () = self.app.stopping.cancelled() => None,
            _ = self.heartbeat.tick() => Some(true),
            () = self.listener.changed() => Some(false),
        }
    }

    /// What is new, for a caller who may still see it.
    async fn look(&mut self) -> Result<String> {
        let (log, next, now) = (Log::Room(self.room), self.next, self.app.now());
        let read = self.app.db.read(async |tx| {
            self.caller.confirm(tx, now, (self.room, ACCESS)).await?;
            let entries = db::activity::range(tx, log, next, next.saturating_add(PAGE)).await?;
            Ok((entries, db::snapshots::progress(tx, self.room).await?))
        });
        let (entries, progress) = read.await?;
        self.is_behind = i64::try_from(entries.len()) == Ok(PAGE);
        let mut told = String::new();
        for entry in entries {
            self.next = entry.seq + 1;
            told += &event_stream::event("entry", Some(entry.seq), &EntryView::from(entry))?;
        }
        if !self.is_behind {
            for (snapshot_id, progress) in &progress {
                if self.progress.get(snapshot_id) != Some(progress) {
                    let (snapshot_id, status) = (*snapshot_id, SnapshotStatus::Generating);
                    let view = ProgressView { snapshot_id, status, progress: *progress };
                    told += &event_stream::event("progress", None, &view)?;
                }
            }
            self.progress = progress.into_iter().collect();
        }
        Ok(told)
    }
}
