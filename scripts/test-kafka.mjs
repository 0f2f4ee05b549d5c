// `npm run test:kafka`: events all the way into a living Kafka and out again by a client that knows
// nothing of us, with servers killed on the way. `-- --require` makes whatever cannot be run a
// failure; `--only direct` or `--only worker` and `--dialect upstash` or `--dialect rest-v2` choose.
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startBridge, whyNoBridge } from "./kafka/bridge.mjs";
import { chooseCluster } from "./kafka/cluster.mjs";
import { identifyDirect, sendDirect } from "./kafka/direct.mjs";
import { startGateway } from "./kafka/gateway.mjs";
import { checkAnswers } from "./kafka/gateway-answers.mjs";
import { makeTopic, READER, readTopic, removeTopics } from "./kafka/reader.mjs";
import { judge } from "./kafka/verdict.mjs";
import { expectedOf, identifyCloudEvent, startWorker, transact } from "./kafka/worker.mjs";

/** How far a run is when something is killed in it, and how long that stays dead. */
const FAULT_AT = 1 / 3;
const DEAD_MS = 700;
/** The Worker waits longer and longer between tries at a server that is gone. */
const ARRIVAL_LIMIT_MS = 60_000;
const ARRIVAL_POLL_MS = 1_000;
/** For a record that is written twice to show itself. */
const SETTLE_MS = 1_000;
const PROBLEMS_SHOWN = 5;

const START = { upstash: startGateway, "rest-v2": startBridge };

function known(text, names) {
  const chosen = text.split(",");
  const unknown = chosen.find((name) => !names.includes(name));
  if (unknown === undefined) return chosen;
  throw new Error(`"${unknown}" is none of ${names.join(", ")}.`);
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
    senders: known(values.only, ["direct", "worker"]),
    dialects: known(values.dialect, Object.keys(START)),
  };
}

/** Calls back once, when the run is far enough: kills `victim` and starts it again. */
function faultIn(victim) {
  let done = null;
  const fault = async () => {
    await victim.kill();
    await sleep(DEAD_MS);
    await victim.start();
  };
  return {
    onProgress: (share) => {
      if (!victim || done || share < FAULT_AT) return;
      done = fault();
      // Whoever waits for its end hears how it failed; until then nobody does.
      done.catch(() => {});
    },
    ended: () => done,
  };
}

async function runDirect({ cluster, dialect, server, topic, victim }) {
  const fault = faultIn(victim);
  const { expected, doubts } = await sendDirect(dialect, server, topic, fault.onProgress);
  await fault.ended();
  const verdict = judge(expected, await readTopic(cluster, topic), identifyDirect);
  const note = [...doubts].map(([status, times]) => `${status} ×${times}`).join(", ");
  return { ...verdict, note: note && `unconfirmed: ${note}` };
}

async function runWorker({ cluster, worker, topic, victim, earlier }) {
  const fault = faultIn(victim);
  const ids = await transact(worker, fault.onProgress);
  await fault.ended();
  const expected = await expectedOf(worker, ids);
  const look = async () => {
    const records = await readTopic(cluster, topic);
    const own = records.filter(({ key }) => !earlier.has(key?.toString()));
    return judge(expected, own, identifyCloudEvent);
  };
  const deadline = Date.now() + ARRIVAL_LIMIT_MS;
  while ((await look()).missing > 0 && Date.now() < deadline) await sleep(ARRIVAL_POLL_MS);
  await sleep(SETTLE_MS);
  const verdict = await look();
  for (const id of ids) earlier.add(id);
  return verdict;
}

const rows = [];

/** Runs one phase and keeps its row; a phase that throws has failed, and the others go on. */
async function phase(name, dialect, run) {
  const started = Date.now();
  console.log(`… ${name}, ${dialect}`);
  const row = await run().catch((error) => ({ problems: [error.message] }));
  const problems = row.problems ?? [];
  for (const problem of problems.slice(0, PROBLEMS_SHOWN)) console.log(`    ${problem}`);
  const s = ((Date.now() - started) / 1000).toFixed(1);
  rows.push({ name, dialect, ...row, s, result: problems.length === 0 ? "ok" : "FAILED" });
}

function report() {
  const head = ["phase", "dialect", "sent", "received", "duplicates", "order violations"];
  const lines = [[...head, "s", "result", ""]];
  for (const row of rows) {
    const counts = [row.sent, row.received, row.duplicates, row.order_violations];
    const texts = counts.map((count) => String(count ?? "–"));
    lines.push([row.name, row.dialect, ...texts, row.s ?? "–", row.result, row.note ?? ""]);
  }
  const widths = lines[0].map((_, at) => Math.max(...lines.map((line) => line[at].length)));
  console.log();
  for (const line of lines) {
    console.log(
      line
        .map((text, at) => text.padEnd(widths[at]))
        .join("  ")
        .trimEnd(),
    );
  }
}

/** The faults that there are to make: none, the HTTP server's death, and the broker's when it is ours. */
function faultsOf(cluster, server) {
  const faults = [
    { label: "", victim: null },
    { label: ", server killed", victim: server },
  ];
  return cluster.kill ? [...faults, { label: ", broker killed", victim: cluster }] : faults;
}

/** Everything for one REST form: its server, the test's own events, and the Worker's. */
async function testDialect(cluster, dialect, senders, topics) {
  const server = await START[dialect](cluster.bootstrap);
  console.log(`${dialect}: ${server.name} at ${server.url}`);
  try {
    if (senders.includes("direct")) await testDirect({ cluster, dialect, server }, topics);
    if (senders.includes("worker")) await testWorker({ cluster, dialect, server }, topics.worker);
  } finally {
    await server.kill();
  }
}

async function testDirect({ cluster, dialect, server }, topics) {
  for (const [index, { label, victim }] of faultsOf(cluster, server).entries()) {
    const topic = topics[`direct-${index}`];
    const run = () => runDirect({ cluster, dialect, server, topic, victim });
    await phase(`direct${label}`, dialect, run);
  }
  if (dialect !== "upstash") return;
  const check = () => checkAnswers(cluster, server, topics.answers);
  await phase("gateway's answers", dialect, async () => ({ note: await check() }));
}

async function testWorker({ cluster, dialect, server }, topic) {
  const variables = {
    KAFKA_REST_DIALECT: dialect,
    KAFKA_REST_URL: server.url,
    ...(server.username && {
      KAFKA_REST_USERNAME: server.username,
      KAFKA_REST_PASSWORD: server.password,
    }),
    KAFKA_TOPIC: topic,
    LOG_LEVEL: "error",
  };
  const worker = await startWorker(variables);
  const earlier = new Set();
  try {
    for (const { label, victim } of faultsOf(cluster, server)) {
      const run = () => runWorker({ cluster, worker, topic, victim, earlier });
      await phase(`Worker${label}`, dialect, run);
    }
  } finally {
    await worker.stop();
  }
}

const TOPICS = ["direct-0", "direct-1", "direct-2", "answers", "worker"];

/** A name of its own for each topic of this run: `{ upstash: { worker: "kafka-test-…" } }`. */
function nameTopics(dialects) {
  const run = randomBytes(4).toString("hex");
  const named = (dialect) =>
    Object.fromEntries(TOPICS.map((name) => [name, `kafka-test-${run}-${dialect}-${name}`]));
  return Object.fromEntries(dialects.map((dialect) => [dialect, named(dialect)]));
}

function skipped(isRequired, why) {
  console.log(`SKIPPED: ${why}`);
  return isRequired ? 1 : 0;
}

async function main() {
  const { isRequired, senders, dialects } = readOptions();
  const topics = nameTopics(dialects);
  const names = Object.values(topics).flatMap((named) => Object.values(named));
  const { cluster, why } = await chooseCluster(names);
  if (!cluster) return skipped(isRequired, why);
  console.log(`broker: ${cluster.name} at ${cluster.bootstrap}; read back with ${READER}`);
  let lacking = 0;
  try {
    for (const name of names) await makeTopic(cluster, name);
    for (const dialect of dialects) {
      const whyNot = dialect === "rest-v2" ? whyNoBridge() : null;
      if (whyNot) {
        lacking += skipped(isRequired, `${dialect}: ${whyNot}`);
        rows.push({ name: "all of it", dialect, result: "SKIPPED" });
      } else await testDialect(cluster, dialect, senders, topics[dialect]);
    }
  } finally {
    report();
    await removeTopics(cluster, names);
  }
  const count = (wanted) => rows.filter(({ result }) => result === wanted).length;
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
  console.error(error.message);
  process.exit(1);
}
