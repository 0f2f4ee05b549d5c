// Identifies processes so that a process id that is used again later is not mistaken for the first process.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { basename } from "node:path";
import { errorCode } from "./errors.ts";

/** `started` is the start time in clock ticks after boot, null without /proc. */
export type ProcessIdentity = { pid: number; started: string | null };

/** Where a process id has a meaning; the last two are empty without /proc. */
export type Machine = { host: string; boot: string; namespace: string };

const HAS_PROC = existsSync("/proc/self/stat");
// Fields of /proc/PID/stat after the command name, which is in parentheses (proc_pid_stat(5)).
const STATE = 0;
const PARENT = 1;
const START_TICKS = 19;
const SHELLS = /^-?(sh|dash|bash|zsh|ksh|ash|fish|busybox|cmd\.exe)$/;

function readOrNull<Value>(read: () => Value): Value | null {
  try {
    return read();
  } catch {
    return null;
  }
}

function readStat(pid: number): string[] | null {
  const stat = readOrNull(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  return stat === null ? null : stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

export function identifyProcess(pid: number): ProcessIdentity {
  return { pid, started: HAS_PROC ? (readStat(pid)?.[START_TICKS] ?? null) : null };
}

/** Whether that very process still runs. A zombie, which only waits for its parent, does not. */
export function isRunning({ pid, started }: ProcessIdentity): boolean {
  const stat = readStat(pid);
  if (stat) return !"ZX".includes(stat[STATE] ?? "") && stat[START_TICKS] === started;
  // There is no /proc, it hides other users' processes, or the process has ended.
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user exists, although it takes no signal from us.
    return errorCode(error) === "EPERM";
  }
}

function describeParent(): { parent: number; program: string } {
  const pid = process.ppid;
  if (HAS_PROC) {
    const program = readOrNull(() => readlinkSync(`/proc/${pid}/exe`)) ?? "";
    return { parent: Number(readStat(pid)?.[PARENT] ?? 0), program };
  }
  const { stdout } = spawnSync("ps", ["-o", "ppid=,comm=", "-p", String(pid)], {
    encoding: "utf8",
  });
  const [, parent = "0", program = ""] = /^\s*(\d+)\s+(.*?)\s*$/.exec(stdout ?? "") ?? [];
  return { parent: Number(parent), program };
}

/**
 * The processes that started this one, nearest first: the parent, and the process behind it when the
 * parent is only a shell. npm runs a script in a shell, which does not pass on that npm has ended.
 */
export function findStarters(): ProcessIdentity[] {
  const { parent, program } = describeParent();
  const starters = [process.ppid];
  if (SHELLS.test(basename(program)) && parent > 1) starters.push(parent);
  return starters.map(identifyProcess);
}

export function identifyMachine(): Machine {
  const boot = readOrNull(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim());
  const namespace = readOrNull(() => readlinkSync("/proc/self/ns/pid"));
  return { host: hostname(), boot: boot ?? "", namespace: namespace ?? "" };
}
