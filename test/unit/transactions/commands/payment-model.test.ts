/** Charges, holds, captures, voids, refunds and restarts in any order, compared with a model. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { deriveRefundId } from "../../../../src/domain/identity/id";
import { EVENT_TYPES } from "../../../../src/domain/transaction/event";
import type { Answer as ProcessorAnswer } from "../../../../src/processor/processor";
import type { Command } from "../../../../src/transactions/commands/command";
import { CAPTURE_WINDOW_MS, MERCHANT, NOW_MS, TRACEPARENT } from "../../../support/examples";
import {
  type Answer,
  apply,
  newPayment,
  type Payment,
  refundedMinor,
  type Step,
} from "../../../support/payment-model";
import {
  A_DECLINE,
  about,
  claimedVersion,
  create,
  freshShard,
  idOf,
  journal,
  refusalOf,
  restartShard,
  run,
  SETTLED,
  UNKNOWN,
} from "../../../support/shard";

const MINOR = 10_050;
const minors = fc.constantFrom(null, 1, 4_000, 6_050, MINOR, 20_000);
const answers = fc.constantFrom<Answer>("done", "declined", "unknown");
const refunds = fc.constantFrom("r1", "r2", "r3");
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    what: fc.constant("create" as const),
    is_manual: fc.constantFrom(true, true, true, false),
    process: fc.boolean(),
  }),
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constantFrom("process", "cancel", "cancel", "expire", "restart"),
    }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("capture" as const), minor: minors }) },
  { weight: 6, arbitrary: fc.record({ what: fc.constant("answer" as const), answer: answers }) },
  {
    weight: 4,
    arbitrary: fc.record({ what: fc.constant("refund" as const), refund: refunds, minor: minors }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constant("answer refund" as const),
      refund: refunds,
      answer: answers,
    }),
  },
);

/** What has happened before, so that few runs end before there is anything to capture or refund. */
const DONE: Step = { what: "answer", answer: "done" };
const HELD: Step[] = [{ what: "create", is_manual: true, process: true }, DONE];
const TAKEN: Step[] = [...HELD, { what: "capture", minor: 6_050 }, DONE];
const CHARGING: Step[] = [{ what: "create", is_manual: false, process: true }];
const begun = fc.constantFrom<Step[]>([], CHARGING, HELD, HELD, TAKEN);

const ANSWERS: Record<Answer, ProcessorAnswer> = {
  done: SETTLED,
  declined: A_DECLINE,
  unknown: UNKNOWN,
};
const KEYS = ["a", "a", "a", "b"];
const amountOf = (minor: number | null) => (minor === null ? null : String(minor / 100));

function commandOf(key: string, given: Exclude<Step, { what: "restart" }>): Command {
  const base = { traceparent: TRACEPARENT, transaction_id: idOf(key) };
  const own = { ...base, merchant_id: MERCHANT };
  switch (given.what) {
    case "create": {
      const { is_manual, process } = given;
      const method = is_manual ? "manual" : "automatic";
      return { ...create(key, { capture_method: method }), process } as Command;
    }
    case "process":
    case "cancel":
      return about(given.what, key);
    case "expire":
      return { kind: "expire", ...base };
    case "capture":
      return { kind: "capture", ...own, amount: amountOf(given.minor) };
    case "refund": {
      const request = { idempotency_key: given.refund, reason: null, metadata: {} };
      return { kind: "refund", ...own, ...request, amount: amountOf(given.minor) };
    }
    case "answer":
    case "answer refund": {
      const refund = given.what === "answer" ? undefined : deriveRefundId(idOf(key), given.refund);
      return {
        kind: "record",
        ...base,
        answer: ANSWERS[given.answer],
        operation: refund ? "refund" : "charge",
        claimed_version: claimedVersion(idOf(key)),
        refund_id: refund,
      };
    }
  }
}

/** Whether there can be such a command: the processor answers only what it was asked. */
function isPossible(payment: Payment | undefined, given: Step): boolean {
  if (given.what === "answer") return payment?.operation !== undefined;
  if (given.what === "answer refund") return payment?.refunds.has(given.refund) === true;
  return true;
}

it("Payments have the statuses, amounts, refunds, deadlines and open operations of the model", () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(
      begun,
      fc.array(fc.tuple(fc.constantFrom(...KEYS), step), { maxLength: 40, size: "max" }),
      (first, more) => {
        const steps = [...first.map((one) => ["a", one] as const), ...more];
        freshShard();
        const model = new Map<string, Payment>();
        let now = NOW_MS;
        for (const [key, given] of steps) {
          const payment = model.get(key);
          if (!isPossible(payment, given)) continue;
          now += given.what === "expire" ? CAPTURE_WINDOW_MS : 1_000;
          if (given.what === "restart") restartShard();
          else follow(model, key, given, now);
          for (const each of KEYS) expectSame(each, model.get(each));
        }
        for (const each of KEYS) {
          for (const { type } of journal.readEvents(idOf(each))) {
            seen.set(type, (seen.get(type) ?? 0) + 1);
          }
        }
      },
    ),
    { numRuns: 500 },
  );
  expect(EVENT_TYPES.filter((type) => !seen.has(type))).toEqual([
    "transaction.review_opened",
    "transaction.review_approved",
    // `report-model.test.ts` has the lives with these.
    "transaction.requires_action",
    "transaction.action_expired",
    "transaction.erased",
    "dispute.opened",
    "dispute.closed",
  ]);
});

function follow(
  model: Map<string, Payment>,
  key: string,
  given: Exclude<Step, { what: "restart" }>,
  nowMs: number,
): void {
  const payment = model.get(key);
  const result = run(commandOf(key, given), nowMs);
  const code = refusalOf(result)?.code ?? "ok";
  if (payment) expect(code).toBe(apply(payment, given));
  else if (given.what !== "create") expect(code).toBe("transaction_not_found");
  else {
    const made = newPayment(given.is_manual, MINOR);
    apply(made, given);
    model.set(key, made);
  }
  if (result.kind !== "pending") return;
  // What is to be called is the operation that the model has open.
  const { refund } = result.order;
  const expected = refund ? "pending" : "processing";
  expect(refund?.status ?? result.order.transaction.status).toBe(expected);
}

function expectSame(key: string, payment: Payment | undefined): void {
  const id = idOf(key);
  const transaction = journal.find(id)?.transaction;
  if (!payment) {
    expect(transaction).toBeUndefined();
    return;
  }
  const { status, is_manual, minor, captured, operation, has_failure } = payment;
  const isHeld = status === "authorized" || (operation && operation.type !== "first");
  expect(transaction).toMatchObject({
    status,
    amount_minor: minor,
    amount_captured_minor: captured,
    amount_refunded_minor: refundedMinor(payment, "succeeded"),
    ...(is_manual && { amount_capturable_minor: isHeld ? minor : 0 }),
  });
  expect(transaction?.failure !== null).toBe(has_failure);
  expect(transaction?.pending_operation?.type ?? "first").toBe(operation?.type ?? "first");
  expect(journal.deadlines.expiresAtMs(id) !== undefined).toBe(status === "authorized");
  expect(journal.charges.find(id) !== undefined).toBe(status === "processing");
  const stored = journal.refunds.of(id).map(({ refund }) => refund);
  expect(new Map(stored.map((one) => [one.idempotency_key, one.status]))).toEqual(
    new Map([...payment.refunds].map(([name, one]) => [name, one.status])),
  );
  for (const refund of stored) {
    expect(journal.charges.find(refund.id) !== undefined).toBe(refund.status === "pending");
  }
  expect(refundedMinor(payment, "pending", "succeeded")).toBeLessThanOrEqual(captured);
  const events = journal.readEvents(id);
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
  expect(events.at(-1)?.data).toBe(journal.findText(id)?.data);
}
