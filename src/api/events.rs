//! The live events of a room (Server-Sent Events): entries of its log as they are appended, and the progress of files
//! that are being drawn. [`crate::live`] says how streams are notified.

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
/// How often a stream without events sends a heartbeat, and checks that its caller may still see the room.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How many entries are read and sent at once.
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

/// How far the drawing of a snapshot's file has come.
#[derive(Serialize)]
struct ProgressView {
    snapshot_id: SnapshotId,
    status: SnapshotStatus,
    /// The part that is done, in percent.
    progress: i64,
}

async fn follow(app: App, caller: Caller, room: InRoom, After(seen): After) -> Result<EventStream> {
    let seat = app.streams.take(caller.user.id, caller.session)?;
    // Listen before reading the head: what is committed in between is then in one of the two, or in both.
    let listener = app.db.listen(room.id);
    let head = app.db.read(async |tx| db::logs::head(tx, Log::Room(room.id)).await).await?;
    let size = head.map_or(0, |head| i64::try_from(head.range.size()).unwrap_or(i64::MAX));
    // After a backup was restored, the log may be shorter than what the client has seen: it goes on at the log's end.
    let next = seen.map_or(size, |seen| seen.saturating_add(1).min(size));
    let mut heartbeat = time::interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
    // `Delay`: after a long look, the heartbeats that were missed must not come in a burst.
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
    Ok(EventStream(stream.into_events(event_stream::greeting(next - 1))))
}

/// The state of a stream between two events.
struct Stream {
    app: App,
    caller: Caller,
    room: RoomId,
    /// The position of the first entry that has not been sent.
    next: i64,
    /// Whether there may be more entries already, so that no notification is waited for.
    is_behind: bool,
    /// The progress that was last sent of each file that is being drawn.
    progress: BTreeMap<SnapshotId, i64>,
    listener: Listener,
    heartbeat: Interval,
    _seat: StreamSeat,
}

impl Stream {
    /// Turns this into the stream of texts that is sent, which begins with a greeting.
    fn into_events(self, greeting: String) -> BoxStream<'static, String> {
        let events = stream::unfold(Some(self), |stream| async { stream?.next_text().await });
        stream::once(async { greeting }).chain(events).boxed()
    }

    /// Returns what is sent next, with the stream that follows it, or with `None` if it is the last event. Returns
    /// `None` if the stream ends without an event, after which the client connects again.
    async fn next_text(mut self) -> Option<(String, Option<Self>)> {
        loop {
            let is_heartbeat = self.wait().await?;
            let events = match self.read_events().await {
                Ok(events) => events,
                // The session has ended, or the caller has lost the room: an `end` event, so that the client stays
                // away. After a fault of the server it is to come again, for which the stream just breaks off.
                Err(refused) if refused.status().0 < 500 => return Some((event_stream::end(&refused).ok()?, None)),
                Err(error) => {
                    tracing::warn!(%error, "an event stream broke off; its client comes again");
                    return None;
                }
            };
            if !events.is_empty() {
                return Some((events, Some(self)));
            }
            if is_heartbeat {
                return Some((event_stream::HEARTBEAT.to_owned(), Some(self)));
            }
        }
    }

    /// Waits for a reason to look, and returns whether that is only the heartbeat. `None` if the server stops.
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

    /// Returns the events that are new, or an empty text if there are none; an error if the caller may no longer see
    /// them.
    async fn read_events(&mut self) -> Result<String> {
        let (log, next, now) = (Log::Room(self.room), self.next, self.app.now());
        // The right to look and what is seen are read in one transaction: nothing that was committed after the party
        // was removed can be sent.
        let read = self.app.db.read(async |tx| {
            self.caller.check_again(tx, now, (self.room, ACCESS)).await?;
            let entries = db::activity::range(tx, log, next, next.saturating_add(PAGE)).await?;
            Ok((entries, db::snapshots::progress(tx, self.room).await?))
        });
        let (entries, progress) = read.await?;
        // A full page may not be the last one. Progress waits until all entries are sent, since its snapshot must be
        // known.
        self.is_behind = i64::try_from(entries.len()) == Ok(PAGE);
        let mut events = String::new();
        for entry in entries {
            self.next = entry.seq + 1;
            events += &event_stream::event("entry", Some(entry.seq), &EntryView::from(entry))?;
        }
        if !self.is_behind {
            for (snapshot_id, progress) in &progress {
                if self.progress.get(snapshot_id) != Some(progress) {
                    let (snapshot_id, status) = (*snapshot_id, SnapshotStatus::Generating);
                    let view = ProgressView { snapshot_id, status, progress: *progress };
                    events += &event_stream::event("progress", None, &view)?;
                }
            }
            self.progress = progress.into_iter().collect();
        }
        Ok(events)
    }
}
