//! Accounts, their passwords and sessions, and signing in.
//!
//! - Two admins are two people. `account_grants` keeps which admin made, enabled or promoted an account or gave it a
//!   password. Two accounts that go back to one admin by that, over any number of steps, do not confirm each other's
//!   requests. What is done at the command line does not count.
//! - Guessing does not lock an account. An attempt beyond the free ones gets a turn of its network at its address in
//!   `sign_in_turns`, which other people's attempts do not move, and a ticket, without which the turn is not used up. A
//!   device that is known has a count of its own.
//! - A link by which somebody chooses a password is used once. It is looked at again in the operation that uses it, and who
//!   had it made counts as one who gave the password.
//!
//! Uses `mail`, `log` and `input`; everything about rooms may use it.

pub mod addresses;
pub mod attempts;
pub mod choosing;
pub mod details;
pub mod forgotten;
pub mod giving;
pub mod links;
pub mod look_alikes;
pub mod own_data;
pub mod own_name;
pub mod own_password;
pub mod passwords;
pub mod requests;
pub mod sessions;
pub mod set_up;
pub mod sign_in;
pub mod told;
pub mod two_people;
pub mod users;
