// Ends the process that loads it with a SIGTERM when the process that started it has ended. wrangler
// loads it, so that it never holds the port alone; the npm scripts need it because npm's shell
// passes neither a SIGTERM on, nor that npm itself was killed.
import { findStarters, isRunning } from "./identify.ts";

const POLL_MS = 500;
// Longer than any of the scripts needs to end what it started; tests shorten it.
const INSIST_MS = Number(process.env.LIFELINE_INSIST_MS ?? 30_000);
const parent = process.ppid;
const starters = findStarters();

// An orphan is given another parent. This timer does not keep a process running that has finished.
const watch = setInterval(() => {
  if (process.ppid === parent && starters.every(isRunning)) return;
  clearInterval(watch);
  process.kill(process.pid, "SIGTERM");
  setTimeout(killGroup, INSIST_MS).unref();
}, POLL_MS).unref();

/** A shutdown that hangs must not hold the port. wrangler leads a process group, which ends with it. */
function killGroup(): void {
  try {
    process.kill(-process.pid, "SIGKILL");
  } catch {
    process.kill(process.pid, "SIGKILL");
  }
}
