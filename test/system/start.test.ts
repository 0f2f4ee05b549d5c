/** `npm start` as a user runs it: one server on a state directory, and none that outlives its npm. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, it } from "vitest";
import { identifyProcess, isRunning } from "../../scripts/processes.mjs";

const ROOT = join(import.meta.dirname, "../..");
const LIMIT_MS = 300_000;
const POLL_MS = 100;
/** A proxy that leads nowhere, for all of Node's requests. Node 20 has no such setting. */
const PROXY = {
  NODE_USE_ENV_PROXY: "1",
  HTTP_PROXY: "http://127.0.0.1:9",
  http_proxy: "http://127.0.0.1:9",
  NO_PROXY: "",
  no_proxy: "",
};

const state = mkdtempSync(join(tmpdir(), "start-"));
const started: Npm[] = [];

type Npm = { child: ChildProcess; exited: Promise<unknown>; said(): string };

/** Runs an npm script with the state of this test; it leads a process group of its own. */
function npm(script: string, variables: Record<string, string> = {}): Npm {
  const { VITEST: _, ...inherited } = process.env;
  const child = spawn("npm", ["run", script], {
    cwd: ROOT,
    detached: true,
    env: { ...inherited, ...PROXY, STATE_DIR: state, ...variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
  }
  const run = { child, exited: once(child, "close"), said: () => said };
  started.push(run);
  return run;
}

afterAll(async () => {
  for (const { child } of started) for (const pid of descendants(child.pid)) endNow(pid);
  rmSync(state, { recursive: true, force: true, maxRetries: 5 });
});

function endNow(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

/** A process and all that it started, by pid. */
function descendants(root: number | undefined): number[] {
  const rows = execFileSync("ps", ["-eo", "pid=,ppid="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number));
  const found = [root ?? 0];
  for (const pid of found) found.push(...rows.flatMap(([own = 0, of]) => (of === pid ? own : [])));
  return found;
}

async function until(ask: () => boolean | Promise<boolean>, what: () => string): Promise<void> {
  const deadline = Date.now() + LIMIT_MS;
  while (!(await ask())) {
    if (Date.now() > deadline) throw new Error(what());
    await sleep(POLL_MS);
  }
}

/** Runs npm start until it has printed its demo key. */
async function startServer(port: number): Promise<Npm> {
  const run = npm("start", { PORT: String(port) });
  let hasEnded = false;
  run.exited.finally(() => {
    hasEnded = true;
  });
  await until(() => hasEnded || run.said().includes("demo api key"), run.said);
  if (hasEnded) throw new Error(run.said());
  return run;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}

async function choosePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  return typeof address === "object" && address ? address.port : 0;
}

const lockedBy = () =>
  JSON.parse(readFileSync(join(state, "server.lock"), "utf8")).processes[0].pid;

/** Ends only the npm process and waits until nothing of what it started is left. */
async function endNpm(run: Npm, signal: NodeJS.Signals, port: number): Promise<void> {
  const processes = descendants(run.child.pid).map(identifyProcess);
  expect(processes.length).toBeGreaterThan(2);
  run.child.kill(signal);
  await until(
    async () => !processes.some(isRunning) && (await isFree(port)),
    () => `still there after ${signal}: ${JSON.stringify(processes.filter(isRunning))}`,
  );
}

it(
  "npm start serves behind a proxy, refuses a second one on its state, is found by npm run listen, and ends when its npm is killed",
  async () => {
    const port = await choosePort();
    const base = `http://127.0.0.1:${port}`;
    const first = await startServer(port);

    const second = npm("start", { PORT: String(await choosePort()) });
    await second.exited;
    expect(second.child.exitCode).toBe(1);
    expect(second.said()).toContain(`process ${lockedBy()}, at ${base}, since 20`);
    expect((await fetch(`${base}/health`)).status).toBe(200);

    const listener = npm("listen", { PORT: "" });
    await until(() => listener.said().includes("Listening at"), listener.said);
    expect(listener.said()).toContain(`of ${base}, as endpoint`);
    await endNpm(listener, "SIGTERM", 0);

    await endNpm(first, "SIGKILL", port);
  },
  LIMIT_MS,
);

it.each(["SIGHUP", "SIGTERM"] as const)(
  "npm start takes over the state of one that was killed, and leaves no process when npm gets a %s",
  async (signal) => {
    const port = await choosePort();
    const server = await startServer(port);
    await endNpm(server, signal, port);
  },
  LIMIT_MS,
);
