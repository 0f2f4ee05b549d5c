// The processes that the Kafka scripts start. Each leads a process group, so that ending the group
// ends all of it; nothing outlives the script. This file must not know what the processes do.
import "../no-local-proxy.mjs";
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const SAID_CHARS_MAX = 20_000;
const STOP_LIMIT_MS = 10_000;
const POLL_MS = 100;

const groups = new Set();
const folders = new Set();

process.once("exit", () => {
  for (const pid of groups) endGroup(pid, "SIGKILL");
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function endGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // The whole group has ended by itself.
  }
}

/** Has `folder` removed when the script ends. */
export function removeAtExit(folder) {
  folders.add(folder);
  return folder;
}

/**
 * Starts a process. `said()` is the last of what it printed; `exited` gives its exit code;
 * `stop()` asks it to end and insists when it does not; `kill()` gives it no chance to say goodbye.
 */
export function startChild(command, args, { env = {}, cwd, input = "ignore" } = {}) {
  const child = spawn(command, args, {
    cwd,
    detached: true,
    env: { ...process.env, ...env },
    stdio: [input, "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      said = (said + text).slice(-SAID_CHARS_MAX);
    });
  }
  if (child.pid !== undefined) groups.add(child.pid);
  const exited = new Promise((resolve) => {
    child.once("error", (error) => {
      said += error.message;
      resolve(127);
    });
    child.once("exit", (code) => {
      endGroup(child.pid, "SIGKILL");
      groups.delete(child.pid);
      resolve(code ?? 1);
    });
  });
  const isRunning = () =>
    child.exitCode === null && child.signalCode === null && groups.has(child.pid);
  const end = async (signal) => {
    if (isRunning()) endGroup(child.pid, signal);
    await exited;
  };
  const stop = async () => {
    const insist = setTimeout(() => endGroup(child.pid, "SIGKILL"), STOP_LIMIT_MS);
    await end("SIGTERM");
    clearTimeout(insist);
  };
  return { exited, isRunning, said: () => said, stop, kill: () => end("SIGKILL") };
}

/** Runs a process to its end; gives its exit code, 124 when it took too long, and what it said. */
export async function runChild(command, args, { limit_ms, ...options }) {
  const child = startChild(command, args, options);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill();
  }, limit_ms);
  const code = await child.exited;
  clearTimeout(timer);
  return { code: isLate ? 124 : code, said: child.said() };
}

/** Waits until `ask` gives something truthy; throws when it has not within `limit_ms`, or `child` has ended. */
export async function until(ask, what, limit_ms, child) {
  const deadline = Date.now() + limit_ms;
  for (;;) {
    const answer = await Promise.resolve()
      .then(ask)
      .catch(() => null);
    if (answer) return answer;
    const has = child && !child.isRunning() ? "It ended" : null;
    const is = Date.now() > deadline ? `It did not within ${limit_ms / 1000} s` : null;
    if (has || is) {
      const said = child ? `\n${child.said().trim().split("\n").slice(-15).join("\n")}` : "";
      throw new Error(`Waited in vain until ${what}. ${has ?? is}.${said}`);
    }
    await sleep(POLL_MS);
  }
}

/** A port on this machine that nobody listens at, or `wanted` if that is one. */
export function freePort(wanted = 0) {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", ({ code }) => reject(new Error(`Port ${wanted} cannot be used: ${code}.`)));
    probe.listen(wanted, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
