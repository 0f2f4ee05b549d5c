/** Charges in progress: one call of the processor for all who wait. */
import { beforeEach, describe, expect, it } from "vitest";
import type { PaymentDetails } from "../../../../src/domain/transaction/payment-details";
import type { Answer, OperationRequest } from "../../../../src/processor/processor";
import { Charges, type RecordAnswer } from "../../../../src/transactions/charging/charges";
import { DECLINED, EXAMPLES, NOW_MS, TRACEPARENT } from "../../../support/examples";
import { idOf } from "../../../support/shard";

describe("charges", () => {
  type Asked = { request: OperationRequest; answer: (given: Answer) => void };
  let asked: Asked[];
  let recorded: [string, Answer, number, string | null][];
  let fault: Error | undefined;
  let charges: Charges;
  const details = new Map<string, PaymentDetails>();
  beforeEach(() => {
    asked = [];
    recorded = [];
    fault = undefined;
    const processor = {
      supports: () => true,
      call: (request: OperationRequest) =>
        new Promise<Answer>((answer) => {
          asked.push({ request, answer });
        }),
    };
    const record: RecordAnswer = async (order, request, answer) => {
      const { id } = order.transaction;
      recorded.push([id, answer, order.attempt, request.traceparent]);
      if (fault) throw fault;
      const data = `${id} ${answer.kind}`;
      return { kind: "done", data, status: "completed", replayed: false, wrote: true };
    };
    charges = new Charges(processor, 60_000, record, { of: (id) => details.get(id) });
  });
  const DONE: Answer = { kind: "done" };
  const DECLINE: Answer = { kind: "declined", failure: DECLINED };
  const UNKNOWN: Answer = { kind: "unknown", reason: "no answer" };
  const transaction = EXAMPLES.processing;
  const other = { ...transaction, id: idOf("other") };

  it("A charge calls the processor with the transaction's id and returns the result to be recorded", async () => {
    const answer = charges.carryOut(
      { transaction, attempt: 4, claimed_at_ms: NOW_MS },
      TRACEPARENT,
    );
    expect(asked[0]?.request).toEqual({
      operation: "charge",
      idempotency_key: transaction.id,
      transaction_id: transaction.id,
      amount_minor: 10_050,
      currency: "USD",
      user_id: "user_1",
      metadata: transaction.metadata,
      livemode: true,
      processor: "http",
      attempt: 4,
      claimed_at_ms: NOW_MS,
      traceparent: TRACEPARENT,
    });
    asked[0]?.answer(DONE);
    expect(await answer).toMatchObject({ data: `${transaction.id} done` });
    expect(recorded).toEqual([[transaction.id, DONE, 4, TRACEPARENT]]);
  });

  it("All callers that wait for a transaction's charge share one call", async () => {
    const answers = [1, 1, 2].map((attempt) =>
      charges.carryOut({ transaction, attempt, claimed_at_ms: NOW_MS }, TRACEPARENT),
    );
    expect(charges.isUnderWay(transaction.id)).toBe(true);
    expect(asked).toHaveLength(1);
    asked[0]?.answer(DECLINE);
    const [first, ...rest] = await Promise.all(answers);
    expect(rest).toEqual([first, first]);
    expect(recorded).toHaveLength(1);
    expect(charges.isUnderWay(transaction.id)).toBe(false);
  });

  it("A transaction is charged again only after its result was recorded, and others at the same time", async () => {
    const one = charges.carryOut({ transaction, attempt: 1, claimed_at_ms: NOW_MS }, TRACEPARENT);
    const two = charges.carryOut(
      { transaction: other, attempt: 1, claimed_at_ms: NOW_MS },
      TRACEPARENT,
    );
    expect(asked.map(({ request }) => request.idempotency_key)).toEqual([transaction.id, other.id]);
    asked[0]?.answer(UNKNOWN);
    await one;
    expect(charges.isUnderWay(other.id)).toBe(true);
    const again = charges.carryOut({ transaction, attempt: 2, claimed_at_ms: NOW_MS }, TRACEPARENT);
    expect(asked).toHaveLength(3);
    for (const { answer } of asked) answer(DONE);
    await Promise.all([two, again]);
    expect(recorded.map(([id, , attempt]) => [id, attempt])).toEqual([
      [transaction.id, 1],
      [other.id, 1],
      [transaction.id, 2],
    ]);
  });

  it("All waiting callers get the fault when a result cannot be recorded, and the charge can be repeated", async () => {
    fault = new Error("no disk");
    const answers = [1, 1].map((attempt) =>
      charges.carryOut({ transaction, attempt, claimed_at_ms: NOW_MS }, TRACEPARENT),
    );
    asked[0]?.answer(DONE);
    const outcomes = await Promise.allSettled(answers);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(charges.isUnderWay(transaction.id)).toBe(false);
    fault = undefined;
    const again = charges.carryOut({ transaction, attempt: 1, claimed_at_ms: NOW_MS }, TRACEPARENT);
    asked[1]?.answer(DONE);
    expect(await again).toMatchObject({ kind: "done" });
  });

  it("A charge is called with what its request named for the processor, and a void is not", () => {
    const named = { payment_method: "pm_1", customer: null, return_url: null };
    details.set(transaction.id, named);
    const voiding = {
      ...transaction,
      pending_operation: { type: "void", reason: "requested" } as const,
    };
    for (const one of [transaction, voiding, other]) {
      void charges.carryOut({ transaction: one, attempt: 1, claimed_at_ms: NOW_MS }, TRACEPARENT);
    }
    expect(asked.map(({ request }) => request.details)).toEqual([named, undefined, undefined]);
  });
});
