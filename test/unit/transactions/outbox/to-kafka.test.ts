/** Kafka as a destination of an outbox. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Change } from "../../../../src/domain/transaction/decisions/transition";
import type { Stream } from "../../../../src/kafka/stream";
import { Journal } from "../../../../src/transactions/journal/journal";
import { differentTransactions } from "../../../../src/transactions/outbox/kafka-request";
import { ParkedEvents } from "../../../../src/transactions/outbox/parked";
import { KafkaDestination } from "../../../../src/transactions/outbox/to-kafka";
import { NOW_MS } from "../../../support/examples";
import { memoryStorage } from "../../../support/sqlite";

describe("the stream as a destination", () => {
  const HOUR_MS = 3_600_000;
  let poison: (key: string) => boolean;
  let written: string[];
  /** How long a request takes. */
  let slow: () => Promise<void>;
  const stream: Stream = {
    produce: async (records) => {
      await slow();
      if (records.some(({ key }) => poison(key))) {
        return { kind: "refused", because: "records", reason: "no" };
      }
      written.push(...records.map(({ key }) => key));
      return { kind: "written" };
    },
  };

  function streamingOf(keys: string[]) {
    const { sql } = memoryStorage();
    const journal = new Journal(sql);
    const sequences = new Map<string, number>();
    for (const transaction_id of keys) {
      const sequence = (sequences.get(transaction_id) ?? 0) + 1;
      sequences.set(transaction_id, sequence);
      const created_at = new Date(NOW_MS).toISOString();
      const event = { transaction_id, sequence, type: "transaction.created", created_at, data: {} };
      journal.append("mer_1", { events: [event] } as unknown as Change, null);
      journal.write();
    }
    const parked = new ParkedEvents(sql, journal.events);
    const streaming = new KafkaDestination(
      journal,
      { produce: (records) => stream.produce(records) },
      parked,
      () => {},
    );
    const drain = async () => {
      for (let at = 0; at < journal.lastPosition; ) {
        const events = differentTransactions(journal.eventsAfter(at, 200, 600_000));
        await streaming.deliver(events);
        at = events.at(-1)?.position ?? at;
      }
    };
    const rows = () => sql.exec("SELECT 1 FROM parked").toArray().length;
    return { streaming, parked, drain, journal, rows };
  }

  beforeEach(() => {
    vi.useFakeTimers({ now: NOW_MS, toFake: ["Date"] });
    poison = (key) => key.startsWith("bad");
    slow = async () => {};
    written = [];
  });
  afterEach(() => void vi.useRealTimers());

  it("The Kafka relay passes several bad transactions in a row", async () => {
    const { parked, drain } = streamingOf(["bad1", "bad1", "bad2", "bad2", "bad3", "good"]);
    await drain();
    expect(new Set(written)).toEqual(new Set(["good"]));
    expect(parked.count).toBe(5);
  });

  it("The Kafka relay parks nothing when the server accepts nothing", async () => {
    const keys = Array.from({ length: 30 }, (_, at) => [`bad${at}`, `bad${at}`]).flat();
    const { parked, drain } = streamingOf(keys);
    await expect(drain()).rejects.toThrow("no");
    expect(parked.count).toBe(0);
  });

  it("A delivery that timed out is aborted with its request, before the next one begins", async () => {
    const { streaming, parked, journal } = streamingOf(["bad1", "bad2", "good", "good"]);
    const [first, next] = [journal.eventsAfter(0, 3, 1_000), journal.eventsAfter(3, 1, 1_000)];
    await streaming.deliver(first);
    expect(parked.count).toBe(2);
    poison = () => false;
    written = [];
    let answer = (): void => {};
    slow = () => new Promise((resolve) => (answer = resolve));
    vi.setSystemTime(NOW_MS + HOUR_MS);
    const givenUp = streaming.deliver(first); // It is at what was parked.
    const later = streaming.deliver(next);
    slow = async () => {};
    answer();
    await expect(givenUp).rejects.toThrow("took too long");
    await later;
    expect(written).toEqual(["bad1", "good"]);
  });

  it("Parked events are sent in order, one of a transaction at a time", async () => {
    const { streaming, drain, rows } = streamingOf([...Array(90).fill("bad"), "good"]);
    await drain();
    expect(rows()).toBe(90);
    poison = () => false;
    written = [];
    vi.setSystemTime(NOW_MS + HOUR_MS);
    let rounds = 0;
    for (; (streaming.parkedAtMs ?? Number.POSITIVE_INFINITY) <= Date.now(); rounds++) {
      const before = written.length;
      await streaming.deliver([]);
      expect(written.length - before).toBeLessThanOrEqual(1);
    }
    expect([rounds, written.length, rows()]).toEqual([90, 90, 0]);
  });

  it("Every parked transaction is retried in turn, however many stay bad", async () => {
    const keys = Array.from({ length: 150 }, (_, at) => `bad${at}`);
    const { streaming, parked, drain } = streamingOf(keys.flatMap((key, at) => [key, `good${at}`]));
    await drain();
    expect(parked.count).toBe(150);
    poison = (key) => key !== "bad149" && key.startsWith("bad");
    for (let hour = 1; hour <= 3; hour++) {
      vi.setSystemTime(NOW_MS + hour * HOUR_MS);
      await streaming.deliver([]);
    }
    expect(written).toContain("bad149");
    expect(parked.count).toBe(149);
  });
});
