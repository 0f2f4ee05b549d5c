// Ends the process that loads it with a SIGTERM when the process that started it has ended. wrangler
// loads it, so that it never holds the port alone; the npm scripts need it because npm's shell
// passes neither a SIGTERM on, nor that npm itself was killed.
import { findStarters, isRunning } from "./processes.mjs";

const POLL_MS = 500;
const parent = process.ppid;
const starters = findStarters();

// An orphan is given another parent. This timer does not keep a process running that has finished.
const watch = setInterval(() => {
  if (process.ppid === parent && starters.every(isRunning)) return;
  clearInterval(watch);
  process.kill(process.pid, "SIGTERM");
}, POLL_MS).unref();
