//! A disk or a database in trouble: what is answered is true, says when to come again, and passes with the trouble.

mod disk;
mod postgres;
mod rest;
mod store;
mod unconfirmed;
