//! One arena for the allocator of the GNU C library. By default it makes up to eight for each processor, and each of them
//! keeps free memory that the others cannot use: under load, the server held twice as much. See
//! docs/decisions/0036-one-arena.md.

use std::{env, os::unix::process::CommandExt as _, process::Command};

/// The variable in which the C library looks for the number of arenas, once, when a program begins.
const ARENAS: &str = "MALLOC_ARENA_MAX";

/// Begins the program again with one arena, in the same process, unless its environment says how many there are to be. If
/// that is not possible, this returns: the server does its work with more memory, too.
pub(super) fn keep_to_one() {
    if !cfg!(all(target_os = "linux", target_env = "gnu")) || env::var_os(ARENAS).is_some() {
        return;
    }
    let Ok(program) = env::current_exe() else { return };
    let mut arguments = env::args_os();
    let mut again = Command::new(program);
    if let Some(name) = arguments.next() {
        again.arg0(name);
    }
    again.args(arguments).env(ARENAS, "1");
    // It returns only where it fails.
    let _ = again.exec();
}
