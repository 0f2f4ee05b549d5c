/** A destination with a pace, and the pace of hand-overs to dispatchers. */
import { expect, it } from "vitest";
import type { EventRecord } from "../../../../src/domain/transaction/event";
import { Journal } from "../../../../src/transactions/journal/journal";
import { OutboxRelay } from "../../../../src/transactions/outbox/relay";
import { WebhookDestination } from "../../../../src/transactions/outbox/to-webhooks";
import { created, MERCHANT, NOW_MS } from "../../../support/examples";
import { fakeClock } from "../../../support/fake-clock";
import { memoryStorage } from "../../../support/sqlite";

fakeClock();
const PACE_MS = 250;

function append(journal: Journal): void {
  const key = `order-${journal.lastPosition + 1}`;
  journal.append(MERCHANT, created({}, NOW_MS, key), null);
  journal.write();
}

it("A destination's pace puts off a drain only while there is something to deliver and it does not fail", async () => {
  const journal = new Journal(memoryStorage().sql);
  let isDown = false;
  const outbox = new OutboxRelay(journal, {
    name: "book",
    pace_ms: () => PACE_MS,
    deliver: async () => {
      if (isDown) throw new Error("down");
    },
    onFailure: () => {},
  });
  append(journal);
  expect(outbox.isPaced(NOW_MS)).toBe(false);
  await outbox.drain(NOW_MS);
  expect(outbox.isPaced(NOW_MS + 1)).toBe(false);
  append(journal);
  expect([0, PACE_MS - 1, PACE_MS].map((after) => outbox.isPaced(NOW_MS + after))).toEqual([
    true,
    true,
    false,
  ]);
  expect(outbox.isPaced(NOW_MS - 1_000)).toBe(false); // The clock was set back.
  isDown = true;
  await outbox.drain(NOW_MS + PACE_MS);
  expect(outbox.isPaced(NOW_MS + PACE_MS + 1)).toBe(false);
});

it("Whoever needs the events now has them delivered whatever the pace", async () => {
  const journal = new Journal(memoryStorage().sql);
  const delivered: number[] = [];
  const outbox = new OutboxRelay(journal, {
    name: "book",
    pace_ms: () => PACE_MS,
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
    new Journal(sql).backoffs,
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
