//! The relay: notifications of all servers on the same PostgreSQL, heard by `LISTEN` and passed on to this one's
//! listeners.
//!
//! `LISTEN` belongs to a connection, so the relay has one of its own. A pooler in between that gives each transaction
//! another connection, such as `PgBouncer` in transaction mode, would lose notifications.

use std::{pin::pin, time::Duration};

use futures_util::{StreamExt, stream};
use tokio::time;
use tokio_postgres::{AsyncMessage, Config, NoTls};

use crate::{
    error::{Error, Result},
    live::Notifier,
};

const LISTEN: &str = "LISTEN sts_room";

/// The first pause after the connection was lost. It doubles with each failed attempt, up to the longest.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);
/// How long to wait for the connection to be made.
const WAIT: Duration = Duration::from_secs(10);
/// After this long without traffic, TCP checks whether the other end is still there.
const IDLE: Duration = Duration::from_secs(30);

/// Passes notifications on to this server's listeners, and does not return. What was missed while there was no
/// connection is made good by notifying the listeners of every room.
pub(in crate::db) async fn run(mut config: Config, notifier: &Notifier) {
    config.connect_timeout(WAIT).keepalives_idle(IDLE);
    let mut pause = SHORTEST;
    loop {
        let mut connected = false;
        if let Err(error) = listen(&config, notifier, &mut connected).await {
            // A connection that worked and then broke is usually a database that restarts: try again soon. Failing to
            // connect at all makes the pause grow, up to 30 s, so that a server does not hammer a database that is
            // down.
            if connected {
                pause = SHORTEST;
            }
            let pause_s = pause.as_secs();
            tracing::warn!(%error, pause_s, "live events of rooms are late: PostgreSQL cannot be listened to");
        }
        time::sleep(pause).await;
        pause = LONGEST.min(pause * 2);
    }
}

/// Listens on one connection until it breaks. Sets `connected` once the database has accepted `LISTEN`.
async fn listen(config: &Config, notifier: &Notifier, connected: &mut bool) -> Result<()> {
    let (client, mut connection) = config.connect(NoTls).await?;
    let mut messages = stream::poll_fn(|context| connection.poll_message(context));
    // The request makes progress only while the connection is polled, so both are polled in one loop.
    let mut listening = pin!(client.batch_execute(LISTEN));
    loop {
        tokio::select! {
            listens = &mut listening, if !*connected => {
                listens?;
                *connected = true;
                // PostgreSQL keeps nothing for those who did not listen. Not before LISTEN is accepted: what is
                // committed in between would be lost.
                notifier.notify_all();
            }
            message = messages.next() => match message {
                Some(Ok(AsyncMessage::Notification(notification))) => {
                if let Ok(room) = notification.payload().parse() {
                        notifier.notify(room);
                    }
                }
                Some(message) => drop(message?),
                None => return Err(Error::internal("the connection was closed")),
            }
        }
    }
}
