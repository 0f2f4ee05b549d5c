/** Rows of events: their size and their numbers. */
import { expect, it } from "vitest";
import { deriveTransactionId } from "../../../../src/domain/identity/id";
import { EVENT_TYPES } from "../../../../src/domain/transaction/event";
import { execute } from "../../../../src/transactions/commands/command";
import { Journal } from "../../../../src/transactions/journal/journal";
import { TYPE_NUMBERS } from "../../../../src/transactions/journal/stored-event";
import {
  basisOf,
  HOLDING,
  LIVE,
  MERCHANT,
  NOW_MS,
  requestOf,
  TRACEPARENT,
} from "../../../support/examples";
import { memoryStorage } from "../../../support/sqlite";

it("Every type has a number of its own, which stays", () => {
  const numbers = Object.values(TYPE_NUMBERS);
  expect(new Set(numbers).size).toBe(EVENT_TYPES.length);
  expect(numbers).toEqual(EVENT_TYPES.map((_, at) => at + 1));
});

it("Each event of a payment stores its facts once", () => {
  const { sql } = memoryStorage();
  const journal = new Journal(sql);
  const transaction_id = deriveTransactionId(MERCHANT, "order-1");
  const about = { merchant_id: MERCHANT, transaction_id, traceparent: TRACEPARENT };
  const request = requestOf({ description: null, metadata: {}, webhook_url: null });
  const create = { kind: "create", ...about, idempotency_key: "order-1", request } as const;
  execute(journal, create, basisOf(1, HOLDING), LIVE, NOW_MS);
  execute(journal, { kind: "process", ...about }, undefined, LIVE, NOW_MS + 1);
  const answer = { kind: "done" } as const;
  execute(
    journal,
    { kind: "record", ...about, operation: "charge", claimed_version: 2, answer },
    undefined,
    LIVE,
    NOW_MS + 2,
  );
  journal.write();
  const rows = sql
    .exec<{ data: string; form: number; ids: number }>(
      "SELECT data, form, (merchant_id IS NOT NULL) + (transaction_id IS NOT NULL) AS ids FROM events",
    )
    .toArray();
  expect(rows).toEqual([
    expect.objectContaining({ form: 1, ids: 2 }),
    { form: 1, ids: 0, data: '{"status":"processing"}' },
    { form: 1, ids: 0, data: '{"status":"completed","amount_captured_minor":10050}' },
  ]);
  expect(rows[0]?.data.length).toBeLessThan(170);
  expect(new Journal(sql).readEvents(transaction_id)).toEqual(journal.tail.after(0));
});
