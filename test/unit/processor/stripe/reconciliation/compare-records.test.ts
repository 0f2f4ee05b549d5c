/** What we have recorded beside what Stripe has. */
import { describe, expect, it } from "vitest";
import type { Refund as OurRefund } from "../../../../../src/domain/transaction/refund";
import type { Transaction } from "../../../../../src/domain/transaction/transaction";
import { PaymentIntent, Refund } from "../../../../../src/processor/stripe/objects";
import {
  compareOwnRefund,
  comparePayment,
  paymentToLookUp,
  refundToLookUp,
} from "../../../../../src/processor/stripe/reconciliation/compare-records";

const ID = `txn_${"a".repeat(26)}`;
const REFUND_ID = `re_${"a".repeat(26)}_${"b".repeat(16)}`;
const about = { transaction_id: ID, refund_id: null, processor_reference: "pi_1" };

const ours = (more: object = {}) =>
  ({
    ...{ id: ID, status: "authorized", amount_minor: 1250, currency: "USD" },
    ...{ processor_reference: "pi_1" },
    ...more,
  }) as Transaction;
const intent = (more: object = {}) =>
  PaymentIntent.parse({
    ...{ object: "payment_intent", id: "pi_1", status: "requires_capture", amount: 1250 },
    ...{ currency: "usd", livemode: false, metadata: { transaction_id: ID } },
    ...more,
  });

describe("paymentToLookUp", () => {
  it("A payment is looked up under the processor's id once it may have reached Stripe", () => {
    for (const status of [
      "processing",
      "requires_action",
      "authorized",
      "completed",
      "failed",
      "cancelled",
    ]) {
      expect(paymentToLookUp(ours({ status })), status).toEqual({ id: "pi_1" });
    }
    for (const status of ["pending", "review"]) {
      expect(paymentToLookUp(ours({ status })), status).toBeUndefined();
    }
  });

  it("A payment without an id of Stripe's is missing there only when money was held or moved", () => {
    for (const processor_reference of [undefined, "sandbox-1"]) {
      const found = (status: string) => paymentToLookUp(ours({ status, processor_reference }));
      expect(found("completed")).toBe("none");
      expect(found("authorized")).toBe("none");
      for (const status of ["processing", "requires_action", "failed", "cancelled"]) {
        expect(found(status), status).toBeUndefined();
      }
    }
  });
});

it("A payment of another processor, and its refunds, are not looked up at Stripe", () => {
  const refund = { id: REFUND_ID, status: "succeeded", processor_reference: "re_1" } as OurRefund;
  for (const processor of ["sandbox", "http", "stripe", undefined]) {
    const payment = ours({ status: "completed", processor });
    const isOurs = processor === "stripe" || processor === undefined;
    expect(paymentToLookUp(payment)).toEqual(isOurs ? { id: "pi_1" } : undefined);
    expect(refundToLookUp(payment, refund)).toEqual(isOurs ? { id: "re_1" } : undefined);
  }
});

describe("comparePayment", () => {
  const FITS = [
    ["authorized", "requires_capture"],
    ["failed", "requires_payment_method"],
    ["failed", "canceled"],
    ["cancelled", "canceled"],
    ["processing", "processing"],
    ["processing", "requires_capture"],
    ["requires_action", "requires_action"],
  ];
  it.each(FITS)("A payment that is %s fits a PaymentIntent that is %s", (status, theirs) => {
    expect(comparePayment(ours({ status }), intent({ status: theirs }))).toEqual([]);
  });

  const DIFFERS = [
    ["authorized", "canceled"],
    ["completed", "requires_capture"],
    ["completed", "requires_payment_method"],
    ["failed", "requires_capture"],
    ["cancelled", "requires_capture"],
    ["processing", "canceled"],
    ["requires_action", "canceled"],
  ];
  it.each(DIFFERS)(
    "A payment that is %s differs from a PaymentIntent that is %s",
    (status, theirs) => {
      expect(comparePayment(ours({ status }), intent({ status: theirs }))).toEqual([
        { kind: "state", ...about, ours: status, theirs },
      ]);
    },
  );

  it("A payment whose money has moved is left to its balance transaction", () => {
    for (const status of ["completed", "failed", "authorized"]) {
      expect(comparePayment(ours({ status }), intent({ status: "succeeded", amount: 1 }))).toEqual(
        [],
      );
    }
  });

  it("A payment that Stripe lacks, or has as that of another, is missing there", () => {
    expect(comparePayment(ours(), undefined)).toEqual([
      { kind: "missing_there", ...about, ours: "authorized", theirs: null },
    ]);
    const other = `txn_${"c".repeat(26)}`;
    expect(comparePayment(ours(), intent({ metadata: { transaction_id: other } }))).toEqual([
      { kind: "missing_there", ...about, ours: "authorized", theirs: `payment of ${other}` },
    ]);
  });

  it("The amount and the currency of money that is held are compared", () => {
    expect(comparePayment(ours(), intent({ amount: 1200 }))).toEqual([
      { kind: "amount", ...about, ours: "1250 USD", theirs: "1200 USD" },
    ]);
    expect(comparePayment(ours(), intent({ currency: "eur" }))).toEqual([
      { kind: "currency", ...about, ours: "USD", theirs: "EUR" },
    ]);
  });
});

describe("compareOwnRefund", () => {
  const ourRefund = (more: object = {}) =>
    ({
      ...{ id: REFUND_ID, transaction_id: ID, status: "pending", processor_reference: "re_1" },
      ...more,
    }) as OurRefund;
  const refund = (more: object = {}) =>
    Refund.parse({
      ...{ object: "refund", id: "re_1", status: "pending", amount: 1, currency: "usd" },
      ...more,
    });
  const aboutRefund = { transaction_id: ID, refund_id: REFUND_ID, processor_reference: "re_1" };

  it("A refund is looked up under the processor's id, and has one when it has succeeded", () => {
    expect(refundToLookUp(ours(), ourRefund())).toEqual({ id: "re_1" });
    const without = { processor_reference: undefined };
    expect(refundToLookUp(ours(), ourRefund({ ...without, status: "succeeded" }))).toBe("none");
    expect(refundToLookUp(ours(), ourRefund(without))).toBeUndefined();
    expect(refundToLookUp(ours(), ourRefund({ ...without, status: "failed" }))).toBeUndefined();
  });

  it("A refund that Stripe lacks is missing there", () => {
    expect(compareOwnRefund(ourRefund(), undefined)).toEqual([
      { kind: "missing_there", ...aboutRefund, ours: "pending", theirs: null },
    ]);
  });

  it("The state of a refund is compared while no money has moved", () => {
    expect(compareOwnRefund(ourRefund(), refund())).toEqual([]);
    expect(compareOwnRefund(ourRefund(), refund({ status: "requires_action" }))).toEqual([]);
    expect(compareOwnRefund(ourRefund(), refund({ status: "canceled" }))).toEqual([
      { kind: "state", ...aboutRefund, ours: "pending", theirs: "failed" },
    ]);
    const moved = refund({ status: "succeeded", balance_transaction: "txn_2" });
    expect(compareOwnRefund(ourRefund(), moved)).toEqual([]);
  });
});
