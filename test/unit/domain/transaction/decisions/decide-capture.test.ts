/** Authorizing, capturing and voiding. */
import { describe, expect, it } from "vitest";
import { MAX_DECLINED } from "../../../../../src/domain/transaction/capture";
import {
  decideCapture,
  decideCaptureExpiry,
} from "../../../../../src/domain/transaction/decisions/decide-capture";
import {
  decideCancel,
  decideProcess,
  refusedPayment,
} from "../../../../../src/domain/transaction/decisions/decide-charge";
import type { OperationName } from "../../../../../src/domain/transaction/operation";
import { openOperation, operationKey } from "../../../../../src/domain/transaction/operation";
import type { Transaction } from "../../../../../src/domain/transaction/transaction";
import {
  CAPTURE_WINDOW_MS,
  created,
  EXAMPLES,
  LIVE,
  NOW_MS,
  processorOf,
  stepChange,
  taken,
} from "../../../../support/examples";
import {
  authorized,
  authorizing,
  captured,
  capturing,
  DECLINE,
  end,
  voiding,
} from "../../../../support/held-money";

const capture = (transaction: Transaction, amount: string | null = null) =>
  decideCapture(transaction, { amount }, LIVE, NOW_MS);
const only = (...operations: OperationName[]) => ({
  ...LIVE,
  supports: (operation: OperationName) => operations.includes(operation),
});
const lastType = (transaction: Transaction, amount: string | null = null) =>
  stepChange(taken(capture(transaction, amount))).events.map(({ type }) => type);

/** Of a payment that was held for review, which has two events more. */
const REVIEWED: Pick<Transaction, "review" | "version"> = {
  review: EXAMPLES.approved.review,
  version: 5,
};

describe("an authorization", () => {
  it("Processing a manual payment authorizes it, for as long as the window", () => {
    const open = authorizing();
    expect([open.status, openOperation(open), operationKey(open)]).toEqual([
      "processing",
      "authorize",
      open.id,
    ]);
    expect(open).toMatchObject({ amount_capturable_minor: 0, amount_captured_minor: 0 });
    expect(end(open)).toMatchObject({
      status: "authorized",
      amount_capturable_minor: 10_050,
      amount_captured_minor: 0,
      amount_refunded_minor: 0,
      capture_before: new Date(NOW_MS + CAPTURE_WINDOW_MS).toISOString(),
    });
    const declined = end(open, DECLINE);
    expect(declined).toMatchObject({ status: "failed", amount_capturable_minor: 0 });
    expect(declined.capture_before).toBeUndefined();
    const named = end(open, { kind: "done", processor_reference: "auth_7" });
    expect(named.processor_reference).toBe("auth_7");
    expect(taken(decideProcess(end(open), LIVE, NOW_MS))).toEqual({ step: "answer" });
  });

  it("An automatic payment has no capturable amount, and is captured by its charge", () => {
    const { pending, completed, declined } = EXAMPLES;
    for (const one of [pending, completed, declined]) {
      expect([one.amount_capturable_minor, one.capture_before]).toEqual([undefined, undefined]);
    }
    expect([pending, completed, declined].map((one) => one.amount_captured_minor)).toEqual([
      0, 10_050, 0,
    ]);
  });

  it.each([
    ["all of it without an amount", null, 10_050],
    ["all of it", "100.5", 10_050],
    ["a part of it", "0.01", 1],
  ])("A capture of %s claims the call and then completes the payment", (_, amount, minor) => {
    const open = capturing(amount);
    expect(open).toMatchObject({
      status: "processing",
      pending_operation: { type: "capture", amount_minor: minor },
      amount_capturable_minor: 10_050,
    });
    expect([openOperation(open), operationKey(open)]).toEqual(["capture", `${open.id}:capture:4`]);
    const { pending_operation, ...done } = end(open);
    expect(pending_operation).toBeUndefined();
    expect(done).toMatchObject({
      status: "completed",
      amount_minor: 10_050,
      amount_capturable_minor: 0,
      amount_captured_minor: minor,
    });
    expect(lastType(authorized(), amount)).toEqual(["transaction.processing"]);
    expect(taken(capture(done, amount))).toEqual({ step: "answer" });
    expect(taken(capture(open, amount))).toEqual({ step: "wait" });
  });

  it("A second capture of another amount is refused with both amounts", () => {
    for (const transaction of [capturing("1.00"), captured("1.00")]) {
      for (const [amount, minor] of [
        ["2.00", 200],
        [null, 10_050],
      ] as const) {
        expect(capture(transaction, amount)).toEqual({
          ok: false,
          refusal: {
            code: "capture_amount_differs",
            first_minor: 100,
            amount_minor: minor,
            currency: "USD",
          },
        });
      }
    }
  });

  it("More than is authorized is not captured, and neither is nothing", () => {
    expect(capture(authorized(), "100.51")).toEqual({
      ok: false,
      refusal: {
        code: "amount_exceeds_capturable",
        amount_minor: 10_051,
        capturable_minor: 10_050,
        currency: "USD",
      },
    });
    for (const [amount, fault] of [
      ["0", "not_positive"],
      ["0.001", "too_many_decimals"],
      ["one", "malformed"],
    ]) {
      expect(capture(authorized(), amount)).toEqual({
        ok: false,
        refusal: { code: "invalid_amount", fault, currency: "USD" },
      });
    }
  });

  it("A declined capture leaves the authorization as it was, and can be made again under another key", () => {
    const declined = end(capturing("1.00"), DECLINE);
    const { version, updated_at, failure, ...kept } = declined;
    expect([version, failure]).toEqual([5, { code: "card_declined", message: "No." }]);
    expect(authorized()).toMatchObject(kept);
    const again = capturing("2.00", declined);
    expect([operationKey(again), again.failure]).toEqual([`${again.id}:capture:6`, null]);
    expect(end(again)).toMatchObject({ amount_captured_minor: 200, failure: null });
  });

  it("A cancel voids it, and a declined void leaves it as it was", () => {
    const open = voiding();
    expect(open).toMatchObject({
      status: "processing",
      pending_operation: { type: "void", reason: "requested" },
    });
    expect(operationKey(open)).toBe(`${open.id}:void:4`);
    expect(taken(decideCancel(open, LIVE, NOW_MS))).toEqual({ step: "wait" });
    const done = end(open);
    expect(done).toMatchObject({
      status: "cancelled",
      cancellation_reason: "requested",
      amount_capturable_minor: 0,
      failure: null,
    });
    expect(taken(decideCancel(done, LIVE, NOW_MS))).toEqual({ step: "answer" });
    expect(end(open, DECLINE)).toMatchObject({
      status: "authorized",
      failure: { code: "card_declined" },
      amount_capturable_minor: 10_050,
    });
  });

  it("After a hundred declined captures and voids only the expiry ends it", () => {
    for (const first of [authorized(), { ...authorized(), ...REVIEWED }]) {
      let held: Transaction = first;
      for (let declined = 0; declined < MAX_DECLINED; declined++) {
        held = end(declined % 2 ? capturing(null, held) : voiding(held), DECLINE);
      }
      const refused = { ok: false, refusal: { code: "too_many_attempts" } };
      expect(capture(held)).toEqual(refused);
      expect(decideCancel(held, LIVE, NOW_MS)).toEqual(refused);
      const at = NOW_MS + CAPTURE_WINDOW_MS;
      expect(taken(decideCaptureExpiry(held, at, at)).step).toBe("claim");
    }
  });

  it("It expires at its time, to the millisecond, and is cancelled also when the void is declined", () => {
    const at = NOW_MS + CAPTURE_WINDOW_MS;
    const early = decideCaptureExpiry(authorized(), at, at - 1);
    expect(taken(early)).toEqual({ step: "answer" });
    const { transaction } = stepChange(taken(decideCaptureExpiry(authorized(), at, at)));
    expect(transaction.pending_operation).toEqual({ type: "void", reason: "capture_expired" });
    const expired = { status: "cancelled", cancellation_reason: "capture_expired" };
    expect(end(transaction, undefined, at)).toMatchObject({ ...expired, failure: null });
    expect(end(transaction, DECLINE, at)).toMatchObject({
      ...expired,
      failure: { code: "card_declined" },
      amount_capturable_minor: 0,
    });
    for (const one of [capturing(), captured(), voiding(), EXAMPLES.pending]) {
      expect(taken(decideCaptureExpiry(one, at, at))).toEqual({ step: "answer" });
    }
  });

  it("Only an authorized payment is captured", () => {
    const manual = created({ capture_method: "manual" }).transaction;
    for (const one of [...Object.values(EXAMPLES), manual, authorizing(), voiding()]) {
      const { status } = one;
      const refusal = { code: "illegal_transition", status, action: "capture" };
      expect(capture(one)).toEqual({ ok: false, refusal });
    }
  });

  it("While a capture or void is made, process answers and a cancel of the capture is refused", () => {
    for (const one of [capturing(), voiding()]) {
      expect(taken(decideProcess(one, LIVE, NOW_MS))).toEqual({ step: "answer" });
    }
    expect(decideCancel(capturing(), LIVE, NOW_MS)).toMatchObject({
      refusal: { code: "illegal_transition", status: "processing", action: "cancel" },
    });
  });

  it("Nothing is claimed that the processor does not support, or that is of the other mode", () => {
    const manual = created({ capture_method: "manual" }).transaction;
    const unsupported = (operation: OperationName) => ({
      ok: false,
      refusal: { code: "operation_not_supported", operation },
    });
    expect(decideProcess(manual, only("charge"), NOW_MS)).toEqual(unsupported("authorize"));
    const amount = { amount: null };
    expect(decideCapture(authorized(), amount, only("void"), NOW_MS)).toEqual(
      unsupported("capture"),
    );
    expect(decideCancel(authorized(), only("capture"), NOW_MS)).toEqual(unsupported("void"));
    const sandbox = processorOf("sandbox");
    const AMOUNT = { amount_minor: 10_050, currency: "USD" };
    const mismatch = { refusal: { code: "livemode_mismatch" } };
    expect(decideCapture(authorized(), amount, sandbox, NOW_MS)).toMatchObject(mismatch);
    expect(decideCancel(authorized(), sandbox, NOW_MS)).toMatchObject(mismatch);
    expect(refusedPayment({ ...AMOUNT, capture_method: "manual" }, false, only("charge"))).toEqual(
      unsupported("authorize").refusal,
    );
    expect(refusedPayment(AMOUNT, false, only("charge"))).toBeUndefined();
    expect(refusedPayment(AMOUNT, false, processorOf("none"))).toBeUndefined();
    expect(refusedPayment(AMOUNT, true, processorOf("none"))?.code).toBe(
      "processor_not_configured",
    );
  });
});
