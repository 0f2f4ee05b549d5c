// Starts the child processes of the scripts, the bench and the tests. Each leads a process group, so that ending the
// group ends all of it; none outlives the process that started it. This file must not know what the processes do.
import "./no-local-proxy.ts";
import { type ChildProcess, spawn } from "node:child_process";

const SAID_CHARS_MAX = 20_000;
const STOP_LIMIT_MS = 10_000;
/** As a shell has them: a command that could not be started, and one that timeout(1) has ended. */
const NOT_STARTED = 127;
export const TIMED_OUT = 124;

export type ChildOptions = {
  cwd?: string;
  /** Added to this process's own environment; undefined takes a variable away. */
  env?: Record<string, string | undefined>;
  input?: "ignore" | "pipe";
  /** "pipe" keeps what the process prints for `said()`; a number is an open file's. */
  output?: "pipe" | "inherit" | "ignore" | number;
  /** Opens a channel for messages in both directions. */
  hasMessages?: boolean;
  /** Which processes get the SIGTERM of `stop()`: all of the group, or only the one that was started. */
  stops?: "group" | "leader";
  /** How long `stop()` waits before it kills the group. */
  stop_limit_ms?: number;
};

export type Child = {
  /** For its streams, its messages, and signals to it alone. */
  process: ChildProcess;
  /** The exit code; 127 when it could not be started. */
  exited: Promise<number>;
  /** The same, when all that it printed has arrived as well. */
  closed: Promise<number>;
  isRunning(): boolean;
  /** The last of what it printed; empty unless its output is a pipe. */
  said(): string;
  /** Sends SIGTERM, kills the group when that does not end it in time, and waits for the end. */
  stop(): Promise<void>;
  /** Kills the whole group and waits for the end. */
  kill(): Promise<void>;
};

const groups = new Set<number>();

process.once("exit", () => {
  for (const pid of groups) signalGroup(pid, "SIGKILL");
});

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The whole group has already ended.
  }
}

export function startChild(
  command: string,
  args: readonly string[],
  {
    cwd,
    env = {},
    input = "ignore",
    output = "pipe",
    hasMessages = false,
    stops = "group",
    stop_limit_ms = STOP_LIMIT_MS,
  }: ChildOptions = {},
): Child {
  const child = spawn(command, args, {
    cwd,
    detached: true,
    env: { ...process.env, ...env },
    stdio: [input, output, output, ...(hasMessages ? (["ipc"] as const) : [])],
  });
  const { pid } = child;
  if (pid !== undefined) groups.add(pid);
  const said = keepOutput(child);
  const signal = (name: NodeJS.Signals) => {
    if (pid !== undefined && groups.has(pid)) signalGroup(pid, name);
  };
  const exited = new Promise<number>((resolve) => {
    child.once("error", (error) => {
      if (pid !== undefined) return;
      said.add(error.message);
      resolve(NOT_STARTED);
    });
    child.once("exit", (code) => {
      signal("SIGKILL");
      if (pid !== undefined) groups.delete(pid);
      resolve(code ?? 1);
    });
  });
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  return {
    process: child,
    exited,
    closed: closed.then(() => exited),
    isRunning: () => pid !== undefined && groups.has(pid),
    said: said.text,
    async stop() {
      if (stops === "leader") child.kill("SIGTERM");
      else signal("SIGTERM");
      const insist = setTimeout(signal, stop_limit_ms, "SIGKILL");
      await exited;
      clearTimeout(insist);
    },
    async kill() {
      signal("SIGKILL");
      await exited;
    },
  };
}

function keepOutput(child: ChildProcess) {
  let said = "";
  const add = (text: string) => {
    said = (said + text).slice(-SAID_CHARS_MAX);
  };
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", add);
  return { add, text: () => said };
}

/** Runs a process to its end; gives its exit code, 124 when it took too long, and what it printed. */
export async function runChild(
  command: string,
  args: readonly string[],
  { limit_ms, ...options }: ChildOptions & { limit_ms: number },
): Promise<{ code: number; said: string }> {
  const child = startChild(command, args, options);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill();
  }, limit_ms);
  const code = await child.closed;
  clearTimeout(timer);
  return { code: isLate ? TIMED_OUT : code, said: child.said() };
}
