// The system under test: the Worker run by wrangler as `npm start` does it, with a state folder,
// secrets and settings of its own. It can be killed and started again on the same state.
import { randomBytes } from "node:crypto";
import { openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HOST, migrate, STATE_DIR } from "../local/local-deployment.ts";
import { startWrangler } from "../local/wrangler.ts";
import { freePort } from "../processes/free-port.ts";
import { until } from "../processes/wait.ts";
import { RULES } from "./expectation.mjs";
import { within } from "./within.mjs";

const START_LIMIT_MS = 60_000;
const HEALTH_LIMIT_MS = 5_000;
const TOKEN_BYTES = 32;
const OWNER_ONLY = 0o600;

/** Over those in wrangler.toml. Add here what must not stand in the simulation's way. */
const SETTINGS = {
  // Locally all objects share one thread and each commits by itself: fewer of them get more done.
  TRANSACTION_SHARDS: "4",
  VELOCITY_SHARDS: "2",
  // Traffic is to come as fast as it goes; how it is limited is tested elsewhere.
  RATE_LIMIT_REQUESTS: "0",
  ALLOW_INSECURE_WEBHOOKS: "true",
  FRAUD_THRESHOLD: String(RULES.threshold),
  MAX_DAILY_TRANSACTIONS: String(RULES.daily),
  FRAUD_BLOCK_SCORE: String(RULES.block_score),
  PROCESSOR: "sandbox",
  // A second is what the sandbox's slow outcome takes; the rest is room for a busy machine.
  PROCESSOR_TIMEOUT_MS: "5000",
  KAFKA_REST_DIALECT: "upstash",
  KAFKA_TIMEOUT_MS: "3000",
  LOG_LEVEL: "warn",
};

const token = () => randomBytes(TOKEN_BYTES).toString("base64url");

/**
 * A server that has not been started yet. `address()` is where it is, another port after each start; its output
 * goes to `log`. `kill()` ends the whole process group with SIGKILL.
 */
export async function prepareServer(variables) {
  await migrate();
  const secrets = { ADMIN_TOKEN: token(), METRICS_TOKEN: token() };
  const settings = { ...SETTINGS, ...variables, ...secrets };
  const file = join(STATE_DIR, "settings.env");
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  // Given a file, wrangler leaves .dev.vars alone, and what is set there for npm start.
  writeFileSync(file, lines.join(""), { mode: OWNER_ONLY });
  const log = join(STATE_DIR, "server.log");
  const output = openSync(log, "a", OWNER_ONLY);
  let base = "";
  let wrangler = null;
  let hasEnded = false;

  async function start() {
    // Another one each time: one's own connections may have been given the old port meanwhile.
    const port = await freePort();
    base = `http://${HOST}:${port}`;
    const at = ["--ip", HOST, "--port", String(port), "--persist-to", STATE_DIR];
    hasEnded = false;
    wrangler = startWrangler(["dev", ...at, "--env-file", file], output);
    wrangler.exited.finally(() => {
      hasEnded = true;
    });
    const health = (signal) => fetch(`${base}/health`, { signal });
    const isUp = async () => hasEnded || (await within(HEALTH_LIMIT_MS, health)).ok;
    await until(isUp, `the server answered; its output is in ${log}`, START_LIMIT_MS);
    if (hasEnded) throw new Error(`The server ended at its start; its output is in ${log}`);
  }

  async function kill() {
    wrangler.kill();
    await wrangler.exited;
  }

  return { start, kill, stop: () => wrangler?.stop(), address: () => base, ...secrets, log };
}
