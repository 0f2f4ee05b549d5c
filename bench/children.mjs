// Every process the bench starts. Each leads a process group, so that ending the group ends all
// of it; nothing outlives the bench, whether it finishes, fails or is interrupted. This file must
// not know what the processes do.
import "../scripts/processes/no-local-proxy.ts";
import { spawn } from "node:child_process";

const groups = new Set();

/** Starts a Node script; `stdio` as in child_process.spawn. */
export function startNode(script, args, { stdio, env = {} }) {
  const child = spawn(process.execPath, [script, ...args], {
    detached: true,
    stdio,
    env: { ...process.env, ...env },
  });
  groups.add(child.pid);
  child.once("exit", () => endGroup(child.pid));
  return child;
}

/** Ends a child and whatever it started, and waits for the child to be gone. */
export function endChild(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  return new Promise((resolve) => {
    child.once("exit", resolve);
    endGroup(child.pid);
  });
}

/** Ends everything that is still there; synchronous, so an exit handler may call it. */
export function endAll() {
  for (const pid of groups) endGroup(pid);
}

function endGroup(pid) {
  if (!groups.delete(pid)) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // The whole group has ended by itself.
  }
}
