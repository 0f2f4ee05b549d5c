/** The stream from end to end: what a Kafka REST endpoint has, whatever happens to it meanwhile. */
import { runInDurableObject } from "cloudflare:test";
import { CloudEvent } from "cloudevents";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { forgetReadiness } from "../../../src/api/operations/readiness";
import { type Client, call, newClient } from "../../support/api";
import { env } from "../../support/env";
import { eventually } from "../../support/eventually";
import { growthOf, parseExposition, sumsOf } from "../../support/exposition";
import type { StreamLog } from "../../support/kafka";
import { sized } from "../../support/sized";
import { endHanging } from "../../support/with-timeout";

let shop: Client;
beforeAll(async () => {
  shop = await newClient();
});

afterEach(() => fate("up"));

const fate = (how: string) =>
  fetch(`${env.KAFKA_REST_URL}/fate`, { method: "PUT", body: JSON.stringify(how) });
const log = async () => (await (await fetch(`${env.KAFKA_REST_URL}/log`)).json()) as StreamLog;
const ready = async () => {
  forgetReadiness();
  return (await (await call("/health/ready")).json()) as {
    status: string;
    parked: number;
    outboxes: { stream: { depth: number; oldest_age_ms: number; failing: boolean } };
  };
};

/** The metrics when the stream has everything. */
const scrapeAtRest = () =>
  eventually(async () => {
    const now = await scrape();
    expect(sumsOf(now, "payments_outbox_depth", "destination").stream ?? 0).toBe(0);
    return now;
  });
const scrape = async () => {
  const headers = { Authorization: `Bearer ${env.METRICS_TOKEN}` };
  return parseExposition(await (await call("/metrics", { headers })).text());
};

type Told = { id: string; txseq: string; subject: string; type: string; data: unknown };
const toldBy = ({ records }: StreamLog): Told[] => records.map(({ value }) => JSON.parse(value));

/** Payments that were created and charged. @returns their ids */
async function payments(count: number, name: string): Promise<string[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const { id } = await shop.created({ user_id: `${name}-${at}`, description: name });
      expect((await shop.process(id)).status).toBe(200);
      return id;
    }),
  );
}

/** All three events of each are there; the first time that each is seen, in order. */
async function expectAll(ids: string[]): Promise<StreamLog> {
  const written = await eventually(async () => {
    const all = await log();
    const seen = new Set(toldBy(all).map(({ id }) => id));
    for (const id of ids) {
      for (const sequence of [1, 2, 3]) expect(seen).toContain(`evt_${id.slice(4)}_${sequence}`);
    }
    return all;
  });
  for (const id of ids) {
    const own = toldBy(written).filter(({ subject }) => subject === id);
    const firsts = [...new Set(own.map(({ txseq }) => txseq))];
    expect(firsts).toEqual(firsts.toSorted());
  }
  for (const keys of written.requests) expect(new Set(keys).size).toBe(keys.length);
  return written;
}

describe("the stream", () => {
  it("The stream has every event as a CloudEvent under its transaction's key, once when Kafka works", async () => {
    const ids = await payments(20, "well");
    const written = await expectAll(ids);
    for (const { key, value } of written.records) {
      const event = new CloudEvent(JSON.parse(value));
      expect(event.validate()).toBe(true);
      expect(event.subject).toBe(key);
    }
    const own = toldBy(written).filter(({ subject }) => ids.includes(subject));
    expect(own).toHaveLength(60);
    const [id = ""] = ids;
    const last = own.find((told) => told.subject === id && told.txseq === "0000000003");
    expect(last?.data).toEqual(await shop.find(id));
  });

  it("The stream has the events of captures and refunds among those of their transaction", async () => {
    const { id } = await shop.created({ capture_method: "manual" });
    await shop.process(id);
    await shop.capture(id, 8);
    const refunds = [await shop.refund(id, { amount: 3 }), await shop.refund(id, { amount: 5 })];
    const texts = await Promise.all(refunds.map((response) => response.text()));
    const own = await eventually(async () => {
      const { records } = await log();
      const found = records.filter(({ key }) => key === id);
      expect(found).toHaveLength(9);
      return found.map(({ value }) => value);
    });
    const told = own.map((value) => JSON.parse(value) as Told);
    expect(told.map(({ txseq }) => Number(txseq))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(told.map(({ type }) => type.slice("payments.".length, -".v1".length))).toEqual([
      "transaction.created",
      "transaction.processing",
      "transaction.authorized",
      "transaction.processing",
      "transaction.captured",
      "refund.created",
      "refund.succeeded",
      "refund.created",
      "refund.succeeded",
    ]);
    for (const value of own) expect(new CloudEvent(JSON.parse(value)).validate()).toBe(true);
    expect(own[6]?.endsWith(`,"data":${texts[0]}}`)).toBe(true);
    expect(own[8]?.endsWith(`,"data":${texts[1]}}`)).toBe(true);
  });

  it.each(["down", "hang", "half", "lost", "denied"])(
    "The stream loses nothing and keeps its order when Kafka is %s, and payments go on",
    async (how) => {
      const before = await scrapeAtRest();
      await fate(how);
      const ids = await payments(20, how);
      const hanging = how === "hang" ? Number.POSITIVE_INFINITY : 0;
      await endHanging("kafka/rest-request", hanging, () =>
        eventually(async () => {
          const { status, outboxes } = await ready();
          expect(status).toBe("degraded");
          expect(outboxes.stream.failing).toBe(true);
          expect(outboxes.stream.depth).toBeGreaterThan(0);
        }),
      );
      await fate("up");
      // A request of each shard may still be waiting for its answer.
      await endHanging("kafka/rest-request", how === "hang" ? 2 : 0, () => expectAll(ids));
      await eventually(async () => expect((await ready()).status).toBe("ready"));
      const after = await scrapeAtRest();
      const requests = growthOf(before, after, "payments_stream_requests_total", "outcome");
      expect(requests.written).toBeGreaterThan(0);
      expect(requests[how === "denied" ? "refused" : "failed"]).toBeGreaterThan(0);
      const by = ["destination", "outcome"];
      const deliveries = growthOf(before, after, "payments_outbox_deliveries_total", ...by);
      expect(deliveries["stream failed"]).toBeGreaterThan(0);
      const name = "payments_outbox_delivered_events_total";
      expect(growthOf(before, after, name, "destination").stream).toBe(60);
    },
  );

  it("The system is never ready while Kafka is down, however often its objects are evicted", async () => {
    await scrapeAtRest();
    await fate("down");
    const ids = await payments(8, "evicted");
    await eventually(async () => expect((await ready()).outboxes.stream.failing).toBe(true));
    const polled: string[] = [];
    const failures: number[] = [];
    const failed = () =>
      runInDurableObject(env.TRANSACTIONS.getByName("shard-0"), (_, { storage }) => {
        const sql = "SELECT failures FROM pauses WHERE destination = 'stream'";
        return storage.sql.exec<{ failures: number }>(sql).one().failures;
      });
    for (let times = 1; times <= 4; times++) {
      await eventually(async () => {
        failures.push(await failed());
        expect(failures.at(-1)).toBeGreaterThanOrEqual(times);
      });
      for (const name of ["shard-0", "shard-1"]) {
        const shard = env.TRANSACTIONS.getByName(name);
        await runInDurableObject(shard, (_, state) => state.abort("evicted")).catch(() => {});
        polled.push((await ready()).status);
      }
    }
    expect(new Set(polled)).toEqual(new Set(["degraded"]));
    expect(failures).toEqual(failures.toSorted((a, b) => a - b));
    await fate("up");
    await expectAll(ids);
    await eventually(async () => expect((await ready()).status).toBe("ready"));
  });

  it("The system is not ready when an event has waited for minutes, also without a failure", async () => {
    await scrapeAtRest();
    await fate("hang");
    const [id = ""] = await payments(1, "old");
    const statuses: string[] = [];
    for (const name of ["shard-0", "shard-1"]) {
      await runInDurableObject(env.TRANSACTIONS.getByName(name), (_, { storage }) => {
        const sql =
          "UPDATE events SET created_at_ms = created_at_ms - 120000 WHERE transaction_id = ?";
        storage.sql.exec(sql, id);
        storage.sql.exec("DELETE FROM pauses");
      });
    }
    for (const name of ["shard-0", "shard-1"]) {
      const shard = env.TRANSACTIONS.getByName(name);
      await runInDurableObject(shard, (_, state) => state.abort("evicted")).catch(() => {});
    }
    statuses.push((await ready()).status);
    expect(statuses).toEqual(["degraded"]);
    await fate("up");
    await endHanging("kafka/rest-request", 2, () => expectAll([id]));
    await eventually(async () => expect((await ready()).status).toBe("ready"));
  });

  it("The stream parks permanently refused events, delivers all others, and reports it", async () => {
    const ids = await payments(8, "before");
    await expectAll(ids);
    await fate("poison:venom");
    const [bad = ""] = await payments(1, "venom");
    const good = await payments(12, "healthy");
    await expectAll(good);
    const more = await payments(12, "healthy too");
    await expectAll(more);
    const { status, parked } = await eventually(async () => {
      const said = await ready();
      expect(said.parked).toBeGreaterThan(0);
      return said;
    });
    expect(status).toBe("degraded");
    expect(parked).toBeLessThanOrEqual(3);
    const now = await scrape();
    const waiting = sumsOf(now, "payments_stream_parked")[""];
    expect(waiting).toBeGreaterThanOrEqual(parked);
    expect(sumsOf(now, "payments_stream_parked_total")[""]).toBe(waiting);
    expect(toldBy(await log()).filter(({ subject }) => subject === bad)).toEqual([]);
  });

  it("The stream retries parked events although nothing else happens", async () => {
    for (const name of ["shard-0", "shard-1"]) {
      const shard = env.TRANSACTIONS.getByName(name);
      await runInDurableObject(shard, (_, state) => state.abort("restarted")).catch(() => {});
    }
    await eventually(async () => expect((await ready()).parked).toBe(0));
  });

  it("A Kafka server that does not respond does not delay the alarm of charges", async () => {
    await eventually(async () => expect((await ready()).status).toBe("ready"));
    await fate("hang");
    const ids = await payments(40, "clock");
    const shards = ["shard-0", "shard-1"].map((name) => env.TRANSACTIONS.getByName(name));
    const ended = await endHanging("transactions/charging/recovery", Number.POSITIVE_INFINITY, () =>
      Promise.all(shards.map((stub) => runInDurableObject(stub, (shard) => shard.alarm()))),
    );
    const { depth } = (await ready()).outboxes.stream;
    await fate("up");
    expect(depth).toBeGreaterThan(0);
    expect(ended).toBeGreaterThanOrEqual(shards.length);
    await endHanging("kafka/rest-request", shards.length, () => expectAll(ids));
  });

  it("The stream drains a long queue in bounded batches", async () => {
    const events = sized(2_000, 10_000);
    const shard = env.TRANSACTIONS.getByName("shard-0");
    await fate("down");
    const before = (await log()).requests.length;
    const [seed = ""] = await payments(1, "many");
    await runInDurableObject(shard, (_, state) => {
      const sql = state.storage.sql;
      const { last, first } = sql
        .exec<{ last: number; first: number }>(
          "SELECT max(position) AS last, max(first_position) AS first FROM events",
        )
        .one();
      state.storage.transactionSync(() => {
        for (let at = 1; at <= events; at++) {
          sql.exec(
            `INSERT INTO events
             SELECT ?1, ?1, 1, type, created_at_ms, form, data, traceparent, refund, merchant_id, ?2
             FROM events WHERE position = ?3`,
            last + at,
            `txn_many${at}`,
            first,
          );
        }
      });
    });
    expect(seed).not.toBe("");
    // The object reads its journal anew when it starts again.
    await runInDurableObject(shard, (_, state) => state.abort("restarted")).catch(() => {});
    await fate("up");
    await ready(); // Wakes every shard.
    const written = await eventually(async () => {
      const all = await log();
      const many = new Set(
        all.records.map(({ key }) => key).filter((key) => key.startsWith("txn_many")),
      );
      expect(many.size).toBe(events);
      return all;
    });
    const sizes = written.requests.slice(before).map((keys) => keys.length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(100);
    await eventually(async () => expect((await ready()).outboxes.stream.depth).toBe(0));
  });
});
