// Reads topics back with a client that shares no code with the one that wrote them. This file must
// not know what should be in them.
import { randomUUID } from "node:crypto";
import kafkajs, { type Admin, type Kafka, type SASLOptions } from "kafkajs";
import { errorMessage } from "../processes/errors.ts";
import { until } from "../processes/wait.ts";
import type { Cluster } from "./servers.ts";
import type { TopicRecord } from "./verdict.ts";

export type ReadRecord = TopicRecord & { offset: number };

const READ_LIMIT_MS = 30_000;
const LEADERS_LIMIT_MS = 60_000;
const POLL_MS = 50;
/** The reader cannot leave before its last fetch, which waits this long for more to come. */
const FETCH_WAIT_MS = 200;

/** The reader's name and version, for the report. */
export const READER = "kafkajs 2.2.4";

function clientFor(cluster: Cluster): Kafka {
  const { KAFKA_TLS, KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD, KAFKA_SASL_MECHANISM } = process.env;
  const mechanism = (KAFKA_SASL_MECHANISM || "SCRAM-SHA-256").toLowerCase();
  const sasl = { mechanism, username: KAFKA_SASL_USERNAME, password: KAFKA_SASL_PASSWORD ?? "" };
  return new kafkajs.Kafka({
    clientId: "kafka-test",
    brokers: cluster.bootstrap.split(","),
    logLevel: kafkajs.logLevel.NOTHING,
    ssl: KAFKA_TLS === "1",
    // The client itself refuses a mechanism that it does not have.
    ...(KAFKA_SASL_USERNAME ? { sasl: sasl as SASLOptions } : {}),
  });
}

/** Makes a topic of three partitions, or leaves that to the broker when it does not take such requests. */
export async function makeTopic(cluster: Cluster, topic: string): Promise<void> {
  if (!cluster.takesTopics) return;
  const admin = clientFor(cluster).admin();
  await admin.connect();
  try {
    // kafkajs 2.2.4's own `waitForLeaders` throws when a broker that is slow does not know the topic yet.
    await admin.createTopics({ topics: [{ topic, numPartitions: 3 }], waitForLeaders: false });
    await until(() => hasLeaders(admin, topic), `${topic} had leaders`, LEADERS_LIMIT_MS);
  } finally {
    await admin.disconnect();
  }
}

async function hasLeaders(admin: Admin, topic: string): Promise<boolean> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  return topics.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0));
}

/** Removes topics; what cannot be removed is left. */
export async function removeTopics(cluster: Cluster, topics: string[]): Promise<void> {
  if (!cluster.takesTopics || topics.length === 0) return;
  const admin = clientFor(cluster).admin();
  try {
    await admin.connect();
    await admin.deleteTopics({ topics });
  } catch (error) {
    console.warn(`The topics ${topics} are left: ${errorMessage(error)}`);
  } finally {
    await admin.disconnect();
  }
}

async function endsOf(kafka: Kafka, topic: string): Promise<Map<number, number>> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const partitions = await admin.fetchTopicOffsets(topic);
    return new Map(partitions.map(({ partition, high }) => [partition, Number(high)]));
  } finally {
    await admin.disconnect();
  }
}

/** All that `topic` holds now, the records of one partition in order. */
export async function readTopic(cluster: Cluster, topic: string): Promise<ReadRecord[]> {
  const kafka = clientFor(cluster);
  const ends = await endsOf(kafka, topic);
  const left = new Map([...ends].filter(([, end]) => end > 0));
  if (left.size === 0) return [];
  const groupId = `kafka-test-${randomUUID()}`;
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: FETCH_WAIT_MS });
  const records: ReadRecord[] = [];
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition, message }) => {
        const { key, value, headers, offset } = message;
        if (value === null) throw new Error(`${topic} has a record without a value.`);
        records.push({ partition, offset: Number(offset), key, value, headers });
        if (Number(offset) + 1 >= (left.get(partition) ?? Number.POSITIVE_INFINITY)) {
          left.delete(partition);
        }
      },
    });
    const deadline = Date.now() + READ_LIMIT_MS;
    while (left.size > 0) {
      if (Date.now() > deadline) throw new Error(`${topic} could not be read to its end.`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  } finally {
    await consumer.disconnect();
  }
  return records;
}
