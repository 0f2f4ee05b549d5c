/** Reports about refunds and disputes: recorded once, in whatever order they come. */
import { describe, expect, it } from "vitest";
import { decideDispute } from "../../../../../src/domain/transaction/decisions/decide-dispute";
import { decideRefundOutcome } from "../../../../../src/domain/transaction/decisions/decide-refund";
import { decideRefundReport } from "../../../../../src/domain/transaction/decisions/decide-refund-report";
import type { Dispute } from "../../../../../src/domain/transaction/dispute";
import type { Event } from "../../../../../src/domain/transaction/event";
import { MAX_REFUNDS, type Refund } from "../../../../../src/domain/transaction/refund";
import type { RefundReport } from "../../../../../src/domain/transaction/report";
import type { Transaction } from "../../../../../src/domain/transaction/transaction";
import { DECLINED, EXAMPLES, NOW_MS } from "../../../../support/examples";
import { authorized, charged, DONE, refunded } from "../../../../support/held-money";

const REFERENCE = "re_of_processor";

type Books = { transaction: Transaction; refunds: Refund[]; events: Event[] };

/** A charged payment with one pending refund of 40 dollars. */
function pending(): Books & { id: string } {
  const { transaction, refunds } = refunded(charged(), [], "40.00");
  const all = refunds.map(({ refund }) => refund);
  return { transaction, refunds: all, events: [], id: all[0]?.id ?? "" };
}

const reportOf = (fields: Partial<RefundReport> & { state: RefundReport["state"] }): RefundReport =>
  ({
    kind: "refund",
    processor_reference: REFERENCE,
    refund_id: null,
    amount_minor: 4_000,
    currency: "USD",
    ...(fields.state === "failed" && { failure: DECLINED }),
    ...fields,
  }) as RefundReport;

/** @returns the result, after the books have changed by it */
function take(books: Books, report: RefundReport): string {
  const decided = decideRefundReport(books.transaction, report, books.refunds, NOW_MS);
  if (decided.result !== "recorded") return decided.result;
  books.transaction = decided.change.transaction;
  books.events.push(...decided.change.events);
  const others = books.refunds.filter(({ id }) => id !== decided.refund.id);
  expect(decided.is_new).toBe(others.length === books.refunds.length);
  books.refunds = [decided.refund, ...others];
  return "recorded";
}

/** All orders of a few things. */
function ordersOf<Item>(items: Item[]): Item[][] {
  if (items.length < 2) return [items];
  return items.flatMap((item, at) => {
    const rest = items.filter((_, other) => other !== at);
    return ordersOf(rest).map((order) => [item, ...order]);
  });
}

describe("a report about a refund", () => {
  it("A refund that succeeds and then fails ends failed in every order, and gives the money back once", () => {
    for (const states of ordersOf(["pending", "succeeded", "failed", "failed"] as const)) {
      const books = pending();
      for (const state of states) {
        expect(take(books, reportOf({ refund_id: books.id, state }))).not.toBe("contradicts");
      }
      expect(books.refunds).toMatchObject([
        { status: "failed", failure: DECLINED, processor_reference: REFERENCE },
      ]);
      expect(books.transaction.amount_refunded_minor).toBe(0);
      expect(books.events.filter(({ type }) => type === "refund.failed").length).toBe(1);
      const wasMade = states.indexOf("succeeded") < states.indexOf("failed");
      expect(books.refunds[0]?.reversed_at !== undefined).toBe(wasMade);
    }
  });

  it("A report and our own answer are recorded once", () => {
    const books = pending();
    expect(take(books, reportOf({ refund_id: books.id, state: "succeeded" }))).toBe("recorded");
    expect(take(books, reportOf({ refund_id: books.id, state: "succeeded" }))).toBe("unchanged");
    expect(take(books, reportOf({ refund_id: null, state: "succeeded" }))).toBe("unchanged");
    expect(books.transaction.amount_refunded_minor).toBe(4_000);
  });

  it("A refund made at the processor is recorded once, when it has an outcome", () => {
    for (const states of ordersOf(["pending", "succeeded", "succeeded", "failed"] as const)) {
      const books: Books = { transaction: charged(), refunds: [], events: [] };
      for (const state of states) take(books, reportOf({ state }));
      expect(books.refunds).toMatchObject([
        { status: "failed", idempotency_key: `processor:${REFERENCE}`, amount_minor: 4_000 },
      ]);
      expect(books.transaction.amount_refunded_minor).toBe(0);
      expect(books.events.map(({ type }) => type)[0]).toBe("refund.created");
      expect(books.events.filter(({ type }) => type === "refund.created").length).toBe(1);
    }
  });

  it("Refunds made at the processor have ids of their own, which no client's key leads to", () => {
    const books: Books = { transaction: charged(), refunds: [], events: [] };
    for (const processor_reference of ["re_a", "re_b"]) {
      take(books, reportOf({ state: "succeeded", processor_reference, amount_minor: 100 }));
    }
    expect(new Set(books.refunds.map(({ id }) => id)).size).toBe(2);
    expect(books.transaction.amount_refunded_minor).toBe(200);
    const { refunds } = refunded(charged(), [], "1.00");
    expect(refunds[0]?.refund.id).not.toBe(books.refunds[0]?.id);
  });

  it.each([
    ["another amount", { amount_minor: 4_001 }],
    ["another currency", { currency: "EUR" }],
    ["an id that we do not have", { refund_id: "re_other" }],
  ])("A report with %s contradicts, whatever it says", (_, fields) => {
    for (const state of ["pending", "succeeded", "failed"] as const) {
      const books = pending();
      expect(take(books, reportOf({ refund_id: books.id, state, ...fields }))).toBe("contradicts");
    }
  });

  it("A report of another refund under our id contradicts", () => {
    const books = pending();
    take(books, reportOf({ refund_id: books.id, state: "succeeded" }));
    const other = reportOf({ refund_id: books.id, state: "failed", processor_reference: "re_2" });
    expect(take(books, other)).toBe("contradicts");
  });

  it("A refund that was declined without an id of the processor cannot have succeeded", () => {
    const books = pending();
    const declined = { kind: "declined" as const, failure: DECLINED };
    const [refund] = books.refunds;
    if (!refund) throw new Error("no refund");
    const ended = decideRefundOutcome(books.transaction, refund, books.refunds, declined, NOW_MS);
    books.refunds = [ended.refund];
    books.transaction = ended.change.transaction;
    expect(take(books, reportOf({ refund_id: books.id, state: "succeeded" }))).toBe("contradicts");
    expect(take(books, reportOf({ refund_id: books.id, state: "failed" }))).toBe("unchanged");
  });

  it("More than was captured contradicts, and more than a pending refund leaves is to be repeated", () => {
    const all = reportOf({ state: "succeeded", amount_minor: 10_050 });
    const books = pending();
    expect(take(books, all)).toBe("later");
    expect(take(books, { ...all, amount_minor: 10_051 })).toBe("contradicts");
    const made = refunded(charged(), [], "40.00", DONE);
    const after = { ...books, ...made, refunds: made.refunds.map(({ refund }) => refund) };
    expect(take(after, { ...all, amount_minor: 10_051 } as RefundReport)).toBe("contradicts");
    for (const amount_minor of [0, -1, 0.5, Number.NaN]) {
      expect(take(after, reportOf({ state: "succeeded", amount_minor }))).toBe("contradicts");
    }
  });

  it("A refund that is reported before the failure that made room for it is recorded after that", () => {
    const books: Books = { transaction: charged(), refunds: [], events: [] };
    const [first, second] = ["re_first", "re_second"].map((processor_reference) =>
      reportOf({ state: "succeeded", amount_minor: 10_050, processor_reference }),
    ) as [RefundReport, RefundReport];
    expect(take(books, first)).toBe("recorded");
    expect(take(books, second)).toBe("later");
    expect(take(books, { ...first, state: "failed", failure: DECLINED } as RefundReport)).toBe(
      "recorded",
    );
    expect(take(books, second)).toBe("recorded");
    expect(books.transaction.amount_refunded_minor).toBe(10_050);
  });

  it("A refund of a second payment that names the same transaction contradicts", () => {
    const transaction = { ...charged(), processor_reference: "pi_1" };
    const reported = (payment_reference: string) =>
      take(
        { transaction, refunds: [], events: [] },
        reportOf({ state: "succeeded", payment_reference }),
      );
    expect([reported("pi_2"), reported("pi_1")]).toEqual(["contradicts", "recorded"]);
  });

  it("The most refunds of a transaction are not exceeded", () => {
    const books: Books = { transaction: charged(), refunds: [], events: [] };
    for (let count = 0; count < MAX_REFUNDS; count++) {
      const fields = { processor_reference: `re_${count}`, amount_minor: 1 };
      expect(take(books, reportOf({ state: "succeeded", ...fields }))).toBe("recorded");
    }
    expect(take(books, reportOf({ state: "succeeded", amount_minor: 1 }))).toBe("contradicts");
  });

  it("A report about a payment that is not charged yet is to be repeated; of one that never is, it contradicts", () => {
    const report = reportOf({ state: "succeeded" });
    const of = (transaction: Transaction) => take({ transaction, refunds: [], events: [] }, report);
    expect([EXAMPLES.processing, authorized()].map(of)).toEqual(["later", "later"]);
    const never = [EXAMPLES.pending, EXAMPLES.declined, EXAMPLES.cancelled, EXAMPLES.blocked];
    expect(never.map(of)).toEqual(Array(4).fill("contradicts"));
  });
});

describe("a report about a dispute", () => {
  const disputeOf = (fields: Partial<Dispute> = {}): Dispute => ({
    id: "dp_1",
    status: "open",
    reason: "fraudulent",
    amount_minor: 10_050,
    currency: "USD",
    evidence_due_by: null,
    opened_at: "2026-12-01T08:00:00.000Z",
    ...fields,
  });
  const walk = (disputes: Dispute[], from = charged()) => {
    let transaction = from;
    const types: string[] = [];
    const results = disputes.map((dispute) => {
      const decided = decideDispute(transaction, { kind: "dispute", dispute }, NOW_MS);
      if (decided.result !== "recorded") return decided.result;
      transaction = decided.change.transaction;
      types.push(...decided.change.events.map(({ type }) => type));
      return "recorded";
    });
    return { transaction, types, results };
  };

  it("A dispute is opened and closed once, in every order and however often it is reported", () => {
    const reports = [
      disputeOf(),
      disputeOf({ status: "won" }),
      disputeOf(),
      disputeOf({ status: "won" }),
    ];
    for (const order of ordersOf(reports)) {
      const { transaction, types } = walk(order);
      expect(types).toEqual(["dispute.opened", "dispute.closed"]);
      expect(transaction).toMatchObject({ status: "completed", dispute: { status: "won" } });
    }
  });

  it("Another end than the recorded one contradicts", () => {
    const { results } = walk([disputeOf({ status: "lost" }), disputeOf({ status: "won" })]);
    expect(results).toEqual(["recorded", "contradicts"]);
  });

  it("A newer dispute replaces an older one, and not the other way", () => {
    const later = disputeOf({ id: "dp_2", opened_at: "2027-01-01T08:00:00.000Z" });
    for (const order of [
      [disputeOf(), later],
      [later, disputeOf(), disputeOf({ status: "lost" })],
    ]) {
      expect(walk(order).transaction.dispute).toEqual(later);
    }
  });

  it("A dispute of a second payment that names the same transaction contradicts", () => {
    const transaction = { ...charged(), processor_reference: "pi_1" };
    const decide = (payment_reference: string) => {
      const report = { kind: "dispute" as const, dispute: disputeOf(), payment_reference };
      return decideDispute(transaction, report, NOW_MS).result;
    };
    expect([decide("pi_2"), decide("pi_1")]).toEqual(["contradicts", "recorded"]);
  });

  it("A dispute of a payment that has no outcome yet is to be repeated", () => {
    expect(walk([disputeOf()], authorized()).results).toEqual(["later"]);
    expect(walk([disputeOf()], EXAMPLES.declined).results).toEqual(["contradicts"]);
  });
});
