// `npm run bench:neighbour`: how much longer a merchant's creates take while another merchant requests the
// most expensive backtest repeatedly. Windows with and without that neighbour take turns on one server.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Histogram, build as newHistogram } from "hdr-histogram-js";
import { buildWorker, HOME, newRunFolder, startFresh } from "./fresh-server.ts";
import { newKey } from "./server.ts";

const BACKTESTED = 1_000;
const SEEDING_CONNECTIONS = 8;
const METADATA = Object.fromEntries(range(8).map((at) => [`field_${at}`, "x".repeat(240)]));
/** 100 rules of five conditions, whose signals no payment has: each payment is decided three times. */
const RULES = range(100).map((rule) => ({
  id: `rule-${rule}`,
  points: 1,
  when: { any: range(4).map((part) => ({ velocity: signal(rule * 4 + part), above: 5 })) },
}));

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "10" },
    seconds: { type: "string", default: "4" },
    shards: { type: "string", default: "16" },
  },
});
const rounds = Number(values.rounds);
const windowMs = Number(values.seconds) * 1_000;

const dir = newRunFolder();
const {
  server,
  key: quiet,
  adminToken,
} = await startFresh({
  build: await buildWorker(dir),
  dir: join(dir, "server"),
  log: join(HOME, "neighbour.log"),
  shards: Number(values.shards),
  mode: "miniflare",
});
const origin = server.origin;
const noisy = await newKey(origin, adminToken);
let made = 0;
await Promise.all(
  range(SEEDING_CONNECTIONS).map(async () => {
    while (made < BACKTESTED) await create(noisy, METADATA);
  }),
);

const alone = histogram();
const beside = histogram();
let backtests = 0;
let backtestMs = 0;
await creates(histogram());
for (let round = 0; round < rounds; round++) {
  await creates(alone);
  let stopped = false;
  const noise = backtestUntil(() => stopped);
  await creates(beside);
  stopped = true;
  await noise;
}
await server.end();

const ratio = (p: number) => (at(beside, p) / at(alone, p)).toFixed(2);
const row = (name: string, cells: (string | number)[]) =>
  console.log(`| ${[name, ...cells].join(" | ")} |`);
console.log(
  `\n${rounds} windows of ${windowMs / 1_000} s each way, taking turns; ${values.shards} shards`,
);
console.log(`${backtests} backtests of ${(backtestMs / backtests / 1_000).toFixed(1)} s\n`);
row("a create of the quiet merchant", ["count", "p50, ms", "p95, ms", "p99, ms"]);
row("---", ["---:", "---:", "---:", "---:"]);
row("alone", [alone.totalCount, ...[50, 95, 99].map((p) => at(alone, p).toFixed(1))]);
row("beside backtests", [beside.totalCount, ...[50, 95, 99].map((p) => at(beside, p).toFixed(1))]);
row("ratio", ["", ...[50, 95, 99].map(ratio)]);
process.exit(0);

/** One create after the other for one window. */
async function creates(into: Histogram): Promise<void> {
  const endsAt = performance.now() + windowMs;
  while (performance.now() < endsAt) {
    const sentAt = performance.now();
    await create(quiet, {});
    into.recordValue(Math.round((performance.now() - sentAt) * 1_000));
  }
}

async function backtestUntil(isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const sentAt = performance.now();
    const rule_set = { rules: RULES };
    const body = { rule_set, limit: BACKTESTED };
    const answer = await post<{ examined: number }>("/api/v1/risk/backtest", noisy, body, 200);
    if (answer.examined !== BACKTESTED) throw new Error(`examined ${answer.examined} payments`);
    backtests += 1;
    backtestMs += performance.now() - sentAt;
  }
}

function create(key: string, metadata: Record<string, string>): Promise<unknown> {
  made += 1;
  const body = { user_id: `customer_${made % 100}`, amount: 10.5, currency: "USD", metadata };
  return post("/api/v1/transactions", key, body, 201, { "idempotency-key": `create-${made}` });
}

async function post<Answer>(
  path: string,
  key: string,
  body: object,
  expected: number,
  more: Record<string, string> = {},
): Promise<Answer> {
  const answer = await fetch(`${origin}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...more },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (answer.status !== expected) throw new Error(`POST ${path}: ${answer.status} ${text}`);
  return JSON.parse(text) as Answer;
}

function signal(number: number): object {
  const windows = ["1m", "1h", "24h", "7d"];
  return { of: `metadata.field_${number % 8}`, measure: "count", window: windows[number % 4] };
}

function histogram(): Histogram {
  return newHistogram({ highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: 3 });
}

function at(of: Histogram, percentile: number): number {
  return of.getValueAtPercentile(percentile) / 1_000;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
