// `npm run bench:growth`: how many bytes a payment (create + process, the smallest) takes in each database, how much CPU
// time of D1's process, and whether payments are slower when many are stored: two servers, one with many payments and one
// with few, take turns.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { parseArgs } from "node:util";
import { CASES, newContext } from "../cases.ts";
import { Connection, type Observer } from "../connection.ts";
import { buildWorker, type FreshServer, HOME, newRunFolder, startFresh } from "../fresh-server.ts";
import { pageBytes } from "../page-bytes.ts";
import { printTable, whole } from "../report.ts";
import { cpuMs } from "../server.ts";

const { values } = parseArgs({
  options: {
    payments: { type: "string", default: "1000000" },
    // Payments of the other server.
    few: { type: "string", default: "10000" },
    turns: { type: "string", default: "9" },
    // Payments of a turn.
    turn: { type: "string", default: "3000" },
    // So many that few of them are seen twice: nothing about a payment differs between the servers.
    customers: { type: "string", default: "1000000" },
    connections: { type: "string", default: "32" },
    shards: { type: "string", default: "1" },
  },
});
const total = Number(values.payments);
const few = Number(values.few);
const turns = Number(values.turns);
const turn = Number(values.turn);

/** The folders of databases below the server's, by what they hold. */
const FOLDERS: Record<string, string> = {
  "transaction shards": "objects/TransactionShard",
  "velocity shards": "objects/VelocityShard",
  dispatchers: "objects/WebhookDispatcher",
  "quota keepers": "objects/QuotaKeeper",
  D1: "databases",
};
const PROGRESS_PAYMENTS = 100_000;

const home = newRunFolder();
const build = await buildWorker(home);
const errors: string[] = [];
const dirOf = (name: string) => join(home, name);

const many = await newShop("many");
const other = await newShop("few");
/** With mode `workerd` D1 is the second of two processes; otherwise its time is not known. */
const d1Pids = many.server.pids.slice(1);
const d1CpuMs = cpuMs(d1Pids);
await many.pay(total);
await many.bringD1UpToDate();
const d1SpentMs = (cpuMs(d1Pids) ?? Number.NaN) - (d1CpuMs ?? 0);
await other.pay(few);
await other.bringD1UpToDate();
const rates: [many: number, few: number][] = [];
for (let at = 0; at < turns && errors.length === 0; at += 1) {
  // Who begins changes, so that what slows the machine down meets both.
  const order = at % 2 === 0 ? [many, other] : [other, many];
  const ms = new Map<Shop, number>();
  for (const shop of order) ms.set(shop, await shop.pay(turn));
  const rateOf = (shop: Shop) => (turn * 1_000) / (ms.get(shop) ?? Number.NaN);
  rates.push([rateOf(many), rateOf(other)]);
}
await many.server.end();
await other.server.end();

const stored = total + turns * turn;
printTable(
  `${whole(stored)} payments, TRANSACTION_SHARDS=${values.shards}, ${values.connections} connections`,
  ["database", "bytes", "bytes a payment"],
  Object.entries(FOLDERS).map(([name, folder]) => {
    const bytes = bytesIn(join(dirOf("many"), folder));
    return [name, whole(bytes), whole(bytes / stored)];
  }),
);
printTable(
  `Payments a second, in ${turns} turns of ${whole(turn)} each`,
  [`${whole(total)} stored`, `${whole(few)} stored`, "times"],
  rates.map(([one, another]) => [whole(one), whole(another), (one / another).toFixed(2)]),
);
console.log(`\nMedian: ${median(rates.map(([one, another]) => one / another)).toFixed(2)} times.`);
if (!Number.isNaN(d1SpentMs)) {
  console.log(`CPU time of D1's process: ${(d1SpentMs / total).toFixed(3)} ms a payment.`);
}
for (const text of errors) console.error(text);
process.exit(errors.length === 0 ? 0 : 1);

type Shop = Awaited<ReturnType<typeof newShop>>;

/** A server with a merchant that is paid. */
async function newShop(name: string) {
  const log = join(HOME, `growth-${name}.log`);
  const { server, key }: FreshServer = await startFresh({
    build,
    dir: dirOf(name),
    log,
    shards: Number(values.shards),
  });
  const context = newContext({ key, run: "growth", customers: Number(values.customers) });
  let [end, paid] = [0, 0];
  const observer: Observer = {
    request() {},
    unit() {
      paid += 1;
      if (paid % PROGRESS_PAYMENTS === 0) console.error(`${paid} payments`);
    },
    error: (text) => errors.push(text),
  };
  const next = () =>
    context.made < end && errors.length === 0 ? CASES["create+process"](context) : undefined;
  return {
    server,
    /** Creates and charges payments. @returns how long it took in ms */
    async pay(count: number): Promise<number> {
      end = context.made + count;
      const open = Array.from(
        { length: Number(values.connections) },
        () => new Connection(server.origin),
      );
      const begunAt = performance.now();
      await Promise.all(open.map((connection) => connection.run(next, observer)));
      const ms = performance.now() - begunAt;
      await Promise.all(open.map((connection) => connection.close()));
      return ms;
    },
    /** A list does. */
    async bringD1UpToDate(): Promise<void> {
      const list = `${server.origin}/api/v1/transactions?limit=1`;
      const listed = await fetch(list, { headers: { authorization: `Bearer ${key}` } });
      if (!listed.ok) errors.push(`the list: ${listed.status}`);
      await listed.body?.cancel();
    },
  };
}

function median(numbers: number[]): number {
  const sorted = numbers.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

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
