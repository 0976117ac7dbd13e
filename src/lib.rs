//! STS Clearance: rooms in which the parties to a ship-to-ship transfer clear it together, and lasting snapshots of
//! these rooms.
//!
//! Good places to start reading are [`policy`] (who may do what), [`domain::snapshots`] (what a snapshot is) and
//! [`jobs`] (what runs by itself). `ARCHITECTURE.md` has the map.

pub mod policy;

pub mod app;
pub mod at_hand;
pub mod authority;
pub mod backups;
pub mod children;
pub mod clock;
pub mod config;
pub mod error;
pub mod exchange;
pub mod hashing;
pub mod heads;
pub mod in_place;
pub mod keys;
pub mod live;
pub mod mail;
pub mod network;
pub mod portion;
pub mod random;
pub mod refusals;
pub mod shares;
pub mod witnesses;

pub mod api;
pub mod cli;
pub mod http;
pub mod jobs;
pub mod pages;
pub mod web;
pub mod witness;

pub mod domain;

pub mod db;
pub mod evidence;
pub mod files;
pub mod telemetry;
