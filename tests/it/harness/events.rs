//! A client of Server-Sent Events that reads them as a browser does.

use std::time::Duration;

use axum::body::Bytes;
use futures_util::{Stream, StreamExt, stream};
use serde_json::Value;
use tokio::{sync::mpsc, task::JoinHandle};

/// The longest time that a test waits for anything; only a failing test takes this long.
const DEADLINE: Duration = Duration::from_mins(2);

/// A stream of events. Its own task receives it, so that a test that does not read never holds up the server.
pub(crate) struct Events {
    received: mpsc::UnboundedReceiver<Bytes>,
    receiving: JoinHandle<()>,
    unread: String,
    /// The id of the last event, which a client sends as `Last-Event-ID` when it reconnects.
    pub(crate) last_event_id: String,
}

/// One event. A comment is an event without a name.
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

    /// Closes the stream, and waits until the server's side of it has been dropped.
    pub(crate) async fn close(mut self) {
        self.receiving.abort();
        let _ = (&mut self.receiving).await;
    }

    /// Reads the events of a real server's response.
    pub(crate) fn from_server(response: reqwest::Response) -> Self {
        assert_eq!(response.status(), 200);
        Self::of(stream::unfold(response, |mut response| async {
            let bytes = response.chunk().await.unwrap()?;
            Some((bytes, response))
        }))
    }

    /// Returns the next event or comment, or `None` if the stream has ended.
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

    /// Returns the next event that is not a comment, or `None` if the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            let event = self.block().await?;
            if !event.name.is_empty() {
                return Some(event);
            }
        }
    }

    /// Returns the next log entry, and fails if the stream ends before it.
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

    /// Skips to the end of the stream, and returns the problem that the server names there.
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
