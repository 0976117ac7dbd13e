//! The pages, requested as by a browser without scripts.

mod activity;
mod admin;
mod clearance;
mod cockpit;
mod compare;
mod documents;
mod meanwhile;
mod once;
mod problems;
mod rooms;
mod set_up;
mod several;
mod several_parties;
mod sign_in;
mod snapshots;
mod verify;
mod vessels;
