// `npm start`: from a fresh clone to an API that answers, with a key to try it with.
import { createServer } from "node:net";
import { relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readDevVars } from "./local/dev-vars.ts";
import {
  apiPort,
  ensureDemo,
  ensureDevVars,
  HOST,
  migrate,
  STATE_DIR,
} from "./local/local-deployment.ts";
import { keepShardCounts, shardCountsFile, toWranglerVars } from "./local/shard-counts.ts";
import { type Lock, lockState } from "./local/state-lock.ts";
import { startWrangler } from "./local/wrangler.ts";
import { errorCode, errorMessage } from "./processes/errors.ts";

// A cold start takes under ten seconds on an idle machine, and over a minute on a slow, busy one.
const READY_LIMIT_MS = 180_000;
const READY_POLL_MS = 200;
const HEALTH_LIMIT_MS = 5_000;

const PORT_PROBLEMS: Record<string, string> = {
  EADDRINUSE: "is already in use; stop what is listening there, or choose another with PORT=9000",
  EACCES: "is not open to this user; choose one above 1023 with PORT=9000",
};

function checkPortIsFree(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error) => {
      const problem = PORT_PROBLEMS[errorCode(error)] ?? `cannot be used: ${error.message}`;
      reject(new Error(`Port ${port} ${problem}.`));
    });
    probe.listen(port, HOST, () => probe.close(() => resolve()));
  });
}

async function askHealth(base: string): Promise<number | "nothing"> {
  try {
    const signal = AbortSignal.timeout(HEALTH_LIMIT_MS);
    const response = await fetch(`${base}/health`, { signal });
    await response.body?.cancel();
    return response.status;
  } catch {
    return "nothing";
  }
}

async function waitUntilHealthy(base: string): Promise<void> {
  const deadline = Date.now() + READY_LIMIT_MS;
  for (;;) {
    const answer = await askHealth(base);
    if (answer === 200) return;
    if (Date.now() > deadline) {
      const limit_s = READY_LIMIT_MS / 1000;
      throw new Error(`${base}/health did not answer 200 within ${limit_s} s, but ${answer}.`);
    }
    await sleep(READY_POLL_MS);
  }
}

function welcome(base: string, key: string): string {
  // Stripe charges a payment method; this one is a test token.
  const isStripe = readDevVars().PROCESSOR === "stripe";
  const method = isStripe ? ',"payment_method":"pm_card_visa"' : "";
  return `
The payment API is running. Ctrl-C stops it; what it stored stays.

console:      ${base}/console (sign in with the demo api key, or with the admin token)
docs:         ${base}/docs
admin token:  ADMIN_TOKEN in .dev.vars
demo api key: ${key}

Paste this line into another terminal for the tour in docs/tour.md, or for a first transaction:

export BASE=${base} KEY=${key}

curl -s $BASE/api/v1/transactions -H "Authorization: Bearer $KEY" \\
  -H "Idempotency-Key: order-$(date +%s)" -H "Content-Type: application/json" \\
  -d '{"user_id":"user_123","amount":100.50,"currency":"USD"${method}}'
`;
}

async function open(base: string): Promise<void> {
  await waitUntilHealthy(base);
  const { key } = await ensureDemo(base);
  console.log(welcome(base, key));
}

/** Serves until wrangler ends or this process gets a signal; returns wrangler's exit code. */
async function serve(base: string, port: number, vars: string[], lock: Lock): Promise<number> {
  const at = ["--ip", HOST, "--port", String(port)];
  const args = ["dev", ...at, ...vars, "--persist-to", STATE_DIR];
  const wrangler = startWrangler(args, "inherit");
  if (wrangler.process.pid !== undefined) lock.add(wrangler.process.pid);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, wrangler.stop);
  try {
    const opened = open(base);
    return await Promise.race([wrangler.exited, opened.then(() => wrangler.exited)]);
  } finally {
    await wrangler.stop();
  }
}

// Only under npm: a server started from a shell may well outlive that shell.
if (process.env.npm_lifecycle_event) await import("./processes/lifeline.ts");

/** The shard counts of the state, as arguments of wrangler. Says which, when they are not those of wrangler.toml. */
function chooseShards(): string[] {
  const devVars = readDevVars();
  const vars = toWranglerVars(keepShardCounts(STATE_DIR, devVars), devVars);
  const counts = vars.filter((arg) => arg !== "--var").map((count) => count.replace(":", "="));
  if (counts.length > 0) {
    const file = relative(process.cwd(), shardCountsFile(STATE_DIR));
    const reason = "all shards share a thread on one machine, where more are slower";
    console.log(`Using ${counts.join(" and ")} (${file}): ${reason}.`);
  }
  return vars;
}

/** Everything from the free port to the end of the server; no other process uses the state meanwhile. */
async function run(): Promise<number> {
  const port = apiPort();
  const base = `http://${HOST}:${port}`;
  const lock = await lockState(STATE_DIR, base);
  process.once("exit", lock.release);
  await checkPortIsFree(port);
  ensureDevVars();
  const vars = chooseShards();
  await migrate();
  return serve(base, port, vars, lock);
}

try {
  process.exit(await run());
} catch (error) {
  console.error(errorMessage(error));
  process.exit(1);
}
