// `npm run test:kafka`: events all the way into a living Kafka and out again by a client that knows
// nothing of us, with servers killed on the way. `-- --require` makes whatever cannot be run a
// failure; `--only direct` or `--only worker` and `--dialect upstash` or `--dialect rest-v2` choose.
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startBridge, whyNoBridge } from "./kafka/bridge.ts";
import { chooseCluster } from "./kafka/cluster.ts";
import type { Dialect } from "./kafka/dialects.ts";
import { identifyDirect, sendDirect } from "./kafka/direct.ts";
import { startGateway } from "./kafka/gateway.ts";
import { checkAnswers } from "./kafka/gateway-answers.ts";
import { makeTopic, READER, readTopic, removeTopics } from "./kafka/reader.ts";
import type { Cluster, Restartable, RestServer } from "./kafka/servers.ts";
import { judge, type Verdict } from "./kafka/verdict.ts";
import {
  expectedOf,
  identifyCloudEvent,
  startWorker,
  transact,
  type Worker,
} from "./kafka/worker.ts";
import { errorMessage } from "./processes/errors.ts";

const SENDERS = ["direct", "worker"] as const;
const TOPICS = ["direct-0", "direct-1", "direct-2", "answers", "worker"] as const;
const DIRECT_TOPICS = TOPICS.slice(0, 3);

type Sender = (typeof SENDERS)[number];
type Topics = Record<(typeof TOPICS)[number], string>;
type Victim = Restartable | null;
type Outcome = Partial<Verdict> & { note?: string };
type Row = Outcome & { name: string; dialect: Dialect; s?: string; result: string };
type Setting = { cluster: Cluster; dialect: Dialect; server: RestServer };
type Direct = Setting & { topic: string; victim: Victim };
type Sent = {
  cluster: Cluster;
  worker: Worker;
  topic: string;
  victim: Victim;
  earlier: Set<string>;
};

/** How far a run is when something is killed in it, and how long that stays dead. */
const FAULT_AT = 1 / 3;
const DEAD_MS = 700;
/** The Worker waits longer and longer between tries at a server that is gone. */
const ARRIVAL_LIMIT_MS = 60_000;
const ARRIVAL_POLL_MS = 1_000;
/** For a record that is written twice to show itself. */
const SETTLE_MS = 1_000;
const PROBLEMS_SHOWN = 5;

const START: Record<Dialect, (bootstrap: string) => Promise<RestServer>> = {
  upstash: startGateway,
  "rest-v2": startBridge,
};

function known<Name extends string>(text: string, names: readonly Name[]): Name[] {
  return text.split(",").map((one) => {
    const found = names.find((name) => name === one);
    if (found === undefined) throw new Error(`"${one}" is none of ${names.join(", ")}.`);
    return found;
  });
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      require: { type: "boolean", default: false },
      only: { type: "string", default: "direct,worker" },
      dialect: { type: "string", default: "upstash,rest-v2" },
    },
  });
  return {
    isRequired: values.require,
    senders: known(values.only, SENDERS),
    dialects: known(values.dialect, ["upstash", "rest-v2"] satisfies Dialect[]),
  };
}

/** Calls back once, when the run is far enough: kills `victim` and starts it again. */
function faultIn(victim: Victim) {
  let done: Promise<void> | null = null;
  const fault = async (victim: Restartable) => {
    await victim.kill();
    await sleep(DEAD_MS);
    await victim.start();
  };
  return {
    onProgress: (share: number) => {
      if (!victim || done || share < FAULT_AT) return;
      done = fault(victim);
      // Whoever waits for its end hears how it failed; until then nobody does.
      done.catch(() => {});
    },
    ended: () => done,
  };
}

async function runDirect({ cluster, dialect, server, topic, victim }: Direct): Promise<Outcome> {
  const fault = faultIn(victim);
  const { expected, doubts } = await sendDirect(dialect, server, topic, fault.onProgress);
  await fault.ended();
  const verdict = judge(expected, await readTopic(cluster, topic), identifyDirect);
  const note = [...doubts].map(([status, times]) => `${status} ×${times}`).join(", ");
  return { ...verdict, ...(note ? { note: `unconfirmed: ${note}` } : {}) };
}

async function runWorker({ cluster, worker, topic, victim, earlier }: Sent): Promise<Outcome> {
  const fault = faultIn(victim);
  const ids = await transact(worker, fault.onProgress);
  await fault.ended();
  const expected = await expectedOf(worker, ids);
  const look = async () => {
    const records = await readTopic(cluster, topic);
    const own = records.filter(({ key }) => !earlier.has(key?.toString() ?? ""));
    return judge(expected, own, identifyCloudEvent);
  };
  const deadline = Date.now() + ARRIVAL_LIMIT_MS;
  while ((await look()).missing > 0 && Date.now() < deadline) await sleep(ARRIVAL_POLL_MS);
  await sleep(SETTLE_MS);
  const verdict = await look();
  for (const id of ids) earlier.add(id);
  return verdict;
}

const rows: Row[] = [];

/** Runs one phase and keeps its row; a phase that throws has failed, and the others go on. */
async function phase(name: string, dialect: Dialect, run: () => Promise<Outcome>): Promise<void> {
  const started = Date.now();
  console.log(`… ${name}, ${dialect}`);
  const row: Outcome = await run().catch((error) => ({ problems: [errorMessage(error)] }));
  const problems = row.problems ?? [];
  for (const problem of problems.slice(0, PROBLEMS_SHOWN)) console.log(`    ${problem}`);
  const s = ((Date.now() - started) / 1000).toFixed(1);
  rows.push({ name, dialect, ...row, s, result: problems.length === 0 ? "ok" : "FAILED" });
}

function report(): void {
  const head = ["phase", "dialect", "sent", "received", "duplicates", "order violations"];
  const lines = [[...head, "s", "result", ""]];
  for (const row of rows) {
    const counts = [row.sent, row.received, row.duplicates, row.order_violations];
    const texts = counts.map((count) => String(count ?? "–"));
    lines.push([row.name, row.dialect, ...texts, row.s ?? "–", row.result, row.note ?? ""]);
  }
  const widths = Array.from({ length: head.length + 3 }, (_, at) =>
    Math.max(...lines.map((line) => line[at]?.length ?? 0)),
  );
  console.log();
  for (const line of lines) {
    console.log(
      line
        .map((text, at) => text.padEnd(widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    );
  }
}

/** The faults that there are to make: none, the HTTP server's death, and the broker's when it is ours. */
function faultsOf(cluster: Cluster, server: RestServer): { label: string; victim: Victim }[] {
  const faults: { label: string; victim: Victim }[] = [
    { label: "", victim: null },
    { label: ", server killed", victim: server },
  ];
  if (!cluster.breakable) return faults;
  return [...faults, { label: ", broker killed", victim: cluster.breakable }];
}

/** Everything for one REST form: its server, the test's own events, and the Worker's. */
async function testDialect(
  cluster: Cluster,
  dialect: Dialect,
  senders: Sender[],
  topics: Topics,
): Promise<void> {
  const server = await START[dialect](cluster.bootstrap);
  console.log(`${dialect}: ${server.name} at ${server.url}`);
  try {
    if (senders.includes("direct")) await testDirect({ cluster, dialect, server }, topics);
    if (senders.includes("worker")) await testWorker({ cluster, dialect, server }, topics.worker);
  } finally {
    await server.kill();
  }
}

async function testDirect({ cluster, dialect, server }: Setting, topics: Topics): Promise<void> {
  for (const [index, { label, victim }] of faultsOf(cluster, server).entries()) {
    const name = DIRECT_TOPICS[index];
    if (name === undefined) throw new Error(`There is no topic for fault ${index}.`);
    const topic = topics[name];
    const run = () => runDirect({ cluster, dialect, server, topic, victim });
    await phase(`direct${label}`, dialect, run);
  }
  if (dialect !== "upstash") return;
  const check = () => checkAnswers(cluster, server, topics.answers);
  await phase("gateway's answers", dialect, async () => ({ note: await check() }));
}

async function testWorker({ cluster, dialect, server }: Setting, topic: string): Promise<void> {
  const variables = {
    KAFKA_REST_DIALECT: dialect,
    KAFKA_REST_URL: server.url,
    ...(server.username
      ? { KAFKA_REST_USERNAME: server.username, KAFKA_REST_PASSWORD: server.password ?? "" }
      : {}),
    KAFKA_TOPIC: topic,
    LOG_LEVEL: "error",
  };
  const worker = await startWorker(variables);
  const earlier = new Set<string>();
  try {
    for (const { label, victim } of faultsOf(cluster, server)) {
      const run = () => runWorker({ cluster, worker, topic, victim, earlier });
      await phase(`Worker${label}`, dialect, run);
    }
  } finally {
    await worker.stop();
  }
}

/** A name of its own for each topic of this run: `{ upstash: { worker: "kafka-test-…" } }`. */
function nameTopics(dialects: Dialect[]): Map<Dialect, Topics> {
  const run = randomBytes(4).toString("hex");
  const named = (dialect: Dialect) =>
    Object.fromEntries(
      TOPICS.map((name) => [name, `kafka-test-${run}-${dialect}-${name}`]),
    ) as Topics;
  return new Map(dialects.map((dialect) => [dialect, named(dialect)]));
}

function skipped(isRequired: boolean, why: string): number {
  console.log(`SKIPPED: ${why}`);
  return isRequired ? 1 : 0;
}

async function main(): Promise<number> {
  const { isRequired, senders, dialects } = readOptions();
  const topics = nameTopics(dialects);
  const names = [...topics.values()].flatMap((named) => Object.values(named));
  const cluster = await chooseCluster(names);
  if ("why" in cluster) return skipped(isRequired, cluster.why);
  console.log(`broker: ${cluster.name} at ${cluster.bootstrap}; read back with ${READER}`);
  let lacking = 0;
  try {
    for (const name of names) await makeTopic(cluster, name);
    for (const [dialect, own] of topics) {
      const whyNot = dialect === "rest-v2" ? whyNoBridge() : null;
      if (whyNot) {
        lacking += skipped(isRequired, `${dialect}: ${whyNot}`);
        rows.push({ name: "all of it", dialect, result: "SKIPPED" });
      } else await testDialect(cluster, dialect, senders, own);
    }
  } finally {
    report();
    await removeTopics(cluster, names);
  }
  const count = (wanted: string) => rows.filter(({ result }) => result === wanted).length;
  const failed = count("FAILED");
  console.log(`\n${count("ok")} passed, ${failed} failed, ${count("SKIPPED")} skipped`);
  return failed > 0 || lacking > 0 ? 1 : 0;
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1));
// Only under npm: a run started from a shell may well outlive that shell.
if (process.env.npm_lifecycle_event) await import("./processes/lifeline.ts");

try {
  process.exit(await main());
} catch (error) {
  console.error(errorMessage(error));
  process.exit(1);
}
