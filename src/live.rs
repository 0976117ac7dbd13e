//! Who follows what happens: a bell for every room, and the places of those who listen.

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

/// Rings that a listener may be behind; one who is further behind looks all the same.
const RINGS: usize = 256;
/// Streams open at once: half of the connections that a server takes, so that the other half is there for work.
pub const MOST_STREAMS: usize = 256;
/// Streams of one account, whatever number of sessions it has.
pub const MOST_STREAMS_OF_ACCOUNT: usize = MOST_STREAMS / 4;
/// Streams of one session.
pub const MOST_STREAMS_OF_SESSION: usize = 16;

/// Rung when something has happened in a room, which whoever listens then looks for. A clone is the same bell.
#[derive(Debug, Clone)]
pub struct Bell {
    /// The room; none for every room.
    rings: broadcast::Sender<Option<RoomId>>,
}

impl Default for Bell {
    fn default() -> Self {
        Self { rings: broadcast::Sender::new(RINGS) }
    }
}

impl Bell {
    /// Something has happened in this room, and can be read.
    pub fn ring(&self, room: RoomId) {
        // That nobody listens is no failure.
        let _ = self.rings.send(Some(room));
    }

    /// Something may have happened in any room.
    pub fn ring_everywhere(&self) {
        let _ = self.rings.send(None);
    }

    /// Hears what happens in this room from now on.
    pub fn listen(&self, room: RoomId) -> Listener {
        Listener { room, rings: self.rings.subscribe() }
    }
}

/// Hears the bell of one room.
#[derive(Debug)]
pub struct Listener {
    room: RoomId,
    rings: broadcast::Receiver<Option<RoomId>>,
}

impl Listener {
    /// Waits until something may have happened; rings that have come meanwhile are one.
    pub async fn rung(&mut self) {
        loop {
            match self.rings.recv().await {
                Ok(Some(room)) if room != self.room => {}
                Ok(_) | Err(RecvError::Lagged(_)) => break,
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
        while matches!(self.rings.try_recv(), Ok(_) | Err(TryRecvError::Lagged(_))) {}
    }
}

/// The places for streams, shared out by account and by session.
#[derive(Debug)]
pub struct Places {
    of_accounts: Shares<UserId>,
    of_sessions: Shares<Hash>,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            of_accounts: Shares::new(MOST_STREAMS, MOST_STREAMS_OF_ACCOUNT),
            of_sessions: Shares::new(MOST_STREAMS, MOST_STREAMS_OF_SESSION),
        }
    }
}

impl Places {
    /// Takes a place for a stream of this account's session, until it is dropped.
    pub fn take(&self, account: UserId, session: Hash) -> Result<Place> {
        let of_session = self.of_sessions.try_take(session);
        let of_account = self.of_accounts.try_take(account);
        if let (Some(of_session), Some(of_account)) = (of_session, of_account) {
            return Ok(Place { _of_session: of_session, _of_account: of_account });
        }
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

/// A place that is taken.
#[derive(Debug)]
pub struct Place {
    _of_session: Seat<Hash>,
    _of_account: Seat<UserId>,
}
