/** What the stream does with a record that a server refuses, or fails for without a reason that is known. The
 *  servers are played over real HTTP and word it as the real ones do. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { readConfig } from "../../../../src/config";
import type { Change } from "../../../../src/domain/transaction/decisions/transition";
import type { Env } from "../../../../src/env";
import { createStream } from "../../../../src/kafka/create";
import { classifyMessage } from "../../../../src/kafka/error-class";
import { Journal } from "../../../../src/transactions/journal/journal";
import { differentTransactions } from "../../../../src/transactions/outbox/kafka-request";
import { ParkedEvents } from "../../../../src/transactions/outbox/parked";
import { OutboxRelay } from "../../../../src/transactions/outbox/relay";
import { KafkaDestination } from "../../../../src/transactions/outbox/to-kafka";
import { NOW_MS } from "../../../support/examples";
import { type StreamLog, startKafka } from "../../../support/kafka";
import { memoryStorage } from "../../../support/sqlite";

let kafka: Awaited<ReturnType<typeof startKafka>>;
beforeAll(async () => {
  kafka = await startKafka();
});
afterAll(() => kafka.close());

const fate = (how: string) =>
  fetch(`${kafka.url}/fate`, { method: "PUT", body: JSON.stringify(how) });
const log = async () => (await (await fetch(`${kafka.url}/log`)).json()) as StreamLog;

/** A shard's outbox to the fake, without the clock: a failed delivery is repeated when `drain` is called. */
function shard(events: { key: string; text?: string }[]) {
  const { sql } = memoryStorage();
  const journal = new Journal(sql);
  const sequences = new Map<string, number>();
  for (const { key, text = "" } of events) {
    const sequence = (sequences.get(key) ?? 0) + 1;
    sequences.set(key, sequence);
    const created_at = new Date(NOW_MS).toISOString();
    const event = { transaction_id: key, sequence, type: "transaction.created", created_at };
    journal.append("mer_1", { events: [{ ...event, data: { text } }] } as unknown as Change, null);
    journal.write();
  }
  const settings = { KAFKA_REST_URL: kafka.url, KAFKA_REST_DIALECT: "rest-v2", KAFKA_TOPIC: "tx" };
  const stream = createStream(readConfig(settings as unknown as Env)); // No bindings are read here.
  if (!stream) throw new Error("no stream");
  const parked = new ParkedEvents(sql, journal.events);
  const streaming = new KafkaDestination(journal, stream, parked, () => {});
  const outbox = new OutboxRelay(journal, {
    name: "stream",
    deliver: (batch, failures) => streaming.deliver(batch, failures),
    selectBatch: differentTransactions,
    onFailure: () => {},
  });
  const drain = async () => {
    vi.setSystemTime(Math.max(Date.now(), outbox.retryAtMs));
    await outbox.drain(Date.now());
  };
  return { outbox, parked, drain };
}

/** How often each key was written since a number of records. */
async function writesOf(before: number): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { key } of (await log()).records.slice(before)) {
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

const LARGE = "x".repeat(2_000);
const among = (bad: { key: string; text: string }, count = 40) =>
  Array.from({ length: count }, (_, at) => (at === 17 ? bad : { key: `good${at}` }));

describe("a record that a server finds too large", () => {
  beforeEach(() => void vi.useFakeTimers({ now: NOW_MS, toFake: ["Date"] }));
  afterEach(async () => {
    vi.useRealTimers();
    await fate("up");
  });

  it.each(["strimzi", "karapace"])(
    "A record that a server finds too large is parked at the first delivery, as %s reports it, and its neighbours are written twice at most",
    async (server) => {
      await fate(`${server}:1500`);
      const before = (await log()).records.length;
      const { outbox, parked, drain } = shard([
        ...among({ key: "bad", text: LARGE }),
        { key: "bad" },
        { key: "good1" },
      ]);
      await drain();
      expect(outbox.backlog(Date.now()).depth).toBe(0);
      expect(parked.count).toBe(2); // And what is behind it of its transaction, so that order holds.
      const writes = await writesOf(before);
      expect(writes.has("bad")).toBe(false);
      expect(writes.size).toBe(39);
      writes.delete("good1"); // Has a second event.
      expect(Math.max(...writes.values())).toBeLessThanOrEqual(2);
    },
  );
});

describe("a record for which an unknown server fails", () => {
  beforeEach(() => void vi.useFakeTimers({ now: NOW_MS, toFake: ["Date"] }));
  afterEach(async () => {
    vi.useRealTimers();
    await fate("up");
  });

  it("A record for which an unknown server fails is found and parked after three failed deliveries, and its neighbours go on", async () => {
    await fate("unknown:venom");
    const before = (await log()).records.length;
    const { outbox, parked, drain } = shard([
      ...among({ key: "bad", text: "venom" }),
      { key: "bad" },
      { key: "good1" },
    ]);
    for (let failures = 1; failures <= 3; failures++) {
      await drain();
      expect(outbox.backlog(Date.now()).failures).toBe(failures);
      expect(parked.count).toBe(0);
    }
    const requests = (await log()).requests.length;
    await drain();
    expect(outbox.backlog(Date.now())).toMatchObject({ depth: 0, failures: 0 });
    expect(parked.count).toBe(2);
    const writes = await writesOf(before);
    expect(writes.has("bad")).toBe(false);
    writes.delete("good1");
    expect(Math.max(...writes.values())).toBe(1);
    const alone = (await log()).requests
      .slice(requests)
      .filter((keys) => keys.join() === "bad").length;
    expect(alone).toBe(3);
  });

  it("A bad record is not searched for when all records fail alike, with a bounded number of requests", async () => {
    await fate("unknown:");
    const { outbox, parked, drain } = shard(among({ key: "bad", text: "" }, 300));
    for (let failures = 1; failures <= 3; failures++) await drain();
    const before = (await log()).requests.length;
    for (let failures = 4; failures <= 6; failures++) await drain();
    expect(parked.count).toBe(0);
    expect(outbox.backlog(Date.now())).toMatchObject({ depth: 300, failures: 6 });
    expect((await log()).requests.length - before).toBeLessThanOrEqual(30);
  });

  it.each(["expired", "down", "denied"])(
    "A bad record is never searched for in an outage, a time-out or a refusal of access: %s",
    async (how) => {
      await fate(how);
      const { outbox, parked, drain } = shard(among({ key: "bad", text: LARGE }));
      const before = (await log()).requests.length;
      for (let failures = 1; failures <= 7; failures++) await drain();
      expect((await log()).requests.length - before).toBe(7);
      expect(parked.count).toBe(0);
      expect(outbox.deliveredThrough).toBe(0);
    },
  );

  it("Several bad records are all found and parked", async () => {
    await fate("unknown:venom");
    const { parked, drain, outbox } = shard([
      ...among({ key: "bad", text: "venom" }),
      { key: "bad2", text: "venom" },
    ]);
    for (let failures = 1; failures <= 4; failures++) await drain();
    expect([parked.count, outbox.backlog(Date.now()).depth]).toEqual([2, 0]);
  });
});

describe("a server's error text", () => {
  it.each<[string, string]>([
    [
      "The request included a message larger than the max message size the server will accept.",
      "records",
    ],
    [
      "The message is 2097240 bytes when serialized which is larger than 1048576, which is the value of the max.request.size configuration.",
      "records",
    ],
    ["This record has failed the validation on the broker and hence will be rejected.", "records"],
    ["Not authorized to access topics: [tx]", "access"],
    ["Expiring 1 record(s) for tx-0:120000 ms has passed since batch creation", "failed"],
    ["Topic tx not present in metadata after 60000 ms.", "failed"],
    ["timed out waiting to publish message, producer buffer full", "failed"],
    ["Publish message cancelled", "failed"],
    ["This server does not host this topic-partition.", "failed"],
    ["Messages are rejected since there are fewer in-sync replicas than required.", "failed"],
    [
      "There is no leader for this topic-partition as we are in the middle of an election",
      "failed",
    ],
    ["The server disconnected before a response was received.", "failed"],
    ["java.lang.IllegalStateException", "unclear"],
    ["", "unclear"],
  ])("A server's error has the meaning that Kafka gives it: %s", (words, expected) => {
    expect(classifyMessage(words)).toBe(expected);
  });
});
