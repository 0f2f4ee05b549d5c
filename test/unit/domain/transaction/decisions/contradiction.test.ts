/** Which late answers to a refund say other than what is recorded. */
import { describe, expect, it } from "vitest";
import { contradictsRefund } from "../../../../../src/domain/transaction/decisions/contradiction";
import type { Refund, RefundStatus } from "../../../../../src/domain/transaction/refund";

const recorded = (status: RefundStatus, processor_reference?: string): Refund => ({
  id: "re_abcdefghijklmnopqrstuvwxyz_abcdefghijklmnop",
  transaction_id: "txn_abcdefghijklmnopqrstuvwxyz",
  idempotency_key: "refund-1",
  amount: 1,
  amount_minor: 100,
  currency: "USD",
  status,
  reason: null,
  metadata: {},
  livemode: false,
  failure: null,
  created_at: "2026-11-29T12:00:00.000Z",
  updated_at: "2026-11-29T12:00:00.000Z",
  ...(processor_reference !== undefined && { processor_reference }),
});

describe("a late answer to a refund", () => {
  it.each([
    ["succeeded", "declined"],
    ["failed", "done"],
  ] as const)("One that is %s is contradicted by %s, unless it is the same one", (status, kind) => {
    expect(contradictsRefund(recorded(status), { kind })).toBe(true);
    const other = { kind, processor_reference: "re_2" };
    expect(contradictsRefund(recorded(status, "re_1"), other)).toBe(true);
    // It has failed after it had succeeded.
    expect(contradictsRefund(recorded(status, "re_2"), other)).toBe(false);
  });

  it.each([
    ["succeeded", "done"],
    ["failed", "declined"],
  ] as const)("One that is %s is not contradicted by %s", (status, kind) => {
    expect(contradictsRefund(recorded(status), { kind })).toBe(false);
  });
});
