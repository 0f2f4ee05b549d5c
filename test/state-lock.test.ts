/** One server at a time on a state directory, by real processes that try to take its lock together. */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findServer, lockState } from "../scripts/local/state-lock";
import { identifyMachine, identifyProcess } from "../scripts/processes/identify";

const CONTENDER = join(import.meta.dirname, "support/lock-contender.ts");
const CONTENDERS = 6;
const URL = "http://127.0.0.1:4711";

let directory: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "state-lock-"));
});

afterEach(async () => {
  await Promise.all(children.splice(0).map(end));
  rmSync(directory, { recursive: true });
});

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  if (child.connected) child.disconnect();
  else child.kill("SIGKILL");
  await exited;
}

/** A process that has ended, as it was while it ran. */
async function identifyEnded(): Promise<{ pid: number; started: string | null }> {
  const child = spawn(process.execPath, ["-e", "process.stdin.resume()"]);
  await once(child, "spawn");
  const identity = identifyProcess(child.pid ?? 0);
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
  return identity;
}

type Changes = { id?: string; name?: string; processes?: object[]; machine?: object };

/** Writes a lock as an earlier server would have left it. */
function leaveLock({ name = "server.lock", ...changes }: Changes): void {
  const since = "2026-11-28T10:00:00.000Z";
  const lock = { id: "earlier", url: URL, since, machine: identifyMachine(), ...changes };
  writeFileSync(join(directory, name), JSON.stringify(lock));
}

const readLock = () => JSON.parse(readFileSync(join(directory, "server.lock"), "utf8"));

/** What each of several processes gets that take the lock at the same moment. */
async function contend(): Promise<string[]> {
  const contenders = Array.from({ length: CONTENDERS }, () => fork(CONTENDER, [directory]));
  children.push(...contenders);
  await Promise.all(contenders.map((child) => once(child, "message")));
  const replies = contenders.map((child) => once(child, "message"));
  for (const child of contenders) child.send("go");
  return (await Promise.all(replies)).map(([reply]) => String(reply));
}

describe("concurrent locks of one state directory", () => {
  const cases: [string, () => Promise<void>][] = [
    ["when there is no lock", async () => {}],
    [
      "when there is a lock of a process that was killed",
      async () => leaveLock({ processes: [await identifyEnded()] }),
    ],
    [
      "when the process that replaced such a lock was killed as well",
      async () => {
        leaveLock({ processes: [await identifyEnded()] });
        const processes = [await identifyEnded()];
        leaveLock({ id: "taker", name: "server.lock.earlier", processes });
      },
    ],
    [
      "when a power failure has left an empty lock",
      async () => writeFileSync(join(directory, "server.lock"), ""),
    ],
  ];

  it.each(cases)(
    "Of several processes that lock one state directory at once, exactly one succeeds %s",
    async (_, prepare) => {
      for (let round = 0; round < 3; round++) {
        await prepare();
        const replies = await contend();
        expect(replies.filter((reply) => reply === "taken")).toHaveLength(1);
        const others = replies.filter((reply) => reply !== "taken");
        for (const reply of others) expect(reply).toMatch(/^StateInUseError: .*process \d+/);
        await Promise.all(children.splice(0).map(end));
      }
    },
  );
});

it("A refused lock names the process that holds it, its address and since when it runs", async () => {
  const processes = [identifyProcess(process.pid)];
  leaveLock({ processes });
  await expect(lockState(directory, "http://127.0.0.1:1")).rejects.toThrow(
    `process ${process.pid}, at ${URL}, since 2026-11-28T10:00:00.000Z`,
  );
  expect(findServer(directory)).toBe(URL);
});

it.runIf(process.platform === "linux")(
  "A lock whose process id now belongs to another process is taken over",
  async () => {
    leaveLock({ processes: [{ pid: process.pid, started: "1" }] });
    expect(findServer(directory)).toBe(null);
    const lock = await lockState(directory, "http://127.0.0.1:1");
    expect(readLock().processes).toEqual([identifyProcess(process.pid)]);
    lock.release();
  },
);

it("A lock from another container is respected, with the file to delete if it is stale", async () => {
  const processes = [await identifyEnded()];
  leaveLock({ processes, machine: { ...identifyMachine(), host: "other", namespace: "pid:[1]" } });
  await expect(lockState(directory, URL)).rejects.toThrow(
    new RegExp(`on other.*delete ${join(directory, "server.lock")}`, "s"),
  );
});

it("A lock from before a restart of the machine is taken over", async () => {
  const processes = [identifyProcess(process.pid)];
  leaveLock({ processes, machine: { ...identifyMachine(), boot: "earlier" } });
  const lock = await lockState(directory, URL);
  expect(findServer(directory)).toBe(URL);
  lock.release();
});

it("A lock waits for the server of an npm start that was killed", async () => {
  const server = spawn(process.execPath, ["-e", "process.stdin.resume()"]);
  children.push(server);
  await once(server, "spawn");
  const main = await identifyEnded();
  leaveLock({ processes: [main, identifyProcess(server.pid ?? 0)] });
  const locked = lockState(directory, URL);
  const early = await Promise.race([
    locked.then(() => "locked"),
    once(server, "spawn", { signal: AbortSignal.timeout(500) }).catch(() => "waiting"),
  ]);
  expect(early).toBe("waiting");
  server.kill("SIGKILL");
  (await locked).release();
});

it("A released lock leaves no file behind, and releases only its own", async () => {
  const lock = await lockState(directory, URL);
  lock.add(process.ppid);
  expect(readLock().processes).toHaveLength(2);
  lock.release();
  expect(readdirSync(directory)).toEqual([]);
  leaveLock({ processes: [] });
  lock.release();
  expect(readdirSync(directory)).toEqual(["server.lock"]);
});
