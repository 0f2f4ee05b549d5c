/** A destination that wants some types of events only. */
import { describe, expect, it } from "vitest";
import type { Change } from "../../../../src/domain/transaction/decisions/transition";
import { Journal } from "../../../../src/transactions/journal/journal";
import { OutboxRelay } from "../../../../src/transactions/outbox/relay";
import { NOW_MS } from "../../../support/examples";
import { memoryStorage } from "../../../support/sqlite";

describe("a destination for some types of events only", () => {
  it("A destination with a filter gets the events of its types, in order and once, and is past all the others", async () => {
    const { sql } = memoryStorage();
    const journal = new Journal(sql);
    const types = Array.from({ length: 1_000 }, (_, at) =>
      at % 333 === 5 ? "transaction.failed" : "transaction.created",
    );
    for (const [at, type] of types.entries()) {
      const created_at = new Date(NOW_MS).toISOString();
      const event = { transaction_id: `t${at}`, sequence: 1, type, created_at, data: {} };
      journal.append("m", { events: [event] } as unknown as Change, null);
      journal.write();
    }
    const told: string[][] = [];
    let isDown = true;
    const outbox = new OutboxRelay(journal, {
      name: "velocity",
      types: ["transaction.failed"],
      deliver: async (events) => {
        if (events.length === 0) return;
        if (isDown) throw new Error("down");
        told.push(events.map(({ transaction_id }) => transaction_id));
      },
      onFailure: () => {},
    });
    await outbox.drain(NOW_MS);
    expect(outbox.deliveredThrough).toBe(0);
    isDown = false;
    await outbox.drain(outbox.retryAtMs);
    expect(told).toEqual([["t5"], ["t338"], ["t671"]]);
    expect(outbox.deliveredThrough).toBe(1_000);
    outbox.storeCheckpoint();
    expect(outbox.wakeAtMs).toBeUndefined();
  });
});
