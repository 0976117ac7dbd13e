//! A request that is refused before its body was read: whoever sends first and reads then gets the answer all the same.

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use crate::harness::{Installation, Server};

/// The size of a body that no system keeps in its buffers.
const LARGE: usize = 24 * 1024 * 1024;

fn serve() -> (Installation, Server) {
    let place = Installation::new(None);
    let server = place.serve();
    (place, server)
}

fn head(expects: &str) -> String {
    format!(
        "POST /api/v1/verify HTTP/1.1\r\nHost: sts\r\nContent-Type: multipart/form-data\r\n{expects}Content-Length: {LARGE}\r\n\r\n"
    )
}

/// Reads an answer, and returns its head.
async fn answer(connection: &mut BufReader<TcpStream>) -> String {
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        assert_ne!(connection.read_line(&mut line).await.unwrap(), 0, "it was closed: {head}");
        if let Some(bytes) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
            length = bytes.trim().parse().unwrap();
        }
        if line == "\r\n" {
            connection.read_exact(&mut vec![0; length]).await.unwrap();
            return head;
        }
        head.push_str(&line);
    }
}

#[tokio::test]
async fn who_sends_all_before_reading_gets_the_answer_and_the_connection_goes_on() {
    let (_place, server) = serve();
    let mut connection = BufReader::new(TcpStream::connect(server.api.address()).await.unwrap());
    for _ in 0..2 {
        connection.write_all(head("").as_bytes()).await.unwrap();
        for _ in 0..LARGE / 1024 {
            connection.write_all(&[b'x'; 1024]).await.unwrap();
        }
        let said = answer(&mut connection).await;
        assert!(said.starts_with("HTTP/1.1 415 "), "{said}");
    }
}

#[tokio::test]
async fn who_asks_first_is_not_told_to_send_what_is_refused() {
    let (_place, server) = serve();
    let mut connection = BufReader::new(TcpStream::connect(server.api.address()).await.unwrap());
    connection.write_all(head("Expect: 100-continue\r\n").as_bytes()).await.unwrap();
    let said = answer(&mut connection).await;
    assert!(said.starts_with("HTTP/1.1 415 "), "{said}");
}
