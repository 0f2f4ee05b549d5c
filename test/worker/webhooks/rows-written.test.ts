/** How many rows a dispatcher writes for a delivery. Rows written are what the platform bills, so each is counted here:
 *  a new index, table or alarm that costs one more has to be decided on. */
import { runInDurableObject } from "cloudflare:test";
import { afterEach, expect, it, vi } from "vitest";
import type { EventRecord } from "../../../src/domain/transaction/event";
import type { AttemptResult } from "../../../src/domain/webhook/webhook";
import type { DeliveryNotice } from "../../../src/webhooks/rpc";
import type { WebhookDispatcher } from "../../../src/webhooks/webhook-dispatcher";
import { type Client, newClient } from "../../support/api";
import { eventually } from "../../support/eventually";
import { dispatcherOf, endpoint, receiverUrl } from "../../support/webhooks-api";

const DAY_MS = 86_400_000;
const OK: AttemptResult = { status_code: 200, error: null, duration_ms: 5, retry_after_ms: 0 };
const FAILED: AttemptResult = { ...OK, status_code: 500, error: "http_status" };

afterEach(() => {
  vi.useRealTimers();
});

/** Moves the clock of the test and of the objects. */
function moveClock(byMs: number): void {
  const nowMs = Date.now() + byMs;
  vi.useRealTimers();
  vi.useFakeTimers({ now: nowMs, toFake: ["Date"] });
}

type Written = { rows: number; alarms: number };

/** A dispatcher whose written rows are counted, and whose notices go nowhere. */
type Counted = {
  dispatcher: WebhookDispatcher;
  notices: DeliveryNotice[];
  /** What was written since the last call. An alarm is a row too, which no cursor has. */
  written: () => Written;
};

function inCounted(client: Client, work: (counted: Counted) => Promise<void>): Promise<void> {
  return runInDurableObject(dispatcherOf(client), async (instance, { storage }) => {
    const dispatcher = instance as WebhookDispatcher;
    const notices: DeliveryNotice[] = [];
    const { env } = dispatcher as unknown as { env: Record<string, unknown> };
    const queue = env.WEBHOOK_QUEUE;
    env.WEBHOOK_QUEUE = {
      sendBatch: async (messages: { body: DeliveryNotice }[]) => {
        notices.push(...messages.map(({ body }) => body));
      },
    };
    let cursors: { rowsWritten: number }[] = [];
    let alarms = 0;
    const { sql } = storage;
    const { exec } = sql;
    const { setAlarm } = storage;
    sql.exec = ((query: string, ...given: SqlStorageValue[]) => {
      const cursor = exec.call(sql, query, ...given);
      cursors.push(cursor);
      return cursor;
    }) as typeof exec;
    storage.setAlarm = (at) => {
      alarms += 1;
      return setAlarm.call(storage, at);
    };
    const written = (): Written => {
      const counted = {
        rows: cursors.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0),
        alarms,
      };
      cursors = [];
      alarms = 0;
      return counted;
    };
    try {
      await work({ dispatcher, notices, written });
    } finally {
      env.WEBHOOK_QUEUE = queue;
      sql.exec = exec;
      storage.setAlarm = setAlarm;
    }
  });
}

function events(count: number): EventRecord[] {
  return Array.from({ length: count }, (_, at) => ({
    position: at + 1,
    first_position: at + 1,
    refund: null,
    merchant_id: "mer_1",
    transaction_id: `txn_${at}`,
    sequence: 1,
    type: "transaction.created",
    created_at_ms: Date.now(),
    data: '{"webhook_url":null}',
    traceparent: null,
  }));
}

const sent = (counted: Counted, count: number) =>
  eventually(() => expect(counted.notices).toHaveLength(count));
/** After the dispatch that a commit has planned: timers end in their order. */
const dispatched = () => new Promise((resolve) => setTimeout(resolve, 10));
const report = ({ dispatcher, notices }: Counted, result: AttemptResult) =>
  dispatcher.report(
    notices.map(({ delivery_id, number }) => ({
      delivery_id,
      number,
      started_at_ms: Date.now(),
      result,
    })),
  );

async function newDispatcher(): Promise<Client> {
  const client = await newClient();
  await endpoint(client, receiverUrl("counted"));
  return client;
}

it("A delivery that comes alone writes 6 rows and sets two alarms, its deletion included", async () => {
  await inCounted(await newDispatcher(), async (counted) => {
    const { dispatcher, written } = counted;
    await dispatcher.alarm();
    written();
    dispatcher.accept(events(1));
    // Its row, and the indexes of pending deliveries and of its transaction. The alarm: if the object ends now.
    expect(written()).toEqual({ rows: 3, alarms: 1 });
    await sent(counted, 1);
    expect(dispatcher.take(counted.notices)).toHaveLength(1);
    expect(written()).toEqual({ rows: 0, alarms: 0 });
    report(counted, OK);
    // Its row, and the row of the counters.
    expect(written()).toEqual({ rows: 2, alarms: 0 });
    await dispatched();
    moveClock(10_000);
    await dispatcher.alarm();
    // The alarm is for the next sweep.
    expect(written()).toEqual({ rows: 0, alarms: 1 });
    moveClock(30 * DAY_MS + DAY_MS);
    await dispatcher.alarm();
    // Its row, and the row of the counters, which all deletions of a sweep share. No delivery is left, and no alarm.
    expect(written()).toEqual({ rows: 2, alarms: 0 });
    moveClock(10_000);
    await dispatcher.alarm();
    expect(written()).toEqual({ rows: 0, alarms: 0 });
  });
});

it("Deliveries that come one by one, each some seconds after the last, write 6 rows each and one alarm for some", async () => {
  await inCounted(await newDispatcher(), async (counted) => {
    const { dispatcher, notices, written } = counted;
    await dispatcher.alarm();
    written();
    const deliveries = 20;
    let rung = 0;
    for (const event of events(deliveries)) {
      dispatcher.accept([event]);
      await sent(counted, 1);
      dispatcher.take(notices);
      report(counted, OK);
      notices.length = 0;
      await dispatched();
      moveClock(1_500);
      rung += 1;
      if (rung % 7 === 0) await dispatcher.alarm(); // Ten seconds after it was set.
    }
    // Two alarms for each ten seconds: for the report of counters, and then for the next sweep.
    expect(written()).toEqual({ rows: 5 * deliveries, alarms: 5 });
    moveClock(31 * DAY_MS);
    await dispatcher.alarm();
    expect(written()).toEqual({ rows: deliveries + 1, alarms: 0 });
  });
});

it("32 deliveries at once write 5 rows each and one for the counters, in each of two rounds", async () => {
  await inCounted(await newDispatcher(), async (counted) => {
    const { dispatcher, notices, written } = counted;
    await dispatcher.alarm();
    written();
    dispatcher.accept(events(32));
    expect(written()).toEqual({ rows: 3 * 32, alarms: 1 });
    await sent(counted, 20); // As many as an endpoint may have under way.
    expect(dispatcher.take(notices)).toHaveLength(20);
    report(counted, OK);
    expect(written()).toEqual({ rows: 20 + 1, alarms: 0 });
    notices.length = 0;
    await sent(counted, 12);
    dispatcher.take(notices);
    report(counted, OK);
    await dispatched();
    expect(written()).toEqual({ rows: 12 + 1, alarms: 0 });
    moveClock(31 * DAY_MS);
    await dispatcher.alarm();
    expect(written()).toEqual({ rows: 32 + 1, alarms: 0 });
  });
});

it("A delivery that fails twice writes four rows for each failure: its own, its index, the endpoint, the counters", async () => {
  await inCounted(await newDispatcher(), async (counted) => {
    const { dispatcher, notices, written } = counted;
    await dispatcher.alarm();
    dispatcher.accept(events(1));
    written();
    for (const number of [1, 2]) {
      await sent(counted, 1);
      expect(dispatcher.take(notices)).toMatchObject([{ number }]);
      report(counted, FAILED);
      notices.length = 0;
      await dispatched();
      // The alarm is for the next attempt.
      expect(written()).toEqual({ rows: 4, alarms: 1 });
      moveClock(5_000);
      await dispatcher.alarm();
      expect(written().rows).toBe(0);
    }
    await sent(counted, 1);
    expect(dispatcher.take(notices)).toMatchObject([{ number: 3 }]);
    report(counted, OK);
    // The endpoint works again.
    expect(written().rows).toBe(3);
  });
});

it("Calls that change nothing write nothing: filters, lists, an event that was accepted, a report that was recorded", async () => {
  const client = await newDispatcher();
  await inCounted(client, async (counted) => {
    const { dispatcher, written } = counted;
    await dispatcher.alarm();
    const given = events(2);
    dispatcher.accept(given);
    await sent(counted, 2);
    dispatcher.take(counted.notices);
    report(counted, OK);
    written();
    expect(dispatcher.wanted()).toEqual(["*"]);
    dispatcher.endpoints();
    dispatcher.deliveries({}, undefined, 100);
    dispatcher.accept(given);
    dispatcher.take(counted.notices);
    report(counted, OK);
    expect(written()).toEqual({ rows: 0, alarms: 0 });
  });
});
