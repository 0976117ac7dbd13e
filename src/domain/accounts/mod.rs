//! Accounts, and who is signed in.
//!
//! Uses `log` and `input`; everything about rooms may use it.

pub mod addresses;
pub mod attempts;
pub mod look_alikes;
pub mod own_password;
pub mod passwords;
pub mod requests;
pub mod sessions;
pub mod sign_in;
pub mod two_people;
pub mod users;
