//! Live events: how those who follow a room learn that something happened in it.
//!
//! Who follows a room gets no message of what happened, only that something did. The stream then looks, in one read,
//! whether its caller still may, what the log holds after the position that it sent last, and how far files are. So a
//! stream can never show what its caller may no longer see, and two notifications at once cost one read.
//!
//! On SQLite the writer notifies after its commit; on PostgreSQL the transaction notifies, and each server's relay
//! passes it on. A lost notification costs 15 seconds, because every stream looks that often in any case.

use room::{RoomId, UserId};
use tokio::sync::broadcast::{
    self,
    error::{RecvError, TryRecvError},
};

use crate::{
    error::{Error, Result},
    evidence::Hash,
    shares::{Seat, Shares},
};

/// How many notifications a listener can fall behind before the oldest are dropped. It looks all the same.
const BACKLOG: usize = 256;
/// How many streams are open at once: half of the connections that the server accepts, which leaves the other half for
/// requests.
pub const MOST_STREAMS: usize = 256;
/// How many streams one account has at once, in all its sessions together.
pub const MOST_STREAMS_OF_ACCOUNT: usize = MOST_STREAMS / 4;
/// How many streams one session has at once.
pub const MOST_STREAMS_OF_SESSION: usize = 16;

/// Notifies listeners that something has happened in a room. A clone notifies the same listeners.
#[derive(Debug, Clone)]
pub struct Notifier {
    /// Each message is the room in which something happened, or `None` for every room.
    rooms: broadcast::Sender<Option<RoomId>>,
}

impl Default for Notifier {
    fn default() -> Self {
        Self { rooms: broadcast::Sender::new(BACKLOG) }
    }
}

impl Notifier {
    /// Notifies those who follow this room. What happened must be committed by now.
    pub fn notify(&self, room: RoomId) {
        // An error means only that there are no listeners.
        let _ = self.rooms.send(Some(room));
    }

    /// Notifies all listeners, because something may have happened in any room.
    pub fn notify_all(&self) {
        let _ = self.rooms.send(None);
    }

    /// Follows this room from now on.
    pub fn listen(&self, room: RoomId) -> Listener {
        Listener { room, rooms: self.rooms.subscribe() }
    }
}

/// Follows one room, for one stream.
#[derive(Debug)]
pub struct Listener {
    room: RoomId,
    rooms: broadcast::Receiver<Option<RoomId>>,
}

impl Listener {
    /// Waits until something may have happened in the room. Notifications that came meanwhile count as one.
    pub async fn changed(&mut self) {
        loop {
            match self.rooms.recv().await {
                Ok(Some(room)) if room != self.room => {}
                // A receiver that lags has lost messages, and its own room may have been among them. A look too many is
                // cheap; one too few would be late.
                Ok(_) | Err(RecvError::Lagged(_)) => break,
                // The database is gone, so the server stops. The stream's own end comes from there.
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
        // Drop what is queued: it was committed before it was sent, so the look that follows finds it. What is sent
        // during that look stays queued and wakes the next call, so nothing is missed.
        while matches!(self.rooms.try_recv(), Ok(_) | Err(TryRecvError::Lagged(_))) {}
    }
}

/// The seats for streams, shared out by account and by session.
#[derive(Debug)]
pub struct StreamSeats {
    of_accounts: Shares<UserId>,
    of_sessions: Shares<Hash>,
}

impl Default for StreamSeats {
    fn default() -> Self {
        Self {
            of_accounts: Shares::new(MOST_STREAMS, MOST_STREAMS_OF_ACCOUNT),
            of_sessions: Shares::new(MOST_STREAMS, MOST_STREAMS_OF_SESSION),
        }
    }
}

impl StreamSeats {
    /// Takes a seat for a stream of this account's session. It is given back when the seat is dropped.
    pub fn take(&self, account: UserId, session: Hash) -> Result<StreamSeat> {
        let of_session = self.of_sessions.try_take(session);
        let of_account = self.of_accounts.try_take(account);
        if let (Some(of_session), Some(of_account)) = (of_session, of_account) {
            return Ok(StreamSeat { _of_session: of_session, _of_account: of_account });
        }
        // What was taken of the two is given back here. Other requests may have changed the counts since; then the last
        // message is the one that is sent, which is true as well.
        if self.of_sessions.taken_by(&session) >= MOST_STREAMS_OF_SESSION {
            return Err(Error::conflict(format!(
                "this session has {MOST_STREAMS_OF_SESSION} event streams open already; close one first"
            )));
        }
        if self.of_accounts.taken_by(&account) >= MOST_STREAMS_OF_ACCOUNT {
            return Err(Error::conflict(format!(
                "your account has {MOST_STREAMS_OF_ACCOUNT} event streams open already; close one first"
            )));
        }
        let most = format!("the server keeps {MOST_STREAMS} event streams open at once; try again in a moment");
        Err(Error::Http(503, most))
    }
}

/// A seat that one stream holds.
#[derive(Debug)]
pub struct StreamSeat {
    _of_session: Seat<Hash>,
    _of_account: Seat<UserId>,
}
