//! The logs of a server, and the names that they have in their checkpoints.

use crate::RoomId;

/// One of the logs that a server keeps, but for the log of their heads, which has no entries that tell anything (see
/// [`server_in`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Log {
    /// The log of this room.
    Room(RoomId),
    /// The log of the platform, for what concerns no room: accounts, sessions, refusals outside rooms.
    Platform,
}

impl Log {
    /// Returns the room whose log this is, or `None` for the platform's.
    pub fn room(self) -> Option<RoomId> {
        match self {
            Self::Room(room) => Some(room),
            Self::Platform => None,
        }
    }

    /// Returns the key of the log's row in `room_logs`.
    pub fn key(self) -> String {
        self.room().map_or_else(|| "platform".to_owned(), |room| room.to_string())
    }

    /// Returns the log's origin in the checkpoints of a server that signs under the name `server` (C2SP
    /// `tlog-checkpoint`).
    pub fn origin(self, server: &str) -> String {
        match self {
            Self::Room(room) => format!("{server}/rooms/{room}"),
            Self::Platform => format!("{server}/platform"),
        }
    }

    /// Splits an origin of the log into the one that it began with and the number of its continuation: 1 for the
    /// beginning, 2 for `…/2`, and so on. `None` if it is the origin of another log.
    pub fn continuation_in(self, origin: &str) -> Option<(&str, u32)> {
        match self {
            Self::Room(room) => continuation(origin, &format!("/rooms/{room}")),
            Self::Platform => continuation(origin, "/platform"),
        }
    }
}

fn continuation<'a>(origin: &'a str, end: &str) -> Option<(&'a str, u32)> {
    if origin.ends_with(end) {
        return Some((origin, 1));
    }
    let (begun, number) = origin.rsplit_once('/')?;
    let counted: u32 = number.parse().ok()?;
    // One number has one form, and the first is not written.
    (begun.ends_with(end) && counted > 1 && counted.to_string() == number).then_some((begun, counted))
}

/// Splits an origin of a log of heads, as [`Log::continuation_in`] does for other logs.
pub fn heads_continuation_in(origin: &str) -> Option<(&str, u32)> {
    continuation(origin, "/heads")
}

/// Returns the origin of the log of heads of a server that signs under the name `server`: of the salted heads of its
/// other logs.
pub fn heads_origin(server: &str) -> String {
    format!("{server}/heads")
}

/// Returns the name of the server whose log has this origin, whichever of its logs it is. An origin that is none of a
/// server's logs stands for itself, as in the logs of others (C2SP `tlog-checkpoint`).
pub fn server_in(origin: &str) -> &str {
    let begun = match origin.rsplit_once('/') {
        Some((begun, number)) if number.parse().is_ok_and(|it: u32| it > 1 && it.to_string() == number) => begun,
        _ => origin,
    };
    let of_room = || {
        let (rest, room) = begun.rsplit_once('/')?;
        room.parse::<RoomId>().ok()?;
        rest.strip_suffix("/rooms")
    };
    let of_others = || begun.strip_suffix("/platform").or_else(|| begun.strip_suffix("/heads"));
    of_room().or_else(of_others).unwrap_or(origin)
}
