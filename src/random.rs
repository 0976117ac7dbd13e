//! The only source of ids and of random bytes.

use uuid::Uuid;

/// Returns 256 bits that cannot be guessed.
#[expect(clippy::disallowed_methods, reason = "this is where random bytes come from")]
pub fn new_secret() -> [u8; 32] {
    rand::random()
}

/// Returns a new UUID of version 7, which begins with the present time.
#[expect(clippy::disallowed_methods, reason = "this is where ids come from")]
pub fn new_uuid() -> Uuid {
    Uuid::now_v7()
}
