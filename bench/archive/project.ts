// What of the project is measured, and the payments that it archives. It is bundled before it runs.
import { randomBytes, randomInt } from "node:crypto";
import type { ArchivedPayment } from "../../src/archive/line";
import type { SortKey } from "../../src/archive/manifest";
import { deriveTransactionId } from "../../src/domain/identity/id";
import { defaultRuleSet } from "../../src/domain/risk/default-rules/default-rules";
import { decideProcess } from "../../src/domain/transaction/decisions/decide-charge";
import { decideCreate } from "../../src/domain/transaction/decisions/decide-create";
import { decideOutcome } from "../../src/domain/transaction/decisions/decide-outcome";
import type { ProcessorTerms } from "../../src/domain/transaction/livemode";

export { readBlockLines } from "../../src/archive/archive-store";
export { fromLine } from "../../src/archive/line";
export { buildSegment } from "../../src/archive/segment";
export { ArchivedPayments } from "../../src/transactions/journal/archived/archived-payments";
export { migrateJournal } from "../../src/transactions/journal/schema";

const RULES = defaultRuleSet({
  threshold_thousandths: 5_000_000,
  max_daily_transactions: 10,
  review_score: 101,
  block_score: 70,
  unlisted_currency: "review",
});
const PROCESSOR: ProcessorTerms = {
  mode: "live",
  name: "http",
  supports: () => true,
  capture_window_ms: 0,
  action_window_ms: 0,
  refusedAmount: () => undefined,
  refusedDetails: () => undefined,
};
const BEGUN_MS = Date.parse("2026-11-30T07:00:00.000Z");
const MERCHANT = "mer_aaaaaaaaaaaaaaaaaaaaaaaaaa";
const KEY_BYTES = 8;
const TRACE_BYTES = 16;
const SPAN_BYTES = 8;
const MAX_GAP_MS = 250;
const CUSTOMERS = 100_000;

/** What differs between payments besides their ids, times and traces: keys in a row and one price, as of `npm run bench`, or
 *  random text and amounts, which do not compress. */
export const SHAPES = {
  "keys in a row": (at: number) => ({
    idempotency_key: `bench-archive-${at}`,
    user_id: `customer_${randomInt(CUSTOMERS)}`,
    amount_minor: 1_050,
  }),
  "random keys": () => ({
    idempotency_key: random(KEY_BYTES),
    user_id: `user_${random(KEY_BYTES)}`,
    amount_minor: 1 + randomInt(100_000),
  }),
};
type Shape = (at: number) => { idempotency_key: string; user_id: string; amount_minor: number };

/** The id of a payment that does not matter otherwise. */
export function newId(key: string): string {
  return deriveTransactionId(MERCHANT, key);
}

/** The smallest payments there are, created and processed by two requests each. */
export function newPayments(count: number, shape: Shape) {
  let nowMs = BEGUN_MS;
  const keys: SortKey[] = [];
  const payments = Array.from({ length: count }, (_, at) => {
    nowMs += randomInt(MAX_GAP_MS);
    const fields = shape(at);
    const transaction_id = deriveTransactionId(MERCHANT, fields.idempotency_key);
    keys.push({
      merchant_id: MERCHANT,
      created_at: new Date(nowMs).toISOString(),
      id: transaction_id,
    });
    return newPayment(transaction_id, fields, 1 + at * 3, nowMs);
  });
  return { keys, payments };
}

function newPayment(
  transaction_id: string,
  { idempotency_key, ...fields }: ReturnType<Shape>,
  first_position: number,
  nowMs: number,
): ArchivedPayment {
  const created = decideCreate(
    {
      transaction_id,
      idempotency_key,
      livemode: true,
      processor: "http",
      request: {
        ...fields,
        currency: "USD",
        description: null,
        metadata: {},
        webhook_url: null,
        capture_method: "automatic",
      },
    },
    { signals: { "customer.count.24h": 1 }, rules: RULES },
    nowMs,
  );
  const claimed = decideProcess(created.transaction, PROCESSOR, nowMs + 20);
  if (!claimed.ok || claimed.value.step !== "claim") throw new Error("not claimed");
  const { change } = claimed.value;
  const ended = decideOutcome(change.transaction, { kind: "done" }, PROCESSOR, nowMs + 40);
  if (!ended.ok) throw new Error("not completed");
  const traces = [newTraceparent(), newTraceparent()];
  const events = [...created.events, ...change.events, ...ended.value.events];
  return {
    events: events.map(({ type, sequence, created_at, data }, at) => ({
      position: first_position + at,
      merchant_id: MERCHANT,
      transaction_id,
      sequence,
      type,
      created_at_ms: Date.parse(created_at),
      data: JSON.stringify(data),
      traceparent: traces[Math.min(at, 1)] ?? null,
      first_position,
      refund: null,
    })),
    refunds: [],
    details: null,
  };
}

function newTraceparent(): string {
  return `00-${random(TRACE_BYTES)}-${random(SPAN_BYTES)}-01`;
}

function random(bytes: number): string {
  return randomBytes(bytes).toString("hex");
}
