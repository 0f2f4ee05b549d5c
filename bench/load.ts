// The load generator: a process of its own that gets its cases over IPC, so that neither the server
// nor the printing of progress shares its event loop. It lives as long as one server does, because
// later cases read what earlier ones wrote.
import { build, type Histogram } from "hdr-histogram-js";
import { CASES, type Context, IDS_WANTED, LABELS, NEEDS_IDS, newContext } from "./cases.ts";
import { Connection, type Observer } from "./connection.ts";
import type { FromLoad, Latencies, RunRequest, RunResult, ToLoad } from "./messages.ts";

const HIGHEST_LATENCY_US = 60_000_000;
/** A few are enough to see what is wrong; thousands would be the same line. */
const DISTINCT_ERRORS_KEPT = 3;
const SEEDING_CONNECTIONS = 8;

let origin = "";
let context: Context = newContext({ key: "", run: "" });

process.on("message", async (message: ToLoad) => {
  if (message.kind === "server") {
    origin = message.origin;
    context = newContext(message);
  } else if (message.kind === "run") {
    send({ kind: "result", result: await run(message) });
  }
});

function send(message: FromLoad): void {
  process.send?.(message);
}

// The parent has ended, for whatever reason: there is nothing left to report to.
process.on("disconnect", () => process.exit(1));

async function run({ name, connections, warmup_ms, measure_ms }: RunRequest): Promise<RunResult> {
  if (NEEDS_IDS.has(name)) await seed();
  const tally = newTally(LABELS[name] ?? []);
  const open = Array.from({ length: connections }, () => new Connection(origin));
  let stopped = false;
  const next = () => (stopped ? undefined : CASES[name](context));
  const running = Promise.all(open.map((connection) => connection.run(next, tally)));

  await sleep(warmup_ms);
  send({ kind: "measuring" });
  tally.start();
  await sleep(measure_ms);
  tally.stop();
  send({ kind: "measured" });
  stopped = true;
  await running;
  await Promise.all(open.map((connection) => connection.close()));
  return tally.result();
}

/** Makes the ids that `get` and `list` read, unless a create case has done so already. */
async function seed(): Promise<void> {
  if (context.ids.length >= IDS_WANTED) return;
  const tally = newTally([]);
  const attempts = context.made + 2 * IDS_WANTED;
  const next = () =>
    context.ids.length < IDS_WANTED && context.made < attempts ? CASES.create(context) : undefined;
  const open = Array.from({ length: SEEDING_CONNECTIONS }, () => new Connection(origin));
  await Promise.all(open.map((connection) => connection.run(next, tally)));
  await Promise.all(open.map((connection) => connection.close()));
  if (context.ids.length > 0) return;
  send({ kind: "fatal", message: tally.result().error_samples.join("\n") });
}

type Tally = Observer & { start(): void; stop(): void; result(): RunResult };

/** Counts completions inside the measured window only; errors count whenever they happen. */
function newTally(labels: string[]): Tally {
  const units = newHistogram();
  const byLabel = new Map(labels.map((label) => [label, newHistogram()]));
  const samples = new Set<string>();
  let startedAt = 0;
  let seconds = 0;
  let counting = false;
  let requests = 0;
  let errors = 0;
  return {
    start() {
      startedAt = performance.now();
      counting = true;
    },
    stop() {
      counting = false;
      seconds = (performance.now() - startedAt) / 1000;
    },
    result() {
      const parts = [...byLabel].map(([label, histogram]) => ({ label, ...summary(histogram) }));
      const { made } = context;
      const error_samples = [...samples];
      return { seconds, requests, made, errors, error_samples, ...summary(units), parts };
    },
    request(label, ms) {
      if (!counting) return;
      requests += 1;
      byLabel.get(label ?? "")?.recordValue(toMicroseconds(ms));
    },
    unit(ms) {
      if (counting) units.recordValue(toMicroseconds(ms));
    },
    error(text) {
      errors += 1;
      if (samples.size < DISTINCT_ERRORS_KEPT) samples.add(withoutIds(text));
    },
  };
}

function newHistogram(): Histogram {
  return build({ highestTrackableValue: HIGHEST_LATENCY_US, numberOfSignificantValueDigits: 3 });
}

function toMicroseconds(ms: number): number {
  return Math.min(HIGHEST_LATENCY_US, Math.max(1, Math.round(ms * 1000)));
}

function summary(histogram: Histogram): Latencies {
  const percentile = (p: number) => histogram.getValueAtPercentile(p) / 1000;
  return {
    count: histogram.totalCount,
    mean_ms: histogram.mean / 1000,
    p50_ms: percentile(50),
    p95_ms: percentile(95),
    p99_ms: percentile(99),
    max_ms: histogram.maxValue / 1000,
  };
}

/** Two errors that differ only in an id are one error. */
function withoutIds(text: string): string {
  return text.replace(/txn_\w+/g, "txn_…").replace(/"request_id":"[^"]*"/g, '"request_id":"…"');
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
