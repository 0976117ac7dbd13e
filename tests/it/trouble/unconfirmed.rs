//! A commit to SQLite of which the disk does not say that it has it.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use reqwest::Method;
use serde_json::{Value, json};
use tools::needs;

use crate::harness::{Installation, Server, new_room};

/// Has each sync of a write-ahead log fail as long as the file exists that `STS_TEST_BROKEN` names.
const BROKEN_SYNC: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_broken(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 4 || memcmp(path + length - 4, "-wal", 4) || access(getenv("STS_TEST_BROKEN"), F_OK)) return 0;
    errno = EIO;
    return 1;
}

int fsync(int fd) { return is_broken(fd) ? -1 : ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd); }
int fdatasync(int fd) { return is_broken(fd) ? -1 : ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd); }
"#;

/// Builds the library that breaks syncs.
fn broken_sync(place: &Installation) -> PathBuf {
    let (source, library) = (place.path("broken_sync.c"), place.path("broken_sync.so"));
    fs::write(&source, BROKEN_SYNC).unwrap();
    let mut build = Command::new("cc");
    build.args(["-shared", "-fPIC", "-o"]).args([&library, &source]).arg("-ldl").stdin(Stdio::null());
    assert!(build.status().unwrap().success());
    library
}

#[needs(cc)]
#[tokio::test]
async fn a_commit_whose_sync_fails_is_not_said_to_have_changed_nothing() {
    let place = Installation::on_sqlite().await;
    place.add_user("broker@example.com", "broker");
    let (library, no_sync) = (broken_sync(&place), place.path("no_sync"));
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("LD_PRELOAD", library).env("STS_TEST_BROKEN", &no_sync);
    let server = Server::start(&place, &mut command);
    let broker = server.api.sign_in("broker@example.com").await;
    let room = server.api.post("/rooms", &broker, &new_room(&[])).await;
    let path = format!("/rooms/{}", room["id"].as_str().unwrap());
    let rename = async |title: &str| {
        let sent = server.api.request(Method::PATCH, &path, &broker).json(&json!({ "title": title })).send().await;
        let reply = sent.unwrap();
        assert_eq!(reply.status(), 503);
        assert_eq!(reply.headers()["retry-after"], "1");
        let problem: Value = reply.json().await.unwrap();
        (problem["type"].as_str().unwrap().to_owned(), problem["detail"].as_str().unwrap().to_owned())
    };

    fs::write(&no_sync, "").unwrap();
    let (kind, detail) = rename("Taken by the disk").await;
    assert!(kind.ends_with(":not_known") && detail.contains("look before you repeat it"), "{kind}: {detail}");
    fs::remove_file(&no_sync).unwrap();
    // From then on nothing is written, and that is known.
    let (kind, detail) = rename("Refused").await;
    assert!(kind.ends_with(":write_failed") && detail.contains("nothing was changed"), "{kind}: {detail}");
    let ready = reqwest::get(format!("http://{}/readyz", server.api.address())).await.unwrap();
    assert_eq!(
        (ready.status().as_u16(), ready.json::<Value>().await.unwrap()["database"].take()),
        (503, json!("failing"))
    );

    // The disk had it after all: whoever was told that nothing was changed would have been told a lie.
    server.kill();
    let server = place.serve();
    assert_eq!(server.api.get(&path, &broker).await["title"], "Taken by the disk");
}
