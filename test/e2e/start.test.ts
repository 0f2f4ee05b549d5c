/** `npm start` as a user runs it: one server on a state directory, and none that outlives its npm. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { type Child, startChild } from "../../scripts/processes/child-process";
import { freePort } from "../../scripts/processes/free-port";
import { identifyProcess, isRunning } from "../../scripts/processes/identify";
import { until, untilSaid } from "../../scripts/processes/wait";

const ROOT = join(import.meta.dirname, "../..");
const LIMIT_MS = 300_000;
/** A proxy that leads nowhere, for all of Node's requests. Node 20 has no such setting. */
const PROXY = {
  NODE_USE_ENV_PROXY: "1",
  HTTP_PROXY: "http://127.0.0.1:9",
  http_proxy: "http://127.0.0.1:9",
  NO_PROXY: "",
  no_proxy: "",
};

const state = mkdtempSync(join(tmpdir(), "start-"));
const started: Child[] = [];

/** Runs an npm script with the state of this test. */
function npm(script: string, variables: Record<string, string> = {}): Child {
  const env = { VITEST: undefined, ...PROXY, STATE_DIR: state, ...variables };
  const child = startChild("npm", ["run", script], { cwd: ROOT, env });
  started.push(child);
  return child;
}

afterAll(async () => {
  for (const child of started) for (const pid of descendants(child.process.pid)) endNow(pid);
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

/** Runs npm start until it has printed its demo key. */
async function startServer(port: number): Promise<Child> {
  const server = npm("start", { PORT: String(port) });
  await untilSaid(server, /demo api key/, "npm start printed a key", LIMIT_MS);
  return server;
}

const isFree = (port: number) =>
  freePort(port).then(
    () => true,
    () => false,
  );

const lockedBy = () =>
  JSON.parse(readFileSync(join(state, "server.lock"), "utf8")).processes[0].pid;

/** Ends only the npm process and waits until nothing of what it started is left. */
async function endNpm(run: Child, signal: NodeJS.Signals, port: number): Promise<void> {
  const processes = descendants(run.process.pid).map(identifyProcess);
  expect(processes.length).toBeGreaterThan(2);
  run.process.kill(signal);
  const hasEnded = async () => !processes.some(isRunning) && (await isFree(port));
  await until(hasEnded, `no process of ${JSON.stringify(processes)} is left`, LIMIT_MS);
}

it(
  "npm start serves behind a proxy, refuses a second server on its state, is found by npm run listen, and ends when npm is killed",
  async () => {
    const port = await freePort();
    const base = `http://127.0.0.1:${port}`;
    const first = await startServer(port);

    const second = npm("start", { PORT: String(await freePort()) });
    expect(await second.closed).toBe(1);
    expect(second.said()).toContain(`process ${lockedBy()}, at ${base}, since 20`);
    expect((await fetch(`${base}/health`)).status).toBe(200);

    const listener = npm("listen", { PORT: "" });
    await untilSaid(listener, /Listening at/, "npm run listen listens", LIMIT_MS);
    expect(listener.said()).toContain(`of ${base}, as endpoint`);
    await endNpm(listener, "SIGTERM", 0);

    await endNpm(first, "SIGKILL", port);
  },
  LIMIT_MS,
);

it.each(["SIGHUP", "SIGTERM"] as const)(
  "npm start takes over the state of a server that was killed, and leaves no process when npm receives %s",
  async (signal) => {
    const port = await freePort();
    const server = await startServer(port);
    await endNpm(server, signal, port);
  },
  LIMIT_MS,
);
