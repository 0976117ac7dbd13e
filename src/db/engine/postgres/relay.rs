//! What other servers on the same PostgreSQL do: heard by `LISTEN` on a connection of its own, and rung on.
//!
//! `LISTEN` belongs to a connection, so nothing may stand between that gives each transaction another one.

use std::{pin::pin, time::Duration};

use futures_util::{StreamExt, stream};
use tokio::time;
use tokio_postgres::{AsyncMessage, Config, NoTls};

use crate::{
    error::{Error, Result},
    live::Bell,
};

const LISTEN: &str = "LISTEN sts_room";

/// The pause after the connection was lost, which doubles up to the longest.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);
/// How long to wait for the connection.
const WAIT: Duration = Duration::from_secs(10);
/// A connection on which nothing comes is asked after this long whether it is still there.
const IDLE: Duration = Duration::from_secs(30);

/// Rings on what is heard, for good. What was missed while there was no connection is rung for in every room.
pub(in crate::db) async fn run(mut config: Config, bell: &Bell) {
    config.connect_timeout(WAIT).keepalives_idle(IDLE);
    let mut pause = SHORTEST;
    loop {
        let mut heard = false;
        if let Err(error) = listen(&config, bell, &mut heard).await {
            if heard {
                pause = SHORTEST;
            }
            let pause_s = pause.as_secs();
            tracing::warn!(%error, pause_s, "live events of rooms are late: PostgreSQL cannot be listened to");
        }
        time::sleep(pause).await;
        pause = LONGEST.min(pause * 2);
    }
}

async fn listen(config: &Config, bell: &Bell, heard: &mut bool) -> Result<()> {
    let (client, mut connection) = config.connect(NoTls).await?;
    let mut messages = stream::poll_fn(|context| connection.poll_message(context));
    let mut listening = pin!(client.batch_execute(LISTEN));
    loop {
        tokio::select! {
            listens = &mut listening, if !*heard => {
                listens?;
                *heard = true;
                bell.ring_everywhere();
            }
            message = messages.next() => match message {
                Some(Ok(AsyncMessage::Notification(told))) => {
                    if let Ok(room) = told.payload().parse() {
                        bell.ring(room);
                    }
                }
                Some(message) => drop(message?),
                None => return Err(Error::internal("the connection was closed")),
            }
        }
    }
}
