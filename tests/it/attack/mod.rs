//! Attacks on the server, by strangers and by parties of a room, which it has to withstand.

mod at_once;
mod bombs;
mod contained;
mod flood;
mod forms;
mod places;
mod requests;
mod slow;
