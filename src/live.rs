//! Who follows what happens: a bell for every room, and the places of those who listen.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::broadcast::{
    self,
    error::{RecvError, TryRecvError},
};

use crate::{
    domain::RoomId,
    error::{Error, Result},
    evidence::Hash,
};

/// Rings that a listener may be behind; one who is further behind looks all the same.
const RINGS: usize = 256;
/// Streams open at once: half of the connections that a server takes, so that the other half is there for work.
pub const MOST_STREAMS: usize = 256;
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

/// The places for streams, by session.
#[derive(Debug, Default)]
pub struct Places {
    taken: Mutex<HashMap<Hash, usize>>,
}

impl Places {
    /// Takes a place for a stream of this session, until it is dropped.
    pub fn take(self: &Arc<Self>, session: Hash) -> Result<Place> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.values().sum::<usize>() >= MOST_STREAMS {
            let most = format!("the server keeps {MOST_STREAMS} event streams open at once; try again in a moment");
            return Err(Error::Http(503, most));
        }
        let of_session = taken.entry(session).or_default();
        if *of_session >= MOST_STREAMS_OF_SESSION {
            return Err(Error::conflict(format!(
                "this session has {MOST_STREAMS_OF_SESSION} event streams open already; close one first"
            )));
        }
        *of_session += 1;
        Ok(Place { places: Arc::clone(self), session })
    }
}

/// A place that is taken.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    session: Hash,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_session) = taken.get_mut(&self.session) {
            *of_session -= 1;
            if *of_session == 0 {
                taken.remove(&self.session);
            }
        }
    }
}
