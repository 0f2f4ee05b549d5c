// `npm run bench:growth`: how many bytes a payment (create + process, the smallest) takes in each database, how much CPU
// time of D1's process, and whether payments are slower when many are stored.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { parseArgs } from "node:util";
import { CASES, newContext } from "../cases.ts";
import { Connection, type Observer } from "../connection.ts";
import { buildWorker, HOME, newRunFolder, startFresh } from "../fresh-server.ts";
import { pageBytes } from "../page-bytes.ts";
import { printTable, whole } from "../report.ts";
import { cpuMs } from "../server.ts";

const { values } = parseArgs({
  options: {
    payments: { type: "string", default: "1000000" },
    // The rates at the begin and at the end are those of so many payments each.
    window: { type: "string", default: "10000" },
    connections: { type: "string", default: "32" },
    shards: { type: "string", default: "1" },
  },
});
const total = Number(values.payments);
const window = Number(values.window);

/** The folders of databases below the server's, by what they hold. */
const FOLDERS: Record<string, string> = {
  "transaction shards": "objects/TransactionShard",
  "velocity shards": "objects/VelocityShard",
  dispatchers: "objects/WebhookDispatcher",
  "quota keepers": "objects/QuotaKeeper",
  D1: "databases",
};

const home = newRunFolder();
const dir = join(home, "server");
const { server, key } = await startFresh({
  build: await buildWorker(home),
  dir,
  log: join(HOME, "growth.log"),
  shards: Number(values.shards),
});
/** With mode `workerd` D1 is the second of two processes; otherwise its time is not known. */
const d1Pids = server.pids.slice(1);
const d1CpuMs = cpuMs(d1Pids);
const errors: string[] = [];
let paid = 0;
const begunAt = performance.now();
const marks = new Map<number, number>();
const observer: Observer = {
  request() {},
  unit() {
    paid += 1;
    marks.set(paid, performance.now() - begunAt);
    if (paid % (10 * window) === 0) console.error(`${paid} payments`);
  },
  error: (text) => errors.push(text),
};
const context = newContext({ key, run: "growth" });
const next = () =>
  context.made < total && errors.length === 0 ? CASES["create+process"](context) : undefined;
const open = Array.from(
  { length: Number(values.connections) },
  () => new Connection(server.origin),
);
await Promise.all(open.map((connection) => connection.run(next, observer)));
await Promise.all(open.map((connection) => connection.close()));
// A list brings D1 up to date.
const list = `${server.origin}/api/v1/transactions?limit=1`;
const listed = await fetch(list, { headers: { authorization: `Bearer ${key}` } });
if (!listed.ok) errors.push(`the list: ${listed.status}`);
await listed.body?.cancel();
const d1SpentMs = (cpuMs(d1Pids) ?? Number.NaN) - (d1CpuMs ?? 0);
await server.end();

const rateOf = (from: number, to: number) =>
  ((to - from) * 1_000) / ((marks.get(to) ?? 0) - (marks.get(from) ?? 0));
printTable(
  `${whole(paid)} payments, TRANSACTION_SHARDS=${values.shards}, ${values.connections} connections`,
  ["database", "bytes", "bytes a payment"],
  Object.entries(FOLDERS).map(([name, folder]) => {
    const bytes = bytesIn(join(dir, folder));
    return [name, whole(bytes), whole(bytes / paid)];
  }),
);
// The first payments fill caches and are compiled meanwhile.
const [early, late] = [rateOf(window, 2 * window), rateOf(paid - window, paid)];
console.log(
  `\nPayments a second: ${whole(early)} after ${window}, ${whole(late)} before ${paid}: ${(late / early).toFixed(2)} times.`,
);
if (!Number.isNaN(d1SpentMs)) {
  console.log(`CPU time of D1's process: ${(d1SpentMs / paid).toFixed(3)} ms a payment.`);
}
for (const text of errors) console.error(text);
process.exit(errors.length === 0 ? 0 : 1);

/** In all databases below a folder. */
function bytesIn(folder: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return files
    .filter((name) => name.endsWith(".sqlite"))
    .reduce((sum, name) => {
      const database = new DatabaseSync(join(folder, name));
      const bytes = pageBytes(database);
      database.close();
      return sum + bytes;
    }, 0);
}
