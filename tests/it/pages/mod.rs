//! The pages, as a browser without a script asks for them.

mod admin;
mod problems;
mod sign_in;
