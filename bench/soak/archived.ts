// `npm run bench:archived`: payments that are archived while others are made. It shows whether archiving delays payments, how
// fast it is, how many bytes are left of a payment and how many it takes in R2, and finds a sample of the payments again.
import { execFile } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { ROOT } from "../../scripts/install.mjs";
import { CASES, newContext, PATH } from "../cases.ts";
import { Connection, type Observer } from "../connection.ts";
import { buildWorker, HOME, newRunFolder, startFresh } from "../fresh-server.ts";
import { ms, printTable, whole } from "../report.ts";
import { type Paced, quantile, runPaced } from "./paced.ts";

const { values } = parseArgs({
  options: {
    payments: { type: "string", default: "300000" },
    // Made as fast as possible, and archived later, while others are made.
    backlog: { type: "string", default: "60000" },
    // Nothing is archived in this time.
    "hot-seconds": { type: "string", default: "5" },
    // How long payments are made at half the rate, while others are archived and while none are.
    seconds: { type: "string", default: "20" },
    sample: { type: "string", default: "3000" },
    case: { type: "string", default: "create+process" },
    connections: { type: "string", default: "32" },
    shards: { type: "string", default: "1" },
  },
});
const total = Number(values.payments);
const makePayment = values.case === "pay" ? CASES.pay : CASES["create+process"];
const hotMs = Number(values["hot-seconds"]) * 1_000;
const DAY_MS = 86_400_000;
const MS = 1_000;
const LOOK_MS = 500;
/** Until what runs often is compiled, and the first passes have begun. */
const WARM_MS = 8_000;
/** Archiving that makes no progress for so long has failed. */
const STUCK_MS = 60_000;

const home = newRunFolder();
const dir = join(home, "server");
const errors: string[] = [];
const { key, adminToken, ...first } = await startFresh({
  build: await buildWorker(home),
  dir,
  log: join(HOME, "archived.log"),
  shards: Number(values.shards),
  mode: "miniflare", // R2 is part of it.
  vars: { HOT_DAYS: "0", METRICS_TOKEN: "bench" },
});
const context = newContext({ key, run: "archived" });
let server = first.server;
let connections = connect();

// 1. As fast as possible, without an archive.
const burstPerS = await makePayments(Number(values.backlog));
console.error(`${context.made} payments, ${whole(burstPerS)} a second`);
// 2. At half that rate, on a server that was just started, as the one that archives.
const pace = burstPerS / 2;
const quiet = await measureQuiet();
// 3. The same while all that was made until now is archived.
const { busy, archivedPerS, madePerS } = await measureBusy();
// 4. The rest, and everything is archived.
await makePayments(total - context.made);
const made = context.made;
await waitUntilArchived(made);
const shardBytes = sum(await readMetric("payments_shard_bytes"));
const again = await findAgain(Number(values.sample));
const verified = await verify();
await disconnect();
await server.end();

printTable(
  `${whole(made)} payments, TRANSACTION_SHARDS=${values.shards}, ${values.case} at ${whole(pace)} a second`,
  ["while", "p50 ms", "p99 ms", "cores"],
  [
    ["nothing is archived", ms(quiet.p50), ms(quiet.p99), quiet.cores.toFixed(2)],
    ["others are archived", ms(busy.p50), ms(busy.p99), busy.cores.toFixed(2)],
  ],
);
console.log(`
p99: ${(busy.p99 / quiet.p99).toFixed(2)} times. Archived ${whole(archivedPerS)} a second while ${whole(madePerS)} were made: ${(archivedPerS / madePerS).toFixed(1)} times.
Bytes a payment: ${whole(shardBytes / made)} left in the shards, ${(bucketBytes() / made).toFixed(1)} in R2.
Found again: ${again.found} of ${again.asked} by id and by key, p50 ${ms(again.p50)} ms.
${verified}`);
for (const text of errors.slice(0, 10)) console.error(text);
const isWhole = errors.length === 0 && again.found === again.asked;
process.exit(isWhole ? 0 : 1);

async function measureQuiet() {
  await restart("0");
  await makePaced(pace, WARM_MS);
  return makePaced(pace, Number(values.seconds) * MS);
}

async function measureBusy() {
  await restart((hotMs / DAY_MS).toFixed(8));
  await makePaced(pace, WARM_MS + hotMs);
  const from = { archived: await readArchived(), made: context.made, at: performance.now() };
  const busy = await makePaced(pace, Number(values.seconds) * MS);
  const seconds = (performance.now() - from.at) / MS;
  const archived = await readArchived();
  if (archived > Number(values.backlog)) errors.push("the backlog was too small for the rate");
  const madePerS = (context.made - from.made) / seconds;
  return { busy, archivedPerS: (archived - from.archived) / seconds, madePerS };
}

async function restart(hotDays: string): Promise<void> {
  await disconnect();
  await server.end();
  server = await first.startAgain({ HOT_DAYS: hotDays });
  connections = connect();
}

function connect(): Connection[] {
  return Array.from({ length: Number(values.connections) }, () => new Connection(server.origin));
}

async function disconnect(): Promise<void> {
  await Promise.all(connections.map((connection) => connection.close()));
}

/** Makes payments on all connections. @returns how many a second */
async function makePayments(count: number): Promise<number> {
  const startedAt = performance.now();
  const end = context.made + count;
  const next = () => (context.made < end && errors.length < 10 ? makePayment(context) : undefined);
  await Promise.all(connections.map((connection) => connection.run(next, observerOf([]))));
  return (count * MS) / (performance.now() - startedAt);
}

/** Makes payments at a rate, for some time. */
function makePaced(perS: number, forMs: number): Promise<Paced> {
  const observer = observerOf([]);
  const pids = server.pids.slice(0, 1);
  return runPaced({ connections, next: () => makePayment(context), observer, pids }, perS, forMs);
}

function observerOf(times: number[]): Observer {
  return {
    request() {},
    unit: (time) => times.push(time),
    error: (text) => errors.push(text),
  };
}

async function waitUntilArchived(count: number): Promise<void> {
  let archived = await readArchived();
  let changedAt = performance.now();
  while (archived < count && performance.now() - changedAt < STUCK_MS + hotMs) {
    await pause(LOOK_MS);
    const now = await readArchived();
    if (now > archived) changedAt = performance.now();
    archived = now;
  }
  // So that what went wrong is seen also when the rest fails.
  if (archived < count) console.error(`archived are ${archived} of ${count}`);
  if (archived < count) errors.push(`archived are ${archived} of ${count}`);
}

async function readArchived(): Promise<number> {
  return sum(await readMetric("payments_archived_total"));
}

async function readMetric(name: string): Promise<number[]> {
  const response = await fetch(`${server.origin}/metrics`, {
    headers: { authorization: "Bearer bench" },
  });
  const lines = (await response.text()).split("\n").filter((line) => line.startsWith(`${name}{`));
  return lines.map((line) => Number(line.split(" ").at(-1)));
}

/** Reads random payments by their key, and then by their id. */
async function findAgain(asked: number) {
  const headers = { authorization: `Bearer ${key}` };
  const times: number[] = [];
  let found = 0;
  for (let at = 0; at < asked; at++) {
    const own = `bench-archived-${1 + Math.floor(Math.random() * context.made)}`;
    const startedAt = performance.now();
    const byKey = await fetch(`${server.origin}/api/v1/idempotency-keys/${own}`, { headers });
    times.push(performance.now() - startedAt);
    const text = await byKey.text();
    const { id, idempotency_key, status } = JSON.parse(text) as Record<string, string>;
    const byId = await (await fetch(`${server.origin}${PATH}/${id}`, { headers })).text();
    if (idempotency_key === own && status === "completed" && byId === text) found += 1;
  }
  return { asked, found, p50: quantile(times, 0.5) };
}

/** What `npm run archive -- verify` prints. */
async function verify(): Promise<string> {
  const script = join(ROOT, "scripts/archive/archive.ts");
  const env = { ...process.env, ADMIN_TOKEN: adminToken };
  const run = promisify(execFile);
  try {
    return (await run(process.execPath, [script, "verify", "--url", server.origin], { env }))
      .stdout;
  } catch (error) {
    errors.push("the archive could not be verified");
    return String((error as { stdout?: string }).stdout);
  }
}

/** What the bucket's objects have together, without the files of its own database. */
function bucketBytes(): number {
  const folder = join(dir, "state", "r2");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.includes("blobs"))
    .map((name) => statSync(join(folder, name)))
    .reduce((bytes, stat) => bytes + (stat.isFile() ? stat.size : 0), 0);
}

function sum(numbers: number[]): number {
  return numbers.reduce((all, number) => all + number, 0);
}

function pause(timeMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, timeMs));
}
