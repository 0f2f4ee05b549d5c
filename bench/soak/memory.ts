// `npm run bench:memory`: the server's memory over a long run of payments. Fails when it keeps growing after the start.
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { CASES, newContext } from "../cases.ts";
import { Connection, type Observer } from "../connection.ts";
import { buildWorker, HOME, newRunFolder, startFresh } from "../fresh-server.ts";
import { printTable, whole } from "../report.ts";
import { growthPer100k, isFlat } from "./growth.ts";
import { type ProcessMemory, readMemory } from "./process-memory.ts";

type Sample = ProcessMemory & { payments: number; a_second: number };

const { values } = parseArgs({
  options: {
    payments: { type: "string", default: "300000" },
    every: { type: "string", default: "10000" },
    // Caches of a bounded size are full by then.
    "flat-after": { type: "string", default: "50000" },
    connections: { type: "string", default: "32" },
    shards: { type: "string", default: "1" },
  },
});
const total = Number(values.payments);
const every = Number(values.every);
const flatAfter = Number(values["flat-after"]);

const dir = newRunFolder();
const log = join(HOME, "memory.log");
const { server, key } = await startFresh({
  build: await buildWorker(dir),
  dir: join(dir, "server"),
  log,
  shards: Number(values.shards),
});
const samples: Sample[] = [];
const errors: string[] = [];
let paid = 0;
let sampledAt = performance.now();
sample();

const observer: Observer = {
  request() {},
  unit() {
    paid += 1;
    if (paid % every === 0) sample();
  },
  error: (text) => errors.push(text),
};
const context = newContext({ key, run: "memory" });
const next = () =>
  context.made < total && errors.length === 0 ? CASES["create+process"](context) : undefined;
const open = Array.from(
  { length: Number(values.connections) },
  () => new Connection(server.origin),
);
await Promise.all(open.map((connection) => connection.run(next, observer)));
await Promise.all(open.map((connection) => connection.close()));
await server.end();

printTable(
  `TRANSACTION_SHARDS=${values.shards}, ${values.connections} connections, log in ${relative(process.cwd(), log)}; MB`,
  ["payments", "resident", "anonymous", "file", "payments a second"],
  samples.map(({ payments, rss, anonymous, file, a_second }) =>
    [payments, rss, anonymous, file, a_second].map(whole),
  ),
);
const later = samples.filter(({ payments }) => payments >= flatAfter);
const points = later.map(({ payments, rss }) => ({ payments, mb: rss }));
console.log(
  `\nAfter ${flatAfter} payments: ${growthPer100k(points).toFixed(1)} MB more for each 100,000, from ${whole(later[0]?.rss ?? Number.NaN)} MB.`,
);
for (const text of errors) console.error(text);
const flat = isFlat(points);
console.log(flat ? "It is flat." : "It grows.");
process.exit(errors.length === 0 && flat ? 0 : 1);

function sample(): void {
  const memory = readMemory(server.pids[0]);
  const now = performance.now();
  const a_second = paid === 0 ? 0 : (every * 1_000) / (now - sampledAt);
  sampledAt = now;
  if (memory === null) throw new Error("this machine has no /proc to read memory from");
  samples.push({ ...memory, payments: paid, a_second });
  console.error(`${paid} payments: ${whole(memory.rss)} MB, ${whole(a_second)}/s`);
}
