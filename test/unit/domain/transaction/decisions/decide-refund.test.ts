/** Refunds: never more than was captured. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RequestedRefund } from "../../../../../src/domain/transaction/decisions/decide-refund";
import { MAX_REFUNDS } from "../../../../../src/domain/transaction/refund";
import type { Transaction } from "../../../../../src/domain/transaction/transaction";
import { EXAMPLES, LIVE, processorOf, taken } from "../../../../support/examples";
import {
  authorized,
  captured,
  capturing,
  charged,
  DECLINE,
  DONE,
  decide,
  refunded,
  refundRequest,
  voiding,
} from "../../../../support/held-money";

describe("a refund", () => {
  it("A refund is pending and changes only the version of its payment; its success adds to what is refunded", () => {
    const transaction = charged();
    const step = taken(
      decide(transaction, refundRequest("1.00", "r", { reason: "late", metadata: { a: "b" } })),
    );
    if (step.step !== "claim") throw new Error(step.step);
    expect(step.refund).toEqual({
      id: expect.stringMatching(/^re_[a-z2-7]{26}_[a-z2-7]{16}$/),
      transaction_id: transaction.id,
      idempotency_key: "r",
      amount: 1,
      amount_minor: 100,
      currency: "USD",
      status: "pending",
      reason: "late",
      metadata: { a: "b" },
      livemode: true,
      failure: null,
      created_at: transaction.updated_at,
      updated_at: transaction.updated_at,
    });
    expect(step.change.transaction).toEqual({ ...transaction, version: 4 });
    expect(step.change.events).toMatchObject([
      { type: "refund.created", sequence: 4, refund: step.refund, data: { version: 4 } },
    ]);
    const named = { kind: "done", processor_reference: "rf_1" } as const;
    const ended = refunded(transaction, [], "1.00", named);
    expect(ended.transaction).toMatchObject({ amount_refunded_minor: 100, version: 5 });
    expect(ended.refunds[0]?.refund).toMatchObject({
      status: "succeeded",
      processor_reference: "rf_1",
    });
    const failed = refunded(transaction, [], "1.00", DECLINE);
    expect(failed.transaction).toMatchObject({ amount_refunded_minor: 0, failure: null });
    expect(failed.refunds[0]?.refund).toMatchObject({
      status: "failed",
      failure: { code: "card_declined" },
    });
  });

  it("The refunds that did not fail never exceed what was captured, in any order of outcomes", () => {
    const steps = fc.array(
      fc.record({
        minor: fc.oneof(fc.integer({ min: 1, max: 10_050 }), fc.constant(null)),
        result: fc.constantFrom(undefined, DONE, DONE, DECLINE),
      }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(steps, fc.constantFrom(charged(), captured("60.00")), (given, payment) => {
        let transaction: Transaction = payment;
        let refunds: RequestedRefund[] = [];
        const total = payment.amount_captured_minor ?? Number.NaN;
        const sum = (...statuses: string[]) =>
          refunds
            .filter(({ refund }) => statuses.includes(refund.status))
            .reduce((all, { refund }) => all + refund.amount_minor, 0);
        for (const { minor, result } of given) {
          const amount = minor === null ? null : String(minor / 100);
          const left = total - sum("pending", "succeeded");
          const decided = decide(transaction, refundRequest(amount, "next"), refunds);
          expect(decided.ok).toBe(left > 0 && (minor ?? left) <= left);
          if (!decided.ok) {
            expect(decided.refusal).toMatchObject({
              code: "refund_exceeds_remaining",
              amount_minor: minor,
              remaining_minor: left,
            });
            continue;
          }
          ({ transaction, refunds } = refunded(transaction, refunds, amount, result));
          expect(refunds[0]?.refund.amount_minor).toBe(minor ?? left);
          expect(sum("pending", "succeeded")).toBeLessThanOrEqual(total);
          expect(transaction.amount_refunded_minor).toBe(sum("succeeded"));
        }
      }),
      { numRuns: 300 },
    );
  });

  it("The same key again is the same refund; another request under it is refused with its fields", () => {
    const transaction = charged();
    const first = refundRequest("1.00", "r0", { reason: "late" });
    const { refunds } = refunded(transaction, [], "1.00");
    const [made] = refunds as [RequestedRefund];
    expect(decide(transaction, refundRequest("1", "r0"), refunds)).toMatchObject({
      value: { step: "wait", refund: made.refund },
    });
    const done = refunded(transaction, [], "1.00", DONE);
    expect(decide(done.transaction, refundRequest("1", "r0"), done.refunds)).toMatchObject({
      value: { step: "answer" },
    });
    expect(decide(transaction, first, refunds)).toMatchObject({
      refusal: { code: "idempotency_key_reused", fields: ["reason"] },
    });
    // All that is left is not the same as the amount that it came to.
    const all = refunded(transaction, [], null);
    expect(decide(transaction, refundRequest("100.5", "r0"), all.refunds)).toMatchObject({
      refusal: { fields: ["amount"] },
    });
    expect(decide(transaction, refundRequest(null, "r0"), all.refunds)).toMatchObject({
      value: { step: "wait" },
    });
  });

  it("Only a completed payment is refunded", () => {
    const { completed, ...others } = EXAMPLES;
    expect(decide(completed, refundRequest(null)).ok).toBe(true);
    for (const one of [...Object.values(others), authorized(), capturing(), voiding()]) {
      const { status } = one;
      const refusal = { code: "illegal_transition", status, action: "refund" };
      expect(decide(one, refundRequest(null))).toEqual({ ok: false, refusal });
    }
  });

  it("A payment of before there were captures is refunded up to its amount", () => {
    const { amount_captured_minor, amount_refunded_minor, capture_method, ...old } = charged();
    const { transaction, refunds } = refunded(old, [], "100.00", DONE);
    expect(transaction.amount_refunded_minor).toBe(10_000);
    expect(decide(transaction, refundRequest("0.51", "more"), refunds)).toMatchObject({
      refusal: { remaining_minor: 50 },
    });
  });

  it("A payment has at most so many refunds, failed ones included", () => {
    let transaction = charged();
    let refunds: RequestedRefund[] = [];
    for (let count = 0; count < MAX_REFUNDS; count++) {
      ({ transaction, refunds } = refunded(transaction, refunds, "0.01", DECLINE));
    }
    expect(decide(transaction, refundRequest("0.01", "more"), refunds)).toEqual({
      ok: false,
      refusal: { code: "too_many_refunds" },
    });
  });

  it("No refund is claimed that the processor does not support, or of the other mode", () => {
    const none = { ...LIVE, supports: () => false };
    expect(decide(charged(), refundRequest(null), [], none)).toMatchObject({
      refusal: { code: "operation_not_supported", operation: "refund" },
    });
    const sandbox = processorOf("sandbox");
    expect(decide(charged(), refundRequest(null), [], sandbox)).toMatchObject({
      refusal: { code: "livemode_mismatch" },
    });
  });
});
