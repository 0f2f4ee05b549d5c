/** Crashes of a transaction's object, and a D1 that fails. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { TransactionShard } from "../../../src/transactions/transaction-shard";
import { processorSaw } from "../../support/api";
import { env } from "../../support/env";
import { until } from "../../support/eventually";
import { bookRows, eventTypes, ownerOf, readBook, ringUntil, shop } from "../../support/owner";

/** Stops the object at once, as a crash would: nothing in memory survives. */
async function crash(transactionId: string): Promise<void> {
  await runInDurableObject(ownerOf(transactionId), (_, state) => state.abort("crash")).catch(
    () => {},
  );
}

describe("a crash of the owner", () => {
  it("A crash during the processor's call: the charge is finished without a new request", async () => {
    const { id } = await shop.created({ metadata: { processor: "hang,settle" } });
    const answer = shop.process(id).catch(() => undefined);
    await until(async () => (await processorSaw(id)).calls === 1);
    await crash(id);
    await answer;
    expect(await ringUntil(id, "completed")).toMatchObject({ version: 3 });
    expect((await processorSaw(id)).charges).toBe(1);
  });

  it("A crash between claim and call: the charge is made once, after the restart", async () => {
    const { id } = await shop.created();
    await runInDurableObject(ownerOf(id), (object) => {
      // The claim is committed; the call to the processor never leaves.
      Object.assign(object, { env: { ...env } });
      return blockCharges(object);
    });
    const answer = shop.process(id).catch(() => undefined);
    await until(async () => (await shop.find(id)).status === "processing");
    expect((await processorSaw(id)).calls).toBe(0);
    await crash(id);
    await answer;
    await ringUntil(id, "completed");
    expect(await processorSaw(id)).toMatchObject({ calls: 1, charges: 1 });
  });

  it("A crash between call and record: the processor is called again under the same key", async () => {
    const { id } = await shop.created({ metadata: { processor: "slow" } });
    const answer = shop.process(id).catch(() => undefined);
    await until(async () => (await processorSaw(id)).charges === 1);
    await crash(id); // The processor has charged and is about to say so.
    await answer;
    await ringUntil(id, "completed");
    expect((await processorSaw(id)).charges).toBe(1);
    expect(await eventTypes(id)).toHaveLength(3);
  });

  it("A crash after the commit and before the write to D1: the alarm writes to D1", async () => {
    const { id } = await shop.created();
    await bookRows(id);
    await withBrokenBook(async () => {
      await shop.cancel(id);
      await crash(id);
      expect((await readBook(id, "events_gone")).events).toHaveLength(1);
    });
    await until(async () => {
      await runDurableObjectAlarm(ownerOf(id)).catch(() => false);
      return (await bookRows(id)).events.length === 2;
    });
    expect((await bookRows(id)).transactions[0]).toMatchObject({ status: "cancelled", version: 2 });
  });
});

describe("a failing book", () => {
  it("A failing D1 does not stop creates and processes, and catches up without a new request", async () => {
    const ids: string[] = [];
    await withBrokenBook(async () => {
      for (let index = 0; index < 5; index++) {
        const { id } = await shop.created({ user_id: `offline_${index}` });
        expect((await shop.process(id)).status).toBe(200);
        ids.push(id);
      }
    });
    await until(async () => {
      const rows = await Promise.all(ids.map(bookRows));
      return rows.every(({ events }) => events.length === 3);
    });
    for (const id of ids) {
      const { transactions, events } = await bookRows(id);
      expect(transactions).toMatchObject([{ status: "completed", version: 3 }]);
      expect(events.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
      expect(JSON.parse(transactions[0]?.data ?? "")).toEqual(await shop.find(id));
    }
  });
});

/** Makes every D1 write of the book really fail: its table is renamed meanwhile. */
async function withBrokenBook(work: () => Promise<void>): Promise<void> {
  await env.DB.exec("ALTER TABLE feed_events RENAME TO events_gone");
  try {
    await work();
  } finally {
    await env.DB.exec("ALTER TABLE events_gone RENAME TO feed_events");
  }
}

/** From now on the object's calls to its processor never leave. */
function blockCharges(_object: TransactionShard): void {
  const real = globalThis.fetch;
  globalThis.fetch = (input, init) => {
    const isCharge = String(input instanceof Request ? input.url : input).endsWith("/charges");
    if (!isCharge) return real(input, init);
    globalThis.fetch = real;
    return new Promise(() => {});
  };
}
