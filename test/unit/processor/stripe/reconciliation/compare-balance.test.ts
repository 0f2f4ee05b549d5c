/** What has moved at Stripe beside our record of it. */
import { describe, expect, it } from "vitest";
import type { Refund as OurRefund } from "../../../../../src/domain/transaction/refund";
import type { Transaction } from "../../../../../src/domain/transaction/transaction";
import { Refund } from "../../../../../src/processor/stripe/objects";
import {
  BalanceTransaction,
  Charge,
} from "../../../../../src/processor/stripe/reconciliation/balance";
import {
  compareCharge,
  compareFee,
  compareRefund,
} from "../../../../../src/processor/stripe/reconciliation/compare-balance";

const ID = `txn_${"a".repeat(26)}`;
const REFUND_ID = `re_${"a".repeat(26)}_${"b".repeat(16)}`;
const about = { transaction_id: ID, refund_id: null, processor_reference: "pi_1" };
const aboutRefund = { ...about, refund_id: REFUND_ID, processor_reference: "re_1" };

const charge = (more: object = {}) =>
  Charge.parse({
    ...{ object: "charge", id: "ch_1", amount_captured: 1250, currency: "usd" },
    ...{ payment_intent: "pi_1", metadata: { transaction_id: ID } },
    ...more,
  });
const refund = (more: object = {}) =>
  Refund.parse({
    ...{ object: "refund", id: "re_1", status: "succeeded", amount: 250, currency: "usd" },
    ...{ payment_intent: "pi_1", metadata: { refund_id: REFUND_ID }, balance_transaction: "txn_2" },
    ...more,
  });
const entry = (more: object = {}) =>
  BalanceTransaction.parse({
    ...{ object: "balance_transaction", id: "txn_1", type: "charge", created: 1 },
    ...{ amount: 1250, currency: "usd", fee: 66, net: 1184, fee_details: [{ amount: 66 }] },
    ...more,
  });
/** The members that are compared. */
const ours = (more: Partial<Transaction> = {}) =>
  ({
    ...{ id: ID, status: "completed", amount_minor: 1250, amount_captured_minor: 1250 },
    ...{ currency: "USD", processor_reference: "pi_1" },
    ...more,
  }) as Transaction;
const ourRefund = (more: Partial<OurRefund> = {}) =>
  ({
    id: REFUND_ID,
    status: "succeeded",
    amount_minor: 250,
    currency: "USD",
    ...more,
  }) as OurRefund;

describe("compareCharge", () => {
  it("A charge that is recorded as it is has no difference", () => {
    expect(compareCharge(entry(), charge(), ours())).toEqual([]);
  });

  it("A charge of a payment of before there were captures is compared by its whole amount", () => {
    const { amount_captured_minor: _, ...earlier } = ours();
    expect(compareCharge(entry(), charge(), earlier as Transaction)).toEqual([]);
  });

  it("A charge without a transaction is missing here", () => {
    const missing = { kind: "missing_here", ...about, ours: null, theirs: "1250 USD" };
    expect(compareCharge(entry(), charge(), undefined)).toEqual([missing]);
    expect(compareCharge(entry(), charge({ metadata: {} }), undefined)).toEqual([
      { ...missing, transaction_id: null },
    ]);
    expect(
      compareCharge(entry(), charge({ metadata: null, payment_intent: null }), undefined),
    ).toEqual([{ ...missing, transaction_id: null, processor_reference: "ch_1" }]);
  });

  it("A second payment of the same transaction is missing here", () => {
    expect(compareCharge(entry(), charge({ payment_intent: "pi_2" }), ours())).toEqual([
      {
        ...about,
        kind: "missing_here",
        processor_reference: "pi_2",
        ours: "pi_1",
        theirs: "1250 USD",
      },
    ]);
  });

  it("The state, the currency and the amount of a charge are compared", () => {
    expect(compareCharge(entry(), charge(), ours({ status: "failed" }))).toEqual([
      { kind: "state", ...about, ours: "failed", theirs: "succeeded" },
    ]);
    expect(compareCharge(entry(), charge(), ours({ currency: "EUR" }))).toEqual([
      { kind: "currency", ...about, ours: "EUR", theirs: "USD" },
    ]);
    expect(compareCharge(entry(), charge({ amount_captured: 1200 }), ours())).toEqual([
      { kind: "amount", ...about, ours: "1250 USD", theirs: "1200 USD" },
    ]);
    expect(compareCharge(entry(), charge(), ours({ amount_captured_minor: 700 }))).toEqual([
      { kind: "amount", ...about, ours: "700 USD", theirs: "1250 USD" },
    ]);
  });

  it("What is settled is compared when it is in the currency of the payment", () => {
    expect(compareCharge(entry({ amount: 1249 }), charge(), ours())).toEqual([
      { kind: "amount", ...about, ours: "1250 USD", theirs: "1249 USD" },
    ]);
    const converted = entry({ amount: 1100, currency: "eur" });
    expect(compareCharge(converted, charge(), ours())).toEqual([]);
  });

  it("Amounts are compared in minor units of ISO 4217", () => {
    const krona = { currency: "isk", amount: 1_250_00, amount_captured: 1_250_00 };
    expect(compareCharge(entry(krona), charge(krona), ours({ currency: "ISK" }))).toEqual([]);
    const half = { ...krona, amount: 1_250_50, amount_captured: 1_250_50 };
    expect(compareCharge(entry(half), charge(half), ours({ currency: "ISK" }))).toEqual([
      { kind: "amount", ...about, ours: "1250 ISK", theirs: "? ISK" },
    ]);
  });
});

describe("compareRefund", () => {
  const paidBack = entry({ type: "refund", amount: -250, fee: 0, net: -250, fee_details: [] });
  const returned = entry({ type: "refund_failure", amount: 250, fee: 0, net: 250 });

  it("A refund that is recorded as it is has no difference", () => {
    expect(compareRefund(paidBack, refund(), aboutRefund, ourRefund())).toEqual([]);
  });

  it("A refund without one of ours is missing here", () => {
    expect(compareRefund(paidBack, refund(), aboutRefund, undefined)).toEqual([
      { kind: "missing_here", ...aboutRefund, ours: null, theirs: "250 USD" },
    ]);
  });

  it("The state, the currency and the amount of a refund are compared", () => {
    const compare = (more: Partial<OurRefund>) =>
      compareRefund(paidBack, refund(), aboutRefund, ourRefund(more));
    expect(compare({ status: "pending" })).toEqual([
      { kind: "state", ...aboutRefund, ours: "pending", theirs: "succeeded" },
    ]);
    expect(compare({ currency: "EUR" })).toEqual([
      { kind: "currency", ...aboutRefund, ours: "EUR", theirs: "USD" },
    ]);
    expect(compare({ amount_minor: 251 })).toEqual([
      { kind: "amount", ...aboutRefund, ours: "251 USD", theirs: "250 USD" },
    ]);
  });

  it("A refund that has failed is compared once, at the return of its money", () => {
    const failed = refund({ status: "failed" });
    const recorded = ourRefund({ status: "failed" });
    expect(compareRefund(paidBack, failed, aboutRefund, recorded)).toEqual([]);
    expect(compareRefund(returned, failed, aboutRefund, recorded)).toEqual([]);
    expect(compareRefund(paidBack, failed, aboutRefund, ourRefund())).toEqual([]);
    expect(compareRefund(returned, failed, aboutRefund, ourRefund())).toEqual([
      { kind: "state", ...aboutRefund, ours: "succeeded", theirs: "failed" },
    ]);
  });
});

describe("compareFee", () => {
  it("A fee that is the sum of its parts has no difference", () => {
    expect(compareFee(entry(), about)).toEqual([]);
    const parts = entry({ fee_details: [{ amount: 60 }, { amount: 6 }] });
    expect(compareFee(parts, about)).toEqual([]);
    expect(compareFee(entry({ fee: 0, net: 1250, fee_details: [] }), about)).toEqual([]);
  });

  it("A fee or a net amount with another sum is a difference", () => {
    const texts = { kind: "fee", ...about, processor_reference: "txn_1" };
    expect(compareFee(entry({ fee: 67, net: 1183 }), about)).toEqual([
      { ...texts, ours: "fee 66, net 1183 USD", theirs: "fee 67, net 1183 USD" },
    ]);
    expect(compareFee(entry({ net: 1183 }), about)).toEqual([
      { ...texts, ours: "fee 66, net 1184 USD", theirs: "fee 66, net 1183 USD" },
    ]);
  });
});
