//! What a child gives up before it reads anything: for good, and enforced by the kernel.
//!
//! A malicious file may take a child over. Then it can compute, and write to the pipes that it has; it cannot open a
//! file, make a connection, start or signal a process, or read the memory of another one. Three layers see to that,
//! each of which would do for most of it: limits (`setrlimit`), Landlock, and a filter of system calls (seccomp) that
//! kills the process at the first call that the work does not need.

use std::fmt::Display;

use rustix::process::{Rlimit, getrlimit, nice, setrlimit};

use super::Kind;
use crate::error::{Error, Result};

/// How much lower than the server's the priority of a child is: it has a quarter of a processor that both want.
const NICENESS: i32 = 5;

/// Takes from this process what a child of this kind does not need. Files that it needs must be read before.
///
/// # Errors
///
/// If the kernel refuses any of it: a child that is not contained does not work.
pub fn contain(kind: Kind) -> Result<()> {
    // The order matters, since each step takes away what the ones before it need. Landlock's rules are an open file for
    // a moment, which the limit on files would forbid. The filter comes last: it forbids `prctl`, `setrlimit` and
    // Landlock's own calls.
    kernel::take_access()?;
    yield_to_others()?;
    limit(kind)?;
    kernel::filter_calls()
}

/// Lets requests to the server, and all else on the machine, go first: somebody waits for them.
fn yield_to_others() -> Result<()> {
    nice(NICENESS).map(drop).map_err(|error| refused("the process cannot lower its priority", &error))
}

/// Lowers the limits of this process, and leaves those that are lower already.
fn limit(kind: Kind) -> Result<()> {
    for (resource, most) in kind.limits() {
        // The hard limit too, or the process could raise the soft one again.
        let most = getrlimit(resource).maximum.map_or(most, |given| given.min(most));
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })
            .map_err(|error| refused("the process cannot be limited", &error))?;
    }
    Ok(())
}

/// Makes this process unreadable for others of the same user: no core file, no `ptrace`, nothing in `/proc` that could
/// hold a key.
pub fn hide_memory() -> Result<()> {
    kernel::hide_memory()
}

fn refused(what: &str, error: &dyn Display) -> Error {
    Error::setup(format!("{what}: {error}"))
}

#[cfg(target_os = "linux")]
mod kernel {
    use std::{collections::BTreeMap, env::consts::ARCH};

    use landlock::{ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, Scope};
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen as Length, SeccompCmpOp as Op, SeccompCondition as Condition,
        SeccompFilter, SeccompRule,
    };

    use super::refused;
    use crate::error::{Error, Result};

    /// The newest version of Landlock that is asked for. An older kernel enforces what it knows of it.
    const LANDLOCK: ABI = ABI::V7;

    /// Calls that are allowed with any arguments. `futex` is the lock of the standard streams; a process with one
    /// thread never waits in it. `gettid` is for the message of a panic, and of running out of memory. `clock_gettime`
    /// is a system call only if the kernel's clock is not mapped into the process.
    const CALLS: [i64; 15] = [
        libc::SYS_read,
        libc::SYS_write,
        libc::SYS_writev,
        libc::SYS_brk,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_madvise,
        libc::SYS_futex,
        libc::SYS_getrandom,
        libc::SYS_gettid,
        libc::SYS_clock_gettime,
        libc::SYS_sigaltstack,
        libc::SYS_rt_sigprocmask,
        libc::SYS_exit,
        libc::SYS_exit_group,
    ];

    pub(super) fn hide_memory() -> Result<()> {
        set_dumpable_behavior(DumpableBehavior::NotDumpable)
            .map_err(|error| refused("the process stays dumpable", &error))
    }

    pub(super) fn take_access() -> Result<()> {
        // So that one child that was taken over cannot read another one, which has somebody else's file in its memory.
        hide_memory()?;
        landlock().map_err(|error| refused("Landlock refuses its rules", &error))
    }

    pub(super) fn filter_calls() -> Result<()> {
        let filter = filter().map_err(|error| refused("the filter of system calls is not one", &error))?;
        // Sets `no_new_privs` first, without which the kernel takes no filter from a process that is not root. With it
        // no program that the process could start would gain privileges.
        seccompiler::apply_filter_all_threads(&filter)
            .map_err(|error| refused("the kernel refuses the filter of system calls", &error))
    }

    /// Takes away all access to files, the network and other processes, as far as this kernel knows Landlock.
    fn landlock() -> Result<(), landlock::RulesetError> {
        Ruleset::default()
            // Older kernels lack some of the rules or all of them. The filter forbids the same, so a child still works
            // there.
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(LANDLOCK))?
            .handle_access(AccessNet::from_all(LANDLOCK))?
            .scope(Scope::from_all(LANDLOCK))?
            .create()?
            .restrict_self()
            .map(drop)
    }

    /// Builds the filter: it allows [`CALLS`], memory that cannot be executed, and reading one's own limits, from which
    /// the runtime learns the size of its stack. Any other call kills the process.
    fn filter() -> Result<BpfProgram> {
        let wrong = |error: seccompiler::BackendError| Error::setup(error.to_string());
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> = CALLS.into_iter().map(|call| (call, Vec::new())).collect();
        let is = |argument, length, op, value| Condition::new(argument, length, op, value).map_err(wrong);
        // Without executable memory, bytes of a file can never be run as code.
        let executable = u64::from(libc::PROT_EXEC.unsigned_abs());
        for call in [libc::SYS_mmap, libc::SYS_mprotect] {
            let never_run = is(2, Length::Dword, Op::MaskedEq(executable), 0)?;
            rules.insert(call, vec![SeccompRule::new(vec![never_run]).map_err(wrong)?]);
        }
        // `prlimit64(pid, resource, new, old)`: pid 0 is this process, and without `new` nothing changes.
        let of_itself = is(0, Length::Dword, Op::Eq, 0)?;
        let changes_nothing = is(2, Length::Qword, Op::Eq, 0)?;
        rules.insert(libc::SYS_prlimit64, vec![SeccompRule::new(vec![of_itself, changes_nothing]).map_err(wrong)?]);
        let arch = ARCH.try_into().map_err(wrong)?;
        let filter =
            SeccompFilter::new(rules, SeccompAction::KillProcess, SeccompAction::Allow, arch).map_err(wrong)?;
        filter.try_into().map_err(wrong)
    }
}

/// On other systems a child has its limits and nothing more: servers run on Linux.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "the functions have the shape that they have on Linux")]
mod kernel {
    use crate::error::Result;

    pub(super) fn hide_memory() -> Result<()> {
        Ok(())
    }

    pub(super) fn take_access() -> Result<()> {
        Ok(())
    }

    pub(super) fn filter_calls() -> Result<()> {
        Ok(())
    }
}
