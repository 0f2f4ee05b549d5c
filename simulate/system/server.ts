// The system under test: the Worker run by wrangler as `npm start` does it, with a state folder,
// secrets and settings of its own. It can be killed and started again on the same state.
import { randomBytes } from "node:crypto";
import { openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HOST, migrate } from "../../scripts/local/local-deployment.ts";
import { startWrangler } from "../../scripts/local/wrangler.ts";
import type { Child } from "../../scripts/processes/child-process.ts";
import { freePort } from "../../scripts/processes/free-port.ts";
import { until } from "../../scripts/processes/wait.ts";
import { ACTION_WINDOW_S, CAPTURE_WINDOW_S, RULES } from "../plan/expectation.ts";
import { within } from "../within.ts";

export type SimulatedServer = {
  start(): Promise<void>;
  kill(): Promise<void>;
  stop(): Promise<void>;
  /** Where it is: at another port after each start. */
  address(): string;
  ADMIN_TOKEN: string;
  METRICS_TOKEN: string;
  /** The file with its output. */
  log: string;
};

const START_LIMIT_MS = 60_000;
const HEALTH_LIMIT_MS = 5_000;
const TOKEN_BYTES = 32;
const OWNER_ONLY = 0o600;

/** Over those in wrangler.toml. Add here what must not stand in the simulation's way. */
const SETTINGS = {
  // Locally all objects share one thread and each commits separately: fewer of them have a higher throughput.
  TRANSACTION_SHARDS: "4",
  VELOCITY_SHARDS: "2",
  // Traffic is to come as fast as it goes; how it is limited is tested elsewhere.
  RATE_LIMIT_REQUESTS: "0",
  ALLOW_INSECURE_WEBHOOKS: "true",
  FRAUD_THRESHOLD: String(RULES.threshold),
  MAX_DAILY_TRANSACTIONS: String(RULES.daily),
  FRAUD_BLOCK_SCORE: String(RULES.block_score),
  PROCESSOR: "http",
  PROCESSOR_OPERATIONS: "authorize,capture,void,refund,find",
  // A second is what a slow answer takes; the rest is room for a busy machine.
  PROCESSOR_TIMEOUT_MS: "5000",
  ACTION_WINDOW_S: String(ACTION_WINDOW_S),
  CAPTURE_WINDOW_S: String(CAPTURE_WINDOW_S),
  KAFKA_REST_DIALECT: "upstash",
  KAFKA_TIMEOUT_MS: "3000",
  LOG_LEVEL: "warn",
};

const token = () => randomBytes(TOKEN_BYTES).toString("base64url");

/** A server that has not been started yet, with its state in the folder `state`. */
export async function prepareServer(
  state: string,
  variables: Record<string, string>,
): Promise<SimulatedServer> {
  await migrate(state);
  const secrets = { ADMIN_TOKEN: token(), METRICS_TOKEN: token() };
  const settings = { ...SETTINGS, ...variables, ...secrets };
  const file = join(state, "settings.env");
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  // Given a file, wrangler leaves .dev.vars alone, and what is set there for npm start.
  writeFileSync(file, lines.join(""), { mode: OWNER_ONLY });
  const log = join(state, "server.log");
  const output = openSync(log, "a", OWNER_ONLY);
  let base = "";
  let wrangler: Child | null = null;

  async function start(): Promise<void> {
    // Another one each time: one's own connections may have been given the old port meanwhile.
    const port = await freePort();
    base = `http://${HOST}:${port}`;
    const at = ["--ip", HOST, "--port", String(port), "--persist-to", state];
    wrangler = startWrangler(["dev", ...at, "--env-file", file], output);
    const health = (signal: AbortSignal) => fetch(`${base}/health`, { signal });
    const isUp = async () => (await within(HEALTH_LIMIT_MS, health)).ok;
    const what = `the server answered; its output is in ${log}`;
    await until(isUp, what, START_LIMIT_MS, wrangler);
  }

  const kill = async () => wrangler?.kill();
  const stop = async () => wrangler?.stop();
  return { start, kill, stop, address: () => base, ...secrets, log };
}
