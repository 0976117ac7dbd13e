//! Shares of a semaphore: no key takes more than its share, and every request that waits is served.

use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use proptest::prelude::*;
use sts_clearance::shares::{Seat, Shares};

const TOTAL: usize = 5;
const MOST: usize = 3;

#[derive(Debug, Clone, Copy)]
enum Step {
    Wait(u8),
    Take(u8, usize),
    Grow(usize, usize),
    Leave(usize),
    GiveUp(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..4_u8).prop_map(Step::Wait),
        2 => (0..4_u8, 0..5_usize).prop_map(|(key, units)| Step::Take(key, units)),
        1 => (0..8_usize, 0..4_usize).prop_map(|(at, units)| Step::Grow(at, units)),
        4 => (0..8_usize).prop_map(Step::Leave),
        2 => (0..8_usize).prop_map(Step::GiveUp),
    ]
}

type Waiter = (u8, Pin<Box<dyn Future<Output = Seat<u8>>>>);

/// The seats that are taken and the requests that wait, as the test counts them.
struct Hall {
    shares: Shares<u8>,
    seats: Vec<(u8, Seat<u8>)>,
    waiters: Vec<Waiter>,
}

impl Hall {
    fn new(total: usize, most: usize) -> Self {
        Self { shares: Shares::new(total, most), seats: Vec::new(), waiters: Vec::new() }
    }

    fn wait(&mut self, key: u8) {
        let shares = self.shares.clone();
        self.waiters.push((key, Box::pin(async move { shares.take(key).await })));
        self.look();
    }

    /// Polls every waiting request and seats those that have been called. Returns their keys.
    fn look(&mut self) -> Vec<u8> {
        let mut called = Vec::new();
        let mut context = Context::from_waker(Waker::noop());
        for (key, mut waiting) in std::mem::take(&mut self.waiters) {
            match waiting.as_mut().poll(&mut context) {
                Poll::Ready(seat) => {
                    called.push(key);
                    self.seats.push((key, seat));
                }
                Poll::Pending => self.waiters.push((key, waiting)),
            }
        }
        called
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Wait(key) => self.wait(key),
            Step::Take(key, units) => {
                let seat = self.shares.try_take_units(key, units);
                self.seats.extend(seat.map(|seat| (key, seat)));
            }
            Step::Grow(at, units) => {
                if let Some((_, seat)) = self.seats.get_mut(at) {
                    let before = seat.units();
                    let grew = seat.grow(units);
                    assert_eq!(seat.units(), if grew { before + units } else { before });
                }
            }
            Step::Leave(at) if at < self.seats.len() => drop(self.seats.remove(at)),
            // This may drop a request that has been called and not polled since: its unit must not be lost.
            Step::GiveUp(at) if at < self.waiters.len() => drop(self.waiters.remove(at)),
            Step::Leave(_) | Step::GiveUp(_) => {}
        }
    }

    fn held(&self, key: Option<u8>) -> usize {
        let counted = self.seats.iter().filter(|(of, _)| key.is_none_or(|key| key == *of));
        counted.map(|(_, seat)| seat.units()).sum()
    }

    /// Checks what holds whenever every request that has been called is seated.
    fn check(&mut self) {
        self.look();
        assert!(self.held(None) <= TOTAL, "more than there is");
        assert_eq!(self.shares.taken(), self.held(None));
        for key in 0..4 {
            assert!(self.held(Some(key)) <= MOST, "more than the share of {key}");
            assert_eq!(self.shares.taken_by(&key), self.held(Some(key)));
        }
        for (key, _) in &self.waiters {
            assert!(self.held(None) == TOTAL || self.held(Some(*key)) == MOST, "{key} waits for nothing");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn shares_are_kept_everybody_is_served_and_nothing_is_left(steps in prop::collection::vec(step(), 0..80)) {
        let mut hall = Hall::new(TOTAL, MOST);
        for (number, step) in steps.into_iter().enumerate() {
            hall.take(step);
            // Every third check is left out, so that the next step comes before called requests have been polled.
            if number % 3 != 0 {
                hall.check();
            }
        }
        hall.check();
        while !hall.seats.is_empty() {
            drop(hall.seats.remove(0));
            hall.check();
        }
        prop_assert!(hall.waiters.is_empty(), "somebody waits for ever");
        prop_assert_eq!((hall.shares.taken(), hall.shares.keys()), (0, 0));
    }
}

#[test]
fn one_who_asks_often_has_the_same_turn_as_one_who_asks_once() {
    let mut hall = Hall::new(1, 1);
    for key in [0, 1, 1, 1, 1, 2, 3] {
        hall.wait(key);
    }
    let mut served = Vec::new();
    while !hall.seats.is_empty() {
        hall.seats.clear();
        served.extend(hall.look());
    }
    assert_eq!(served, [1, 2, 3, 1, 1, 1]);
}

#[test]
fn a_key_at_its_most_keeps_nobody_else_waiting() {
    let mut hall = Hall::new(4, 2);
    for key in [0, 0, 0, 0, 1] {
        hall.wait(key);
    }
    assert_eq!(hall.held(Some(1)), 1);
    assert_eq!(hall.waiters.len(), 2);
    assert!(hall.shares.try_take(0).is_none());
    assert!(hall.shares.try_take(2).is_some());
}

#[tokio::test]
async fn a_waiter_on_another_thread_is_woken() {
    let shares = Shares::new(1, 1);
    let seat = shares.try_take("first").unwrap();
    let waiting = tokio::spawn({
        let shares = shares.clone();
        async move { shares.take("second").await.units() }
    });
    while shares.keys() < 2 {
        tokio::task::yield_now().await;
    }
    drop(seat);
    assert_eq!(waiting.await.unwrap(), 1);
    assert_eq!(shares.keys(), 0);
}
