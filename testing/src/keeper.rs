//! A server process under a keeper: a shell that ends it, and removes its folder, as soon as its own input ends, which
//! happens when the process that started it lets go or dies, however it dies.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::binary::{Account, command};

/// `folder`, `signal` and the command of the server are its arguments. It prints the id of the server's process and ends
/// with the server. The children of the server are let run again first: one that is stopped would never see its end.
/// The system sends SIGHUP to a group with a stopped server in it whose parent has died, which must not end the keeper.
const SCRIPT: &str = r#"
trap '' HUP
exec 3<&0 </dev/null
folder=$1 signal=$2
shift 2
"$@" 3<&- >>"$folder/log" 2>&1 &
server=$!
{
  while read -r _ <&3; do :; done
  : >"$folder/ended"
  children=$(grep -ls "^PPid:.$server\$" /proc/[0-9]*/status | cut -d/ -f3)
  kill -CONT $children $server
  kill -$signal $server
  waited=0
  while [ $waited -lt 100 ] && kill -0 $server; do sleep 0.05; waited=$((waited + 1)); done
  kill -KILL $server $children
} >/dev/null 2>&1 &
guard=$!
exec 3<&-
echo "$server"
wait "$server"
kill "$guard" 2>/dev/null
[ ! -e "$folder/ended" ] || rm -rf "$folder" || rm -rf "$folder"
"#;

pub(crate) struct Keeper {
    shell: Child,
    /// Open as long as the server is wanted.
    wanted: Option<ChildStdin>,
    server: Pid,
}

impl Keeper {
    /// Starts a server that works in `folder` and is ended by `signal`.
    pub(crate) fn start(
        server: &Command,
        folder: &Path,
        signal: &str,
        account: Option<Account>,
    ) -> Result<Self, String> {
        // A group of its own: what the terminal sends to the tests ends the tests, and then they end the server.
        let mut keeper = command(Path::new("/bin/sh"), account);
        keeper.arg("-c").arg(SCRIPT).arg("keeper").arg(folder).arg(signal);
        keeper.arg(server.get_program()).args(server.get_args());
        keeper.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut shell = keeper.spawn().map_err(|error| format!("/bin/sh: {error}"))?;
        let wanted = shell.stdin.take();
        let mut line = String::new();
        if let Some(printed) = shell.stdout.take() {
            BufReader::new(printed).read_line(&mut line).map_err(|error| format!("the keeper: {error}"))?;
        }
        let server = line.trim().parse().ok().and_then(Pid::from_raw);
        let server = server.ok_or_else(|| format!("the keeper says {line:?} instead of a process id"))?;
        Ok(Self { shell, wanted, server })
    }

    /// Whether the server has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.shell.try_wait(), Ok(None))
    }

    /// Sends a signal to the server and to the processes that it started.
    pub(crate) fn signal_all(&self, signal: Signal) {
        for pid in children(self.server) {
            // It may have ended meanwhile.
            let _ = kill_process(pid, signal);
        }
        self.signal(signal);
    }

    /// Sends a signal to the server.
    pub(crate) fn signal(&self, signal: Signal) {
        let _ = kill_process(self.server, signal);
    }

    /// Waits for the end of a server that was told to end; its folder stays.
    pub(crate) fn wait(mut self) {
        // Held until the shell has ended, because a closed input means that the folder is to go too.
        let wanted = self.wanted.take();
        let _ = self.shell.wait();
        drop(wanted);
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.wanted.take());
        let _ = self.shell.wait();
    }
}

fn children(parent: Pid) -> Vec<Pid> {
    let parent = parent.as_raw_nonzero().to_string();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let is_child = |id: &i32| {
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        status.lines().any(|line| line.strip_prefix("PPid:").is_some_and(|id| id.trim() == parent))
    };
    ids.filter(is_child).filter_map(Pid::from_raw).collect()
}
