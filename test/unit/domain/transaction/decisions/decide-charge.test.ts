/** Decisions about an existing transaction. */
import { describe, expect, it } from "vitest";
import { decideCapture } from "../../../../../src/domain/transaction/decisions/decide-capture";
import {
  decideProcess,
  refusedPayment,
} from "../../../../../src/domain/transaction/decisions/decide-charge";
import { decideExpiry } from "../../../../../src/domain/transaction/decisions/decide-review";
import type { ProcessorTerms } from "../../../../../src/domain/transaction/livemode";
import type { Status } from "../../../../../src/domain/transaction/status";
import type { Transaction } from "../../../../../src/domain/transaction/transaction";
import {
  DECLINED,
  EXAMPLE_NAMES,
  EXAMPLES,
  LIVE,
  NOW_MS,
  taken,
} from "../../../../support/examples";
import {
  authorized,
  capturing,
  charged,
  decide as decideRefundOf,
  refunded,
  refundRequest,
} from "../../../../support/held-money";
import {
  APPROVED,
  BY,
  COMMANDS,
  decide,
  EXPIRED_MS,
  LATER_MS,
} from "../../../../support/transaction-decisions";

const REJECTED = { code: "review_rejected", message: "This payment was rejected in review" };
const FAILURES: Record<string, Transaction["failure"]> = {
  "record a declined charge of": DECLINED,
  reject: REJECTED,
  expire: REJECTED,
};

/** How the review ends when a held transaction moves; any other keeps the one it has. */
function reviewAfter(command: string, { status, review }: Transaction, decided_at: string) {
  if (status !== "review" || !review) return review;
  const ends: Record<string, object> = {
    approve: { status: "approved", ...BY },
    reject: { status: "rejected", ...BY },
    cancel: { status: "cancelled" },
    expire: { status: "rejected", expired: true },
  };
  return { ...review, ...ends[command], decided_at };
}

describe("a decision", () => {
  for (const [command, row] of Object.entries(COMMANDS)) {
    for (const name of EXAMPLE_NAMES) {
      const expected = row[name];
      const transaction = EXAMPLES[name];
      const title = `to ${command} a ${name} transaction`;

      if (expected === "await" || expected === "nothing") {
        const does = expected === "await" ? "waits for the charge under way" : "changes nothing";
        it(`The decision ${title} ${does}`, () => {
          const outcome = expected === "await" ? "await" : { ok: true, value: null };
          expect(decide(command, transaction, EXPIRED_MS)).toEqual(outcome);
        });
      } else if (expected.startsWith("refuses")) {
        it(`The decision ${title} is refused with the status and the action`, () => {
          const [, action] = expected.split(" ");
          const { status } = transaction;
          const refusal = { code: "illegal_transition", status, action };
          expect(decide(command, transaction, LATER_MS)).toEqual({ ok: false, refusal });
        });
      } else {
        it(`The decision ${title} makes it ${expected} and records it in one event`, () => {
          const nowMs = command === "expire" ? EXPIRED_MS : LATER_MS;
          const decided = decide(command, transaction, nowMs);
          if (decided === "await" || !decided.ok || !decided.value) throw new Error("no change");
          const at = new Date(nowMs).toISOString();
          const next: Transaction = {
            ...transaction,
            status: expected as Status, // Neither of the two words above.
            failure: FAILURES[command] ?? null,
            review: reviewAfter(command, transaction, at),
            ...(expected === "completed" && { amount_captured_minor: transaction.amount_minor }),
            version: transaction.version + 1,
            updated_at: at,
          };
          expect(decided.value.transaction).toEqual(next);
          expect(decided.value.events).toEqual([
            {
              id: `evt_${transaction.id.slice(4)}_${next.version}`,
              type: command === "approve" ? APPROVED : `transaction.${expected}`,
              sequence: next.version,
              transaction_id: transaction.id,
              created_at: at,
              data: next,
            },
          ]);
        });
      }
    }
  }

  it("A review expires at its time, to the millisecond", () => {
    expect(decide("expire", EXAMPLES.held, EXPIRED_MS - 1)).toEqual({ ok: true, value: null });
  });

  it("A review may expire to an approval, where the rules say so", () => {
    const { review } = EXAMPLES.held;
    if (!review) throw new Error("not held");
    const lenient: Transaction = {
      ...EXAMPLES.held,
      review: { ...review, expires_to: "approve" },
    };
    const approved = taken(decideExpiry(lenient, EXPIRED_MS, EXPIRED_MS))?.transaction;
    expect(approved).toMatchObject({
      status: "pending",
      failure: null,
      review: { status: "approved", expired: true, reviewer: null },
    });
  });

  it("A decision never makes an event older than the one before it, though the clock steps back", () => {
    const earlier = NOW_MS - 86_400_000;
    const claim = taken(decideProcess(EXAMPLES.pending, LIVE, earlier));
    if (claim.step !== "claim") throw new Error("not claimed");
    const { transaction, events } = claim.change;
    expect(transaction.updated_at).toBe(EXAMPLES.pending.updated_at);
    expect(events[0]?.created_at).toBe(EXAMPLES.pending.updated_at);
  });
});

describe("a processor that takes some payments only", () => {
  const unsupported = {
    code: "amount_not_supported",
    amount_minor: 10_055,
    currency: "USD",
    lower_minor: 10_050,
    upper_minor: 10_060,
  } as const;
  const picky: ProcessorTerms = {
    ...LIVE,
    refusedAmount: (amount_minor) => (amount_minor % 10 === 0 ? undefined : unsupported),
    refusedDetails: ({ payment_method }) =>
      payment_method === null ? { code: "payment_method_required" } : undefined,
  };
  const details = { payment_method: "pm_1", customer: null, return_url: null };
  const payment = { amount_minor: 10_050, currency: "USD" };

  it("A new payment is refused by its amount and by its details, processed at once or not", () => {
    for (const isProcessed of [true, false]) {
      const refused = (fields: object) =>
        refusedPayment({ ...payment, ...fields }, isProcessed, picky);
      expect(refused({ details })).toBeUndefined();
      expect(refused({})).toEqual({ code: "payment_method_required" });
      expect(refused({ details, amount_minor: 10_055 })).toEqual(unsupported);
    }
  });

  it("A capture and a refund are refused by their amounts, and a repetition is not", () => {
    const capture = (amount: string, transaction = authorized()) =>
      decideCapture(transaction, { amount }, picky, NOW_MS);
    expect(capture("40.05")).toEqual({ ok: false, refusal: unsupported });
    expect(capture("40.00")).toMatchObject({ value: { step: "claim" } });
    expect(capture("40.05", capturing("40.05"))).toMatchObject({ value: { step: "wait" } });
    const request = refundRequest("40.05");
    expect(decideRefundOf(charged(), request, [], picky)).toEqual({
      ok: false,
      refusal: unsupported,
    });
    const { transaction, refunds } = refunded(charged(), [], "40.05");
    const repeated = { ...refundRequest("40.05"), idempotency_key: "r0" };
    expect(decideRefundOf(transaction, repeated, refunds, picky)).toMatchObject({
      value: { step: "wait" },
    });
  });
});
