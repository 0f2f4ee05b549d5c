// A real Apache Kafka: one node that is broker and controller (KRaft), on loopback, with a folder
// of its own that goes when the script ends.
import { randomBytes } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Admin } from "@platformatic/kafka";
import { type Child, runChild, startChild } from "../processes/child-process.ts";
import { freePort } from "../processes/free-port.ts";
import { removeAtExit } from "../processes/remove-at-exit.ts";
import { until } from "../processes/wait.ts";
import { bringJars, KAFKA_VERSION } from "./jars.ts";
import type { Stoppable } from "./servers.ts";

type At = { port: number; controllerPort: number; folder: string };

export type Broker = Stoppable & { name: string; bootstrap: string };

const FORMAT_LIMIT_MS = 60_000;
// It takes four seconds; the rest is room for a slow, busy machine.
const START_LIMIT_MS = 90_000;
const ASK_LIMIT_MS = 2_000;
const UUID_BYTES = 16;
const JAVA = ["-Xmx512m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"];
const PARTITIONS = 3;
/** A killed broker may restart only after its controller has removed it. */
const SESSION_MS = 2_000;
const HEARTBEAT_MS = 500;

function properties({ port, controllerPort, folder }: At): string {
  const at = `127.0.0.1:${port}`;
  const controller = `127.0.0.1:${controllerPort}`;
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@${controller}
listeners=PLAINTEXT://${at},CONTROLLER://${controller}
advertised.listeners=PLAINTEXT://${at}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=${join(folder, "log")}
num.partitions=${PARTITIONS}
auto.create.topics.enable=true
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=${SESSION_MS}
broker.heartbeat.interval.ms=${HEARTBEAT_MS}
`;
}

/** Whether a broker in service answers at `bootstrap`. */
export async function answers(bootstrap: string): Promise<boolean> {
  const admin = new Admin({
    clientId: "kafka-broker-probe",
    bootstrapBrokers: [bootstrap],
    retries: 0,
    connectTimeout: ASK_LIMIT_MS,
    requestTimeout: ASK_LIMIT_MS,
  });
  try {
    const { brokers } = await admin.metadata({ topics: [] });
    return brokers.size > 0;
  } finally {
    await admin.close();
  }
}

/**
 * Starts a broker at `port`, or at a free one. `stop()` and `kill()` end it, `start()` starts it
 * again with what it has stored, and `exited()` waits for its end.
 */
export async function startBroker(port?: number): Promise<Broker> {
  const jars = join(await bringJars(), "*");
  const folder = removeAtExit(mkdtempSync(join(tmpdir(), "kafka-")));
  const at = { port: await freePort(port), controllerPort: await freePort(), folder };
  const config = join(folder, "server.properties");
  writeFileSync(config, properties(at));

  const id = randomBytes(UUID_BYTES).toString("base64url").replace(/^-/, "a");
  const format = ["kafka.tools.StorageTool", "format", "-t", id, "-c", config];
  const formatted = await runChild("java", [...JAVA, "-cp", jars, ...format], {
    limit_ms: FORMAT_LIMIT_MS,
  });
  if (formatted.code !== 0) throw new Error(`${formatted.said}\nKafka could not make its storage.`);

  const bootstrap = `127.0.0.1:${at.port}`;
  let child: Child;
  const start = async () => {
    child = startChild("java", [...JAVA, "-cp", jars, "kafka.Kafka", config], { cwd: folder });
    await until(() => answers(bootstrap), "the broker answered", START_LIMIT_MS, child);
  };
  await start();
  return {
    name: `Apache Kafka ${KAFKA_VERSION}`,
    bootstrap,
    start,
    stop: () => child.stop(),
    kill: () => child.kill(),
    exited: () => child.exited,
  };
}
