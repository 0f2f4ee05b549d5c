// `npm run test:kafka`: sends events into a real Kafka, kills servers on the way, and reads the events
// back with an independent client. `-- --require` makes whatever cannot be run a
// failure; `--only direct` or `--only worker` and `--dialect upstash` or `--dialect rest-v2` choose.
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { startBridge, whyNoBridge } from "./kafka/bridge.ts";
import { chooseCluster } from "./kafka/cluster.ts";
import type { Dialect } from "./kafka/dialects.ts";
import { identifyDirect, sendDirect } from "./kafka/direct.ts";
import { startGateway } from "./kafka/gateway.ts";
import { checkAnswers } from "./kafka/gateway-answers.ts";
import { makeTopic, READER, readTopic, removeTopics } from "./kafka/reader.ts";
import type { Cluster, Restartable, RestServer } from "./kafka/servers.ts";
import { judge } from "./kafka/verdict.ts";
import {
  expectedOf,
  identifyCloudEvent,
  startWorker,
  transact,
  type Worker,
} from "./kafka/worker.ts";
import { errorMessage } from "./processes/errors.ts";
import { readOptions, type Sender } from "./test-kafka/options.ts";
import { countResults, type Outcome, phase, report, skipDialect } from "./test-kafka/report.ts";

const TOPICS = ["direct-0", "direct-1", "direct-2", "answers", "worker"] as const;
const DIRECT_TOPICS = TOPICS.slice(0, 3);

type Topics = Record<(typeof TOPICS)[number], string>;
type Victim = Restartable | null;
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
/** The Worker backs off between attempts while the server is down. */
const ARRIVAL_LIMIT_MS = 60_000;
const ARRIVAL_POLL_MS = 1_000;
/** For a record that is written twice to show itself. */
const SETTLE_MS = 1_000;

const START: Record<Dialect, (bootstrap: string) => Promise<RestServer>> = {
  upstash: startGateway,
  "rest-v2": startBridge,
};

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
      // A caller awaits it later and gets the error; this prevents an unhandled rejection until then.
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
        skipDialect(dialect);
      } else await testDialect(cluster, dialect, senders, own);
    }
  } finally {
    report();
    await removeTopics(cluster, names);
  }
  const failed = countResults("FAILED");
  const [ok, skips] = [countResults("ok"), countResults("SKIPPED")];
  console.log(`\n${ok} passed, ${failed} failed, ${skips} skipped`);
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
