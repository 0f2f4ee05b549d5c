// The process that holds the peer: PostgreSQL, Redis and its server, which end with it. `node host.ts DIR PROCESSES`.
// It reports the address to ask, and must not know what will be asked.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { freePort } from "../../scripts/processes/free-port.ts";
import { until } from "../../scripts/processes/wait.ts";
import type { HostReady } from "../messages.ts";
import { type Service, startPostgres, startRedis } from "./services.ts";

const START_LIMIT_MS = 60_000;
/** What has not ended by then is killed. */
const END_LIMIT_MS = 8_000;
/** Far above what a run makes, as for the Worker. */
const LIMIT_OUT_OF_THE_WAY = "1000000000";
const [dir = "", processes = "1"] = process.argv.slice(2);

/** With the signal that ends each without waiting for its clients. */
const running: { child: Service["child"]; signal: NodeJS.Signals }[] = [];
let isEnding = false;

process.on("SIGTERM", () => end(0));
process.on("disconnect", () => end(0)); // The parent has ended, for whatever reason.

const postgres = await startPostgres(dir);
hold(postgres.child, "SIGINT");
const redis = await startRedis(dir);
hold(redis.child, "SIGTERM");
const port = await freePort();
const server = spawn(process.execPath, [join(import.meta.dirname, "server.ts")], {
  stdio: ["ignore", "inherit", "inherit", "ipc"],
  env: {
    ...process.env,
    NODE_ENV: "production",
    PORT: String(port),
    POSTGRES_PORT: String(postgres.port),
    REDIS_PORT: String(redis.port),
    PROCESSES: processes,
    MAX_DAILY_TRANSACTIONS: LIMIT_OUT_OF_THE_WAY,
  },
});
hold(server, "SIGKILL");
const origin = `http://127.0.0.1:${port}`;
const isUp = async () => (await fetch(`${origin}/health`)).ok;
await until(isUp, "the peer listened", START_LIMIT_MS);
const children = [server, postgres.child, redis.child];
const ready: HostReady = { kind: "ready", origin, pids: children.flatMap(({ pid }) => pid ?? []) };
process.send?.(ready);

/** None of them is of use without the others: when one ends, all end. */
function hold(child: Service["child"], signal: NodeJS.Signals): void {
  running.push({ child, signal });
  child.on("error", (error) => console.error(error.message));
  child.on("exit", () => {
    running.splice(0, running.length, ...running.filter((one) => one.child !== child));
    end(1);
  });
}

/** Ends everything; the process group is killed when that takes too long. */
function end(code: number): void {
  if (!isEnding) {
    isEnding = true;
    process.exitCode = code;
    for (const { child, signal } of running) child.kill(signal);
    setTimeout(() => process.kill(-process.pid, "SIGKILL"), END_LIMIT_MS);
  }
  if (running.length === 0) process.exit();
}
