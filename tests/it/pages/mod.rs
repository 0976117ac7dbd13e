//! The pages, as a browser without a script asks for them.

mod activity;
mod admin;
mod clearance;
mod cockpit;
mod compare;
mod documents;
mod problems;
mod rooms;
mod sign_in;
mod snapshots;
mod vessels;
