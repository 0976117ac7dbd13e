//! What the command line asks at a terminal, and what it does where there is none.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    process::{Child, Stdio},
};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::harness::{Installation, PASSWORD};

/// A program at a terminal of its own.
struct AtTerminal {
    child: Child,
    /// The other end of the terminal, where a person would sit.
    person: File,
    seen: String,
}

impl AtTerminal {
    fn start(place: &Installation, arguments: &[&str]) -> Self {
        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&person).unwrap();
        unlockpt(&person).unwrap();
        let name = ptsname(&person, Vec::new()).unwrap().into_string().unwrap();
        let terminal = OpenOptions::new().read(true).write(true).open(name).unwrap();
        let mut command = place.command(arguments);
        command.stdin(Stdio::from(terminal.try_clone().unwrap())).stderr(Stdio::from(terminal));
        let child = command.spawn().unwrap();
        // Dropped here, the command would otherwise keep the terminal open, and its end would never be seen.
        drop(command);
        Self { child, person: File::from(person), seen: String::new() }
    }

    /// Waits for a question, and types the answer.
    fn answer(&mut self, question: &str, line: &str) {
        let begun = self.seen.len();
        while !self.seen[begun..].contains(question) {
            let mut bytes = [0; 512];
            let read = self.person.read(&mut bytes).unwrap_or_default();
            assert_ne!(read, 0, "it did not ask `{question}`: {}", self.seen);
            self.seen += std::str::from_utf8(&bytes[..read]).unwrap();
        }
        self.person.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Waits for the end; returns the exit code, what was printed, and what was seen at the terminal.
    fn end(mut self) -> (Option<i32>, String, String) {
        let mut printed = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
        let code = self.child.wait().unwrap().code();
        // Reading fails once nobody has the terminal open any more.
        let mut rest = Vec::new();
        let _ = self.person.read_to_end(&mut rest);
        (code, printed, self.seen + &String::from_utf8(rest).unwrap())
    }
}

#[test]
fn at_a_terminal_what_is_missing_is_asked_for_and_the_password_is_not_shown() {
    let place = Installation::new(None);
    let mut add = AtTerminal::start(&place, &["user", "add", "--keep-password"]);
    add.answer("E-mail address: ", "");
    add.answer("E-mail address: ", "first@example.com");
    add.answer("Name that others see: ", "First");
    add.answer("Role (", "captain");
    add.answer("Role (", "admin");
    add.answer("Password: ", PASSWORD);
    add.answer("The same again: ", PASSWORD);
    let (code, printed, seen) = add.end();
    assert_eq!((code, &*printed), (Some(0), "added first@example.com (admin)\n"), "{seen}");
    assert!(seen.contains("first@example.com") && !seen.contains(PASSWORD), "{seen}");

    let mut set = AtTerminal::start(&place, &["user", "set-password", "--email", "first@example.com"]);
    set.answer("Password: ", PASSWORD);
    set.answer("The same again: ", "something else entirely");
    let (code, _, seen) = set.end();
    assert_eq!(code, Some(1));
    assert!(seen.contains("the two passwords are not the same"), "{seen}");
}

#[test]
fn who_gives_up_while_being_asked_leaves_nothing_behind() {
    let place = Installation::new(None);
    let mut add = AtTerminal::start(&place, &["user", "add", "--email", "first@example.com"]);
    // Ctrl-D, the end of the input.
    add.answer("Name that others see: ", "\u{4}\u{4}");
    assert_eq!(add.end().0, Some(1));
    assert!(!place.path("data").exists());
}

#[test]
fn without_a_terminal_it_is_said_which_flags_are_missing() {
    let place = Installation::new(None);
    for (arguments, missing) in [
        (&["user", "add"][..], "give --email, --name, --role, --password-stdin"),
        (&["user", "add", "--email", "a@example.com", "--password-stdin"], "give --name, --role"),
        (&["user", "set-password", "--email", "a@example.com"], "give --password-stdin"),
    ] {
        let ran = place.run(arguments);
        ran.expect(2);
        assert!(ran.stderr.contains("standard input is no terminal") && ran.stderr.contains(missing), "{ran:?}");
    }
    assert!(!place.path("data").exists());
}
