// One server at a time on a state directory: two of them write to the same databases, which then
// answer SQLITE_BUSY, and both charge the payments they find open. It must import only Node.
import { randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { identifyMachine, identifyProcess, isRunning } from "./processes.mjs";

const NAME = "server.lock";
// A server whose `npm start` was killed ends by itself within about a second; the rest is room.
const ENDING_LIMIT_MS = 15_000;
const ENDING_POLL_MS = 200;

/** Another server uses the state directory. */
export class StateInUseError extends Error {}

/**
 * The record in `path`, null when there is no such file. Locks appear with their whole content, so
 * one that cannot be read was cut off by a power failure: nobody holds it.
 */
function readRecord(path) {
  try {
    const { id, url, since, processes, machine } = JSON.parse(readFileSync(path, "utf8"));
    processes.every(({ pid }) => pid > 0);
    return { id, url, since, processes, machine: { ...machine } };
  } catch (error) {
    if (error.code === "ENOENT") return null;
    if (error.code) throw error;
    return { id: "unreadable", processes: [], machine: identifyMachine() };
  }
}

/** "running", "ended", or "unknown" when the processes cannot be seen from here. */
function checkHolder({ machine, processes }) {
  const here = identifyMachine();
  const isSame = (part) => machine[part] === here[part];
  if (isSame("boot") && isSame("namespace") && (here.boot !== "" || isSame("host"))) {
    return processes.some(isRunning) ? "running" : "ended";
  }
  // No process outlives a restart of its machine; another machine or container cannot be seen.
  return isSame("host") && !isSame("boot") ? "ended" : "unknown";
}

/** Writes `record` to `path` only if nothing is there; false when something is. */
function createExclusively(path, record, draft) {
  writeFileSync(draft, JSON.stringify(record, null, 2));
  try {
    // Unlike an exclusive open, a link never shows a file without its content.
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Takes `path` for `record` and gives null, or gives the record of the process that has it.
 *
 * A stale lock is replaced by whoever first takes a lock named after it, so two processes that
 * find it at the same time cannot both replace it, nor can one replace the other's new lock. When
 * the one that replaces it is killed meanwhile, its own lock is stale and is replaced the same way.
 */
function take(path, record) {
  const draft = `${path}.${record.id}.draft`;
  for (;;) {
    if (createExclusively(path, record, draft)) return null;
    const found = readRecord(path);
    if (found === null) continue;
    if (found.id === record.id) return null;
    if (checkHolder(found) !== "ended") return found;
    const replacement = `${path}.${found.id}`;
    const rival = take(replacement, record);
    if (rival) return rival;
    if (readRecord(path)?.id === found.id) {
      writeFileSync(draft, JSON.stringify(record, null, 2));
      renameSync(draft, path);
    }
    rmSync(replacement, { force: true });
  }
}

function explain(record, path) {
  const { processes, machine, url, since } = record;
  const { pid } = processes.find(isRunning) ?? processes[0];
  const use = "Another npm start uses this state directory:";
  if (checkHolder(record) === "unknown") {
    return (
      `${use} process ${pid} on ${machine.host}, at ${url}, since ${since}.\n` +
      `It cannot be seen from here. If it has ended, delete ${path} and try again.`
    );
  }
  return (
    `${use} process ${pid}, at ${url}, since ${since}.\n` +
    "Stop it first, or start this one with a state of its own: STATE_DIR=.wrangler/other PORT=9000 npm start"
  );
}

/**
 * Locks the state directory for a server at `url`; throws StateInUseError while another one has it.
 * `add(pid)` names a further process that uses it; `release()` unlocks it.
 */
export async function lockState(directory, url) {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, NAME);
  const record = {
    id: randomUUID(),
    url,
    since: new Date().toISOString(),
    processes: [identifyProcess(process.pid)],
    machine: identifyMachine(),
  };
  const deadline = Date.now() + ENDING_LIMIT_MS;
  for (;;) {
    const other = take(path, record);
    if (other === null) break;
    const isEnding = other.processes.length > 1 && !isRunning(other.processes[0]);
    if (!isEnding || Date.now() > deadline) throw new StateInUseError(explain(other, path));
    await sleep(ENDING_POLL_MS);
  }
  const add = (pid) => {
    record.processes.push(identifyProcess(pid));
    const draft = `${path}.${record.id}.draft`;
    writeFileSync(draft, JSON.stringify(record, null, 2));
    renameSync(draft, path);
  };
  const release = () => {
    if (readRecord(path)?.id === record.id) rmSync(path, { force: true });
  };
  return { add, release };
}

/** The `url` of the server that uses the state directory now; null when there is none. */
export function findServer(directory) {
  const record = readRecord(join(directory, NAME));
  return record && checkHolder(record) !== "ended" ? record.url : null;
}
