// One server at a time on a state directory: two of them write to the same databases, which then
// answer SQLITE_BUSY, and both charge the payments they find open.
import { randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { errorCode } from "../processes/errors.ts";
import {
  identifyMachine,
  identifyProcess,
  isRunning,
  type Machine,
  type ProcessIdentity,
} from "../processes/identify.ts";

const NAME = "server.lock";
// A server whose `npm start` was killed ends within about a second; the rest is margin.
const ENDING_LIMIT_MS = 15_000;
const ENDING_POLL_MS = 200;

/** Which processes use a state directory, `url` and `since` for people. The first process is `npm start`'s own. */
type LockRecord = {
  id: string;
  url: string;
  since: string;
  processes: ProcessIdentity[];
  machine: Machine;
};

/** `add(pid)` names a further process that uses the directory; `release()` unlocks it. */
export type Lock = { add(pid: number): void; release(): void };

/** Another server uses the state directory. */
export class StateInUseError extends Error {}

/**
 * The record in `path`, null when there is no such file. Locks appear with their whole content, so
 * one that cannot be read was cut off by a power failure: no process holds it.
 */
function readRecord(path: string): LockRecord | null {
  try {
    const text = readFileSync(path, "utf8");
    const { id, url, since, processes, machine } = JSON.parse(text) as LockRecord;
    processes.every(({ pid }) => pid > 0);
    return { id, url, since, processes, machine: { ...machine } };
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    if (errorCode(error) !== "") throw error;
    return { id: "unreadable", url: "", since: "", processes: [], machine: identifyMachine() };
  }
}

/** "running", "ended", or "unknown" when the processes cannot be seen from here. */
function checkHolder({ machine, processes }: LockRecord): "running" | "ended" | "unknown" {
  const here = identifyMachine();
  const isSame = (part: keyof Machine) => machine[part] === here[part];
  if (isSame("boot") && isSame("namespace") && (here.boot !== "" || isSame("host"))) {
    return processes.some(isRunning) ? "running" : "ended";
  }
  // No process outlives a restart of its machine; another machine or container cannot be seen.
  return isSame("host") && !isSame("boot") ? "ended" : "unknown";
}

/** Writes `record` to `path` only if nothing is there; false when something is. */
function createExclusively(path: string, record: LockRecord, draft: string): boolean {
  writeFileSync(draft, JSON.stringify(record, null, 2));
  try {
    // Unlike an exclusive open, a link never shows a file without its content.
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Takes `path` for `record` and gives null, or gives the record of the process that has it.
 *
 * A stale lock is replaced by the process that first takes a lock named after it, so two processes that
 * find it at the same time cannot both replace it, nor can one replace the other's new lock. When
 * the one that replaces it is killed meanwhile, its own lock is stale and is replaced the same way.
 */
function take(path: string, record: LockRecord): LockRecord | null {
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

function explain(record: LockRecord, path: string): string {
  const { processes, machine, url, since } = record;
  const pid = (processes.find(isRunning) ?? processes[0])?.pid;
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
 */
export async function lockState(directory: string, url: string): Promise<Lock> {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, NAME);
  const record: LockRecord = {
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
    const [first, ...others] = other.processes;
    const isEnding = first !== undefined && others.length > 0 && !isRunning(first);
    if (!isEnding || Date.now() > deadline) throw new StateInUseError(explain(other, path));
    await sleep(ENDING_POLL_MS);
  }
  const add = (pid: number) => {
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
export function findServer(directory: string): string | null {
  const record = readRecord(join(directory, NAME));
  return record && checkHolder(record) !== "ended" ? record.url : null;
}
