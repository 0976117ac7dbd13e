//! Random numbers that can be had again.

use std::io::{self, Write};

use rand::{RngExt, SeedableRng, rngs::StdRng};

/// The random numbers that choose what happens, and when. A failing test prints the seed that repeats them.
pub(crate) struct Seed {
    variable: &'static str,
    number: u64,
    pub(crate) rng: StdRng,
}

impl Seed {
    /// Takes the seed from this variable, or any.
    pub(crate) fn from_environment(variable: &'static str) -> Self {
        let given = std::env::var_os(variable).map(|seed| seed.to_str().unwrap().parse().unwrap());
        let number = given.unwrap_or_else(|| rand::rng().random());
        Self { variable, number, rng: StdRng::seed_from_u64(number) }
    }

    /// Returns the words that repeat it.
    pub(crate) fn words(&self) -> String {
        format!("{}={}", self.variable, self.number)
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = writeln!(io::stderr(), "the moments were those of {}", self.words());
        }
    }
}
