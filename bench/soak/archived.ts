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

const { values } = parseArgs({
  options: {
    payments: { type: "string", default: "300000" },
    // Made as fast as possible before the others: there is something to archive while those are made.
    backlog: { type: "string", default: "60000" },
    // Nothing is archived in this time.
    "hot-seconds": { type: "string", default: "120" },
    // How long payments are made at half the rate while others are archived.
    seconds: { type: "string", default: "40" },
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
const PACE_MS = 5;
const LOOK_MS = 500;
/** Archiving that makes no progress for so long has failed. */
const STUCK_MS = 60_000;

const home = newRunFolder();
const dir = join(home, "server");
const { server, key, adminToken } = await startFresh({
  build: await buildWorker(home),
  dir,
  log: join(HOME, "archived.log"),
  shards: Number(values.shards),
  mode: "miniflare", // R2 is part of it.
  vars: { HOT_DAYS: (hotMs / DAY_MS).toFixed(8), METRICS_TOKEN: "bench" },
});
const errors: string[] = [];
const context = newContext({ key, run: "archived" });
const connections = Array.from(
  { length: Number(values.connections) },
  () => new Connection(server.origin),
);
const begunAt = performance.now();
const elapsed = () => performance.now() - begunAt;

// 1. As fast as possible.
const burstPerS = await makePayments(Number(values.backlog));
console.error(`${context.made} payments, ${whole(burstPerS)} a second`);
// 2. At half that rate, before anything is old enough.
const pace = burstPerS / 2;
const quiet = await makePaced(pace, Math.max(5_000, hotMs - elapsed() - 2_000));
const archivedBefore = await readArchived();
// 3. The same while the backlog is archived.
await makePaced(pace, Math.max(0, hotMs - elapsed() + 3_000));
const from = { archived: await readArchived(), made: context.made, at: performance.now() };
const busy = await makePaced(pace, Number(values.seconds) * MS);
const seconds = (performance.now() - from.at) / MS;
const archivedPerS = ((await readArchived()) - from.archived) / seconds;
const madePerS = (context.made - from.made) / seconds;
// 4. The rest, and everything is archived.
await makePayments(total - context.made);
const made = context.made;
await waitUntilArchived(made);
const shardBytes = sum(await readMetric("payments_shard_bytes"));
const again = await findAgain(Number(values.sample));
const verified = await verify();
await Promise.all(connections.map((connection) => connection.close()));
await server.end();

printTable(
  `${whole(made)} payments, TRANSACTION_SHARDS=${values.shards}, at ${whole(pace)} a second`,
  ["while", "p50 ms", "p99 ms"],
  [
    ["nothing is archived", ms(quiet.p50), ms(quiet.p99)],
    ["others are archived", ms(busy.p50), ms(busy.p99)],
  ],
);
console.log(`
p99: ${(busy.p99 / quiet.p99).toFixed(2)} times. Archived ${whole(archivedPerS)} a second while ${whole(madePerS)} were made: ${(archivedPerS / madePerS).toFixed(1)} times.
Bytes a payment: ${whole(shardBytes / made)} left in the shards, ${(bucketBytes() / made).toFixed(1)} in R2.
Found again: ${again.found} of ${again.asked} by id and by key, p50 ${ms(again.p50)} ms.
${verified}`);
for (const text of errors.slice(0, 10)) console.error(text);
const isWhole = errors.length === 0 && again.found === again.asked && archivedBefore === 0;
process.exit(isWhole ? 0 : 1);

/** Makes payments on all connections. @returns how many a second */
async function makePayments(count: number): Promise<number> {
  const startedAt = performance.now();
  const end = context.made + count;
  const next = () => (context.made < end && errors.length < 10 ? makePayment(context) : undefined);
  await Promise.all(connections.map((connection) => connection.run(next, observerOf([]))));
  return (count * MS) / (performance.now() - startedAt);
}

/** Makes payments at a rate, whatever their responses take. @returns the times from when each was due */
async function makePaced(perS: number, forMs: number): Promise<{ p50: number; p99: number }> {
  const times: number[] = [];
  const idle = [...connections];
  const startedAt = performance.now();
  let sent = 0;
  while (performance.now() - startedAt < forMs) {
    const due = ((performance.now() - startedAt) * perS) / MS;
    for (let connection = idle.pop(); connection; connection = idle.pop()) {
      if (sent >= due) {
        idle.push(connection);
        break;
      }
      const own = connection;
      const dueAt = startedAt + (sent * MS) / perS;
      sent += 1;
      let left = 1;
      const next = () => (left-- > 0 ? makePayment(context) : undefined);
      void own.run(next, observerOf([])).then(() => {
        times.push(performance.now() - dueAt);
        idle.push(own);
      });
    }
    await pause(PACE_MS);
  }
  while (idle.length < connections.length) await pause(PACE_MS);
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
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

function quantile(times: number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
}

function sum(numbers: number[]): number {
  return numbers.reduce((all, number) => all + number, 0);
}

function pause(timeMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, timeMs));
}
