/** Destinations that gather events before a drain. */
import { expect, it } from "vitest";
import type { EventRecord } from "../../../../src/domain/transaction/event";
import { Journal } from "../../../../src/transactions/journal/journal";
import { OutboxRelay } from "../../../../src/transactions/outbox/relay";
import { WebhookDestination } from "../../../../src/transactions/outbox/to-webhooks";
import { created, MERCHANT, NOW_MS } from "../../../support/examples";
import { fakeClock } from "../../../support/fake-clock";
import { memoryStorage } from "../../../support/sqlite";

fakeClock();
const GATHER_MS = 250;

function append(journal: Journal): void {
  const key = `order-${journal.lastPosition + 1}`;
  journal.append(MERCHANT, created({}, NOW_MS, key), null);
  journal.write();
}

it("A destination that gathers events puts off a drain only while there are some and it does not fail", async () => {
  const journal = new Journal(memoryStorage().sql);
  let isDown = false;
  const outbox = new OutboxRelay(journal, {
    name: "book",
    gather_ms: () => GATHER_MS,
    deliver: async () => {
      if (isDown) throw new Error("down");
    },
    onFailure: () => {},
  });
  const gathering = (...afters: number[]) =>
    afters.map((after) => outbox.isGathering(NOW_MS + after));
  expect(gathering(0)).toEqual([false]);
  append(journal);
  expect(gathering(10_000, 10_001, 10_000 + GATHER_MS - 1)).toEqual([true, true, true]);
  expect(gathering(10_000 + GATHER_MS)).toEqual([false]);
  await outbox.drain(NOW_MS + 11_000);
  expect(gathering(11_001)).toEqual([false]);
  append(journal);
  expect(gathering(12_000, 5_000)).toEqual([true, false]); // The clock was set back.
  isDown = true;
  await outbox.drain(NOW_MS + 12_000);
  expect(gathering(1)).toEqual([false]); // It is backing off.
});

it("Events that are needed now are delivered without gathering", async () => {
  const journal = new Journal(memoryStorage().sql);
  const delivered: number[] = [];
  const outbox = new OutboxRelay(journal, {
    name: "book",
    gather_ms: () => GATHER_MS,
    deliver: async (events) => void delivered.push(events.length),
    onFailure: () => {},
  });
  for (const after of [0, 1, 2]) {
    append(journal);
    await outbox.drain(NOW_MS + after);
  }
  expect(delivered).toEqual([1, 1, 1]);
});

it("Dispatchers are asked less often only after all of them said that they want nothing", async () => {
  const { sql } = memoryStorage();
  const answers = new Map<string, () => boolean>([
    ["none", () => false],
    ["some", () => true],
    [
      "dead",
      () => {
        throw new Error("dead");
      },
    ],
  ]);
  const destination = new WebhookDestination(
    sql,
    new Journal(sql),
    async (merchant) => answers.get(merchant)?.() ?? false,
    () => {},
  );
  const wantedAfter = async (...merchants: string[]) => {
    await destination.deliver(
      merchants.map(
        (merchant_id, at) => ({ position: at + 1, merchant_id, data: "" }) as EventRecord,
      ),
    );
    return destination.isWanted;
  };
  expect(destination.isWanted).toBe(true);
  expect(await wantedAfter("none")).toBe(false);
  expect(await wantedAfter("some", "none")).toBe(true);
  expect(await wantedAfter("none")).toBe(false);
  expect(await wantedAfter("dead")).toBe(true);
  expect(await wantedAfter("none")).toBe(true); // The events of the dead one wait.
});
