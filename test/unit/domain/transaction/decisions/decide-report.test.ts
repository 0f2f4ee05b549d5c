/** What a report about a payment does at each stage of the payment. */
import { describe, expect, it } from "vitest";
import { decideActionExpiry } from "../../../../../src/domain/transaction/decisions/decide-capture";
import { decideCancel } from "../../../../../src/domain/transaction/decisions/decide-charge";
import {
  decideActionRequired,
  decideOutcome,
} from "../../../../../src/domain/transaction/decisions/decide-outcome";
import { decideTooLate } from "../../../../../src/domain/transaction/decisions/decide-processed";
import { decideReport } from "../../../../../src/domain/transaction/decisions/decide-report";
import { decideResolution } from "../../../../../src/domain/transaction/decisions/decide-resolution";
import type { PaymentReport } from "../../../../../src/domain/transaction/report";
import type { Transaction } from "../../../../../src/domain/transaction/transaction";
import {
  DECLINED,
  EXAMPLES,
  frozen,
  LIVE,
  NOW_MS,
  stepChange,
  taken,
} from "../../../../support/examples";
import {
  authorized,
  authorizing,
  captured,
  capturing,
  DECLINE,
  DONE,
  end,
  voiding,
} from "../../../../support/held-money";

const REFERENCE = "pi_1";
const REQUIRED = {
  type: "redirect_to_url",
  redirect_to_url: { url: "https://a", return_url: null },
};
const waitingOf = (transaction: Transaction) =>
  frozen(taken(decideActionRequired(transaction, REFERENCE, LIVE, NOW_MS)).transaction);
const waiting = waitingOf(EXAMPLES.processing);
const waitingManual = waitingOf(authorizing());
const EXPIRED_MS = NOW_MS + LIVE.action_window_ms;
const expiring = frozen(
  stepChange(taken(decideActionExpiry(waiting, EXPIRED_MS, NOW_MS + LIVE.action_window_ms)))
    .transaction,
);
const cancelling = (transaction: Transaction) =>
  frozen(stepChange(taken(decideCancel(transaction, LIVE, NOW_MS))).transaction);

const report = (state: PaymentReport["state"], fields: object = {}): PaymentReport =>
  ({
    kind: "payment",
    processor_reference: REFERENCE,
    amount_minor: 10_050,
    currency: "USD",
    state,
    ...(state === "succeeded" && { captured_minor: 10_050 }),
    ...(state === "failed" && { failure: DECLINED }),
    ...(state === "action_required" && { next_action: REQUIRED }),
    ...fields,
  }) as PaymentReport;

const resultOf = (transaction: Transaction, given: PaymentReport): string => {
  const decided = decideReport(transaction, given, LIVE, NOW_MS);
  if (decided.result !== "recorded") return decided.result;
  const types = decided.change.events.map(({ type }) => type.replace("transaction.", ""));
  return `${types.join(" ")} = ${decided.change.transaction.status}`;
};

const C = "contradicts";
const U = "unchanged";
/** The events that each report adds and the status after it, for: succeeded, authorized, cancelled, failed, action_required. */
const CELLS: [string, Transaction, [string, string, string, string, string]][] = [
  ["pending", EXAMPLES.pending, [C, C, C, C, C]],
  ["in review", EXAMPLES.held, [C, C, C, C, C]],
  ["blocked", EXAMPLES.blocked, [C, C, C, C, C]],
  ["cancelled before it was processed", EXAMPLES.cancelled, [C, C, C, C, C]],
  [
    "being charged",
    EXAMPLES.processing,
    [
      "completed = completed",
      C,
      "voided = cancelled",
      "failed = failed",
      "requires_action = requires_action",
    ],
  ],
  [
    "being authorized",
    authorizing(),
    [
      "authorized processing captured = completed",
      "authorized = authorized",
      "voided = cancelled",
      "failed = failed",
      "requires_action = requires_action",
    ],
  ],
  [
    "waiting for its customer",
    waiting,
    [
      "processing completed = completed",
      C,
      "processing voided = cancelled",
      "processing failed = failed",
      U,
    ],
  ],
  [
    "waiting for its customer before it is authorized",
    waitingManual,
    [
      "processing authorized processing captured = completed",
      "processing authorized = authorized",
      "processing voided = cancelled",
      "processing failed = failed",
      U,
    ],
  ],
  [
    "being voided after the customer's time",
    expiring,
    ["completed = completed", U, "action_expired = cancelled", U, U],
  ],
  [
    "being cancelled before it was authorized",
    cancelling(waitingManual),
    ["authorized processing captured = completed", U, "voided = cancelled", U, U],
  ],
  [
    "authorized",
    authorized(),
    ["processing captured = completed", U, "processing voided = cancelled", C, U],
  ],
  ["being captured", capturing("40.00"), ["captured = completed", U, "voided = cancelled", C, U]],
  ["being voided", voiding(), ["captured = completed", U, "voided = cancelled", U, U]],
  ["charged", EXAMPLES.completed, [U, U, C, C, U]],
  ["declined", EXAMPLES.declined, [C, C, U, U, U]],
  ["voided", end(voiding()), [C, U, U, U, U]],
];
const STATES = ["succeeded", "authorized", "cancelled", "failed", "action_required"] as const;

describe("a report", () => {
  for (const [name, transaction, results] of CELLS) {
    it(`Reports about a payment that is ${name} do what the table says`, () => {
      expect(STATES.map((state) => resultOf(transaction, report(state)))).toEqual(results);
    });
  }

  it.each([
    ["another amount", { amount_minor: 10_051 }],
    ["another currency", { currency: "EUR" }],
    ["another payment", { processor_reference: "pi_2" }],
  ])("A report with %s contradicts a payment at any stage", (_, fields) => {
    for (const [, transaction] of CELLS) {
      const named = { ...transaction, processor_reference: REFERENCE };
      for (const state of STATES) expect(resultOf(named, report(state, fields))).toBe(C);
    }
  });

  it("A partial capture is recorded of an authorization alone, and only as far as it goes", () => {
    const partial = report("succeeded", { captured_minor: 4_000 });
    expect(resultOf(EXAMPLES.processing, partial)).toBe(C);
    expect(resultOf(EXAMPLES.completed, partial)).toBe(C);
    const decided = decideReport(authorized(), partial, LIVE, NOW_MS);
    expect(decided).toMatchObject({
      change: { transaction: { amount_captured_minor: 4_000, amount_capturable_minor: 0 } },
    });
    for (const captured_minor of [0, -1, 10_051, 0.5, Number.NaN, 2 ** 60]) {
      expect(resultOf(authorized(), report("succeeded", { captured_minor }))).toBe(C);
    }
    expect(resultOf(captured("40.00"), partial)).toBe(U);
    expect(resultOf(captured("40.00"), report("succeeded"))).toBe(C);
  });

  it("What was released at the processor says so, unless it was released for a reason of ours", () => {
    const reasonOf = (transaction: Transaction) => {
      const decided = decideReport(transaction, report("cancelled"), LIVE, NOW_MS);
      return decided.result === "recorded" && decided.change.transaction.cancellation_reason;
    };
    expect([EXAMPLES.processing, waiting, authorized(), capturing("1.00")].map(reasonOf)).toEqual(
      Array(4).fill("processor"),
    );
    expect([expiring, voiding()].map(reasonOf)).toEqual(["action_expired", "requested"]);
  });

  it("The processor's id is kept from the first report that names it", () => {
    for (const state of ["succeeded", "cancelled", "failed", "action_required"] as const) {
      const decided = decideReport(EXAMPLES.processing, report(state), LIVE, NOW_MS);
      expect(decided).toMatchObject({
        change: { transaction: { processor_reference: REFERENCE } },
      });
    }
  });
});

describe("a payment that waits for its customer", () => {
  it("It has until the end of the window, and keeps what it was created with", () => {
    expect(waiting).toMatchObject({
      status: "requires_action",
      failure: null,
      version: EXAMPLES.processing.version + 1,
      action_expires_at: new Date(NOW_MS + LIVE.action_window_ms).toISOString(),
    });
    expect(JSON.stringify(waiting)).not.toContain("next_action");
  });

  it("Nothing expires before its time, or once it does not wait any more", () => {
    const expire = (transaction: Transaction, nowMs: number) =>
      taken(decideActionExpiry(transaction, EXPIRED_MS, nowMs)).step;
    expect(expire(waiting, EXPIRED_MS - 1)).toBe("answer");
    expect(expire(waiting, EXPIRED_MS)).toBe("claim");
    expect(expire(EXAMPLES.completed, EXPIRED_MS)).toBe("answer");
    expect(expire(expiring, EXPIRED_MS)).toBe("answer");
  });

  it("A void that is declined leaves it waiting, and one after its time is repeated a day later", () => {
    const cancelled = taken(decideOutcome(cancelling(waiting), DECLINE, LIVE, NOW_MS));
    expect(cancelled.transaction).toMatchObject({
      status: "requires_action",
      failure: DECLINED,
      action_expires_at: waiting.action_expires_at,
    });
    expect(cancelled.events.map(({ type }) => type)).toEqual(["transaction.requires_action"]);
    const expired = taken(decideOutcome(expiring, DECLINE, LIVE, EXPIRED_MS)).transaction;
    expect(Date.parse(expired.action_expires_at ?? "")).toBe(EXPIRED_MS + 86_400_000);
    const done = taken(decideOutcome(expired, DONE, LIVE, EXPIRED_MS));
    expect(done.transaction).toMatchObject({ status: "completed", failure: null });
    expect(done.transaction).not.toHaveProperty("pending_operation");
  });

  it.each([
    ["charged", "charge", undefined, expiring, "completed = completed"],
    ["charged in full", "charge", 10_050, expiring, "completed = completed"],
    ["authorized", "authorize", undefined, cancelling(waitingManual), "authorized = authorized"],
    ["captured", "charge", 4_000, voiding(), "captured = completed"],
  ] as const)(
    "A void that comes too late leaves a payment %s",
    (_, done, minor, transaction, expected) => {
      const decided = decideTooLate(transaction, { done, captured_minor: minor }, LIVE, NOW_MS);
      if (!decided) throw new Error("not decided");
      const { transaction: after, events } = taken(decided);
      const types = events.map(({ type }) => type.replace("transaction.", ""));
      expect(`${types.join(" ")} = ${after.status}`).toBe(expected);
    },
  );

  it("A void that comes too late stays unknown if it does not say enough, or what cannot be", () => {
    const decide = (
      transaction: Transaction,
      done: "charge" | "authorize",
      captured_minor?: number,
    ) => decideTooLate(transaction, { done, captured_minor }, LIVE, NOW_MS);
    expect(decide(voiding(), "charge")).toBeUndefined();
    expect(decide(voiding(), "authorize")).toBeUndefined();
    expect(decide(voiding(), "charge", 20_000)).toBeUndefined();
    expect(decide(expiring, "authorize")).toBeUndefined();
    expect(decide(expiring, "charge", 4_000)).toBeUndefined();
    expect(decide(capturing("1.00"), "charge", 100)).toBeUndefined();
  });

  it("An operator ends it, and the resolution of an earlier void does not stay", () => {
    const request = { outcome: "settled", reason: "r", resolved_by: "ann", force: true } as const;
    const resolve = (transaction: Transaction, outcome: "settled" | "declined") => {
      const change = taken(
        decideResolution(transaction, { ...request, outcome }, false, LIVE, NOW_MS),
      );
      if (!change) throw new Error("nothing changed");
      return change.transaction;
    };
    expect(resolve(waiting, "settled")).toMatchObject({
      status: "completed",
      amount_captured_minor: 10_050,
      resolution: { outcome: "settled" },
    });
    expect(resolve(waitingManual, "settled").status).toBe("authorized");
    expect(resolve(waiting, "declined").status).toBe("failed");
    const back = resolve(cancelling(waiting), "declined");
    expect(back).toMatchObject({ status: "requires_action", resolution: { outcome: "declined" } });
    expect(taken(decideOutcome(back, DONE, LIVE, NOW_MS)).transaction).not.toHaveProperty(
      "resolution",
    );
  });
});
