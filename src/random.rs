//! The one source of ids and of random bytes.

use uuid::Uuid;

/// 256 bits that nobody can guess.
#[expect(clippy::disallowed_methods, reason = "this is where random bytes come from")]
pub fn new_secret() -> [u8; 32] {
    rand::random()
}

/// A new UUID, version 7.
#[expect(clippy::disallowed_methods, reason = "this is where ids come from")]
pub fn new_uuid() -> Uuid {
    Uuid::now_v7()
}
