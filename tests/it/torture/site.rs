//! The program with everything under it in the test's hands: a disk that only its processes see, a library that moves its
//! clock and breaks its store, and a PostgreSQL server of its own.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::harness::{Installation, OwnPostgres, PASSWORD, Ran, Server};

/// Adds to the program's clock as many seconds as the first number of the file says that `STS_TEST_TOLD` names, and fails
/// what is done to the files of the store as the bits of the second one say: 1 to open one, 2 to name one, 4 to sync one.
const TROUBLE: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile long long nothing[2];
static const volatile long long *told = nothing;

__attribute__((constructor)) static void read_what_is_told(void) {
    const char *path = getenv("STS_TEST_TOLD");
    int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
    int fd = path ? real(path, O_RDONLY | O_CLOEXEC) : -1;
    void *page = fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    if (page != MAP_FAILED) told = page;
    if (fd >= 0) close(fd);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int done = real(clock, now);
    if (!done && clock == CLOCK_REALTIME) now->tv_sec += told[0];
    return done;
}

static int fails(int bit, const char *path) {
    if (!(told[1] & bit) || !strstr(path, "/data/files/")) return 0;
    errno = EIO;
    return 1;
}

static int fails_to_sync(int fd) {
    char link[64], path[4096] = "";
    if (!(told[1] & 4)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    return readlink(link, path, sizeof path - 1) > 0 && fails(4, path);
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    int mode = va_arg(rest, int);
    va_end(rest);
    if (fails(1, path)) return -1;
    return ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open64"))(path, flags, mode);
}

int rename(const char *from, const char *to) {
    return fails(2, to) ? -1 : ((int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename"))(from, to);
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags) {
    if (fails(2, to)) return -1;
    return ((int (*)(int, const char *, int, const char *, int))dlsym(RTLD_NEXT, "linkat"))(from_fd, from, to_fd, to, flags);
}

int fsync(int fd) { return fails_to_sync(fd) ? -1 : ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd); }
int fdatasync(int fd) { return fails_to_sync(fd) ? -1 : ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd); }
"#;

/// What the disk has room for while it is not full: more than is written to it in an hour, which is some 1.5 GiB.
const ROOM: &str = "4g";

/// The program in its place, with what is under it.
pub(super) struct Site {
    pub(super) place: Installation,
    pub(super) postgres: Option<OwnPostgres>,
    /// `None` if the kernel lets nobody make a disk here.
    disk: Option<Disk>,
    library: PathBuf,
    told: File,
}

impl Site {
    pub(super) fn new(place: Installation, postgres: Option<OwnPostgres>) -> Self {
        let (source, library) = (place.path("trouble.c"), place.path("trouble.so"));
        fs::write(&source, TROUBLE).unwrap();
        let mut build = Command::new("cc");
        build.args(["-shared", "-fPIC", "-o"]).args([&library, &source]).arg("-ldl").stdin(Stdio::null());
        assert!(build.status().unwrap().success());
        let told = File::create(place.path("told")).unwrap();
        told.write_all_at(&[0; 16], 0).unwrap();
        let disk = Disk::over(&place.path("data"));
        if disk.is_none() {
            let _ = writeln!(io::stderr(), "left out: a full disk, since the kernel lets nobody make one here");
        }
        Self { place, postgres, disk, library, told }
    }

    pub(super) fn has_disk(&self) -> bool {
        self.disk.is_some()
    }

    /// Returns the program with these arguments, on the disk.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let bare = self.place.command(arguments);
        let Some(disk) = &self.disk else { return bare };
        let mut command = disk.inside(&self.place.path(""));
        command.arg(bare.get_program()).args(bare.get_args()).env_clear();
        command.envs(bare.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&mut self.command(arguments), "")
    }

    pub(super) fn add_user(&self, email: &str, role: &str) {
        let arguments =
            ["user", "add", "--email", email, "--name", email, "--role", role, "--password-stdin", "--keep-password"];
        Ran::of(&mut self.command(&arguments), PASSWORD).expect(0);
    }

    /// Starts the server; returns what it said if it refuses to start.
    pub(super) fn serve(&self) -> Result<Server, Ran> {
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        command.env("LD_PRELOAD", &self.library).env("STS_TEST_TOLD", self.place.path("told"));
        // Four clients do more in an hour than a party does in a day.
        command.env("STS_ROOM_ENTRIES_PER_DAY", "0").env("STS_ROOM_UPLOAD_MIB_PER_DAY", "0");
        Server::try_start(&self.place, &mut command)
    }

    /// Sets the server's clock so many seconds ahead.
    pub(super) fn set_clock(&self, seconds: i64) {
        self.told.write_all_at(&seconds.to_ne_bytes(), 0).unwrap();
    }

    /// Has the store fail in what these bits say; in nothing if they are zero.
    pub(super) fn break_store(&self, bits: i64) {
        self.told.write_all_at(&bits.to_ne_bytes(), 8).unwrap();
    }

    /// Leaves the disk no more than so many KiB.
    pub(super) fn fill_disk(&self, kib: u32) {
        let used = "$(df -k --output=used . | tail -n 1)";
        self.resize(&format!("$(({used} + {kib}))k"));
    }

    pub(super) fn free_disk(&self) {
        self.resize(ROOM);
    }

    fn resize(&self, size: &str) {
        let Some(disk) = &self.disk else { return };
        let mut command = disk.inside(&self.place.path("data"));
        // More may be in use by now than there was when it was looked at, and less than that no disk can be.
        let script = format!("for i in $(seq 50); do mount -o remount,size={size} . 2>/dev/null && exit; done; exit 1");
        let resized = command.args(["sh", "-c", &script]).stdin(Stdio::null()).status().unwrap();
        assert!(resized.success(), "the disk does not become {size}");
    }
}

/// A disk in memory over a directory, which only processes see that are started inside. It ends with the one that holds it.
struct Disk {
    holder: Child,
}

impl Disk {
    fn over(directory: &Path) -> Option<Self> {
        fs::create_dir_all(directory).unwrap();
        let script = format!("mount -t tmpfs -o size={ROOM},mode=700 none {} && echo made && cat", directory.display());
        let mut shell = Command::new("unshare");
        shell.args(["-m", "sh", "-c", &script]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut holder = shell.spawn().ok()?;
        let mut said = String::new();
        io::BufRead::read_line(&mut io::BufReader::new(holder.stdout.take()?), &mut said).ok()?;
        (said == "made\n").then_some(Self { holder })
    }

    /// Returns the beginning of a command that runs on the disk, in this directory.
    fn inside(&self, directory: &Path) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["-t", &self.holder.id().to_string(), "-m"]).arg(format!("--wdns={}", directory.display()));
        command
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // It reads its input to the end, and ends then.
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}
