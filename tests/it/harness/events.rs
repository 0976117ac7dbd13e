//! Server-Sent Events, read as a browser reads them.

use std::time::Duration;

use axum::body::Bytes;
use futures_util::{Stream, StreamExt, stream};
use serde_json::Value;
use tokio::{sync::mpsc, task::JoinHandle};

/// For whatever is waited for; never reached unless something is broken.
const DEADLINE: Duration = Duration::from_mins(2);

/// A stream of events, which is received whether anybody reads it or not.
pub(crate) struct Events {
    received: mpsc::UnboundedReceiver<Bytes>,
    receiving: JoinHandle<()>,
    unread: String,
    /// What a client would go on from.
    pub(crate) last_event_id: String,
}

/// One event, or a comment, which has no name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) data: Value,
}

impl Events {
    pub(crate) fn of(bytes: impl Stream<Item = Bytes> + Send + 'static) -> Self {
        let (sender, received) = mpsc::unbounded_channel();
        let receiving = tokio::spawn(bytes.for_each(move |bytes| {
            let _ = sender.send(bytes);
            std::future::ready(())
        }));
        Self { received, receiving, unread: String::new(), last_event_id: String::new() }
    }

    /// Closes it; the server has noticed.
    pub(crate) async fn close(mut self) {
        self.receiving.abort();
        let _ = (&mut self.receiving).await;
    }

    /// Of a real server's answer.
    pub(crate) fn from_server(response: reqwest::Response) -> Self {
        assert_eq!(response.status(), 200);
        Self::of(stream::unfold(response, |mut response| async {
            let bytes = response.chunk().await.unwrap()?;
            Some((bytes, response))
        }))
    }

    /// What comes next, comments included; none where the stream has ended.
    pub(crate) async fn block(&mut self) -> Option<Event> {
        while !self.unread.contains("\n\n") {
            let bytes = tokio::time::timeout(DEADLINE, self.received.recv()).await.expect("nothing comes");
            let Some(bytes) = bytes else {
                assert_eq!(self.unread, "", "the stream ends within an event");
                return None;
            };
            self.unread += std::str::from_utf8(&bytes).unwrap();
        }
        let (block, rest) = self.unread.split_once("\n\n").unwrap();
        let mut event = Event { name: String::new(), data: Value::Null };
        for line in block.lines() {
            match line.split_once(':').unwrap() {
                ("id", id) => id.trim_start().clone_into(&mut self.last_event_id),
                ("event", name) => name.trim_start().clone_into(&mut event.name),
                ("data", data) => event.data = serde_json::from_str(data).unwrap(),
                ("" | "retry", _) => {}
                (field, _) => panic!("no client knows the field {field}"),
            }
        }
        self.unread = rest.into();
        Some(event)
    }

    /// The next event that is no comment; none where the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            let event = self.block().await?;
            if !event.name.is_empty() {
                return Some(event);
            }
        }
    }

    /// The next entry of the log.
    pub(crate) async fn entry(&mut self) -> Value {
        loop {
            let event = self.next().await.expect("the stream has ended");
            assert_ne!(event.name, "end", "{}", event.data);
            if event.name == "entry" {
                assert_eq!(self.last_event_id, event.data["seq"].to_string());
                return event.data;
            }
        }
    }

    /// Why the stream ends, after whatever is still told.
    pub(crate) async fn end(&mut self) -> Value {
        loop {
            let event = self.next().await.expect("the stream ends without a word");
            if event.name == "end" {
                assert_eq!(self.next().await, None, "after its end");
                return event.data;
            }
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.receiving.abort();
    }
}
