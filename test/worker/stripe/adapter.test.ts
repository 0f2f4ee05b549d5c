/** The adapter in workerd against the stand-in for Stripe: whatever happens to a request, each operation is carried out once
 *  and its outcome is found. */
import { describe, expect, it } from "vitest";
import { readConfig } from "../../../src/config";
import { createProcessor } from "../../../src/processor/create";
import { type Answer, callWithin, type OperationRequest } from "../../../src/processor/processor";
import { env } from "../../support/env";
import { stripeRequest } from "../../support/stripe-api";

const LIMIT_MS = 20_000;
const MOST_ATTEMPTS = 6;
const URL = env.STRIPE_API_URL;
const processor = createProcessor(readConfig(env));

async function at(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const response = await fetch(URL + path, {
    method,
    headers: { Authorization: `Bearer ${env.STRIPE_SECRET_KEY}` },
    ...(body && { body: JSON.stringify(body) }),
  });
  return response.json();
}
const control = (path: string, body: object = {}) => at("POST", `/_control/${path}`, body);
/** @param match a part of the request's path or body */
const fault = (match: string, name: string, times = 1) =>
  control("faults", { match, fault: name, times });

const LETTERS = "abcdefghijklmnopqrstuvwxyz234567";
/** An id that no other test has. */
function newId(characters = 26): string {
  const bytes = crypto.getRandomValues(new Uint8Array(characters));
  return [...bytes].map((byte) => LETTERS[byte % LETTERS.length]).join("");
}

function newPayment(payment_method = "pm_card_visa", fields: Partial<OperationRequest> = {}) {
  const id = `txn_${newId()}`;
  const details = { payment_method, customer: null, return_url: "https://shop.example/back" };
  return stripeRequest({ idempotency_key: id, transaction_id: id, details, ...fields });
}

/** Calls until there is an outcome, as the shard does. */
async function carryOut(request: OperationRequest): Promise<Answer & { attempts: number }> {
  for (let attempt = request.attempt; ; attempt++) {
    const answer = await callWithin(processor, { ...request, attempt }, LIMIT_MS);
    if (answer.kind !== "unknown" || attempt === MOST_ATTEMPTS) {
      return { ...answer, attempts: attempt };
    }
  }
}

type Listed = { id: string; status: string; amount_received: number };
async function paymentsOf({ transaction_id }: OperationRequest): Promise<Listed[]> {
  const query = encodeURIComponent(`metadata['transaction_id']:'${transaction_id}'`);
  const { data } = await at("GET", `/v1/payment_intents/search?query=${query}`);
  return data as Listed[];
}

async function charged(payment: OperationRequest): Promise<OperationRequest> {
  const answer = await carryOut(payment);
  if (!("processor_reference" in answer) || !answer.processor_reference) throw new Error("none");
  return { ...payment, processor_reference: answer.processor_reference };
}

describe("A charge", () => {
  it.each([
    ["lost", 2],
    ["cut", 2],
    ["rate_limited", 2],
    ["lock_timeout", 2],
    ["conflict", 2],
    ["unavailable", 2],
    ["failed_done", 2],
    ["slow", 1],
  ])("It is made once when its request is %s", async (name, attempts) => {
    const payment = newPayment();
    await fault(payment.transaction_id, name);
    expect(await carryOut(payment)).toMatchObject({ kind: "done", attempts });
    expect(await paymentsOf(payment)).toMatchObject([{ status: "succeeded" }]);
  });

  it("It is made once when every second response is lost", async () => {
    const payment = newPayment();
    await fault(payment.transaction_id, "lost", 3);
    expect(await carryOut(payment)).toMatchObject({ kind: "done", attempts: 4 });
    expect(await paymentsOf(payment)).toHaveLength(1);
  });

  it("It stays unknown while Stripe repeats an error and has no payment", async () => {
    const payment = newPayment();
    await fault(payment.transaction_id, "failed");
    expect(await carryOut(payment)).toMatchObject({ kind: "unknown", reason: "Stripe: HTTP 500" });
    expect(await paymentsOf(payment)).toEqual([]);
  });

  it("Under a key of another request it is unknown, and says so", async () => {
    const payment = newPayment();
    await carryOut(payment);
    const other = { ...payment, amount_minor: 10_051 };
    expect(await callWithin(processor, other, LIMIT_MS)).toMatchObject({ differs: ["reference"] });
    expect(await paymentsOf(payment)).toHaveLength(1);
  });

  it.each([
    ["pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"],
    ["pm_card_chargeDeclinedStolenCard", "card_declined"],
    ["pm_card_chargeDeclinedExpiredCard", "expired_card"],
    ["pm_card_noSuchMethod", "invalid_payment_method"],
  ])("With %s it is declined as %s, also when the response is lost", async (method, code) => {
    const payment = newPayment(method);
    await fault(payment.transaction_id, "lost");
    expect(await carryOut(payment)).toMatchObject({ kind: "declined", failure: { code } });
  });

  it("A bank debit stays unknown until it has succeeded", async () => {
    const payment = newPayment("pm_usBankAccount_processing");
    expect(await carryOut(payment)).toMatchObject({ kind: "unknown" });
    const [listed] = await paymentsOf(payment);
    await control(`payment_intents/${listed?.id}/succeed`);
    expect(await carryOut({ ...payment, attempt: 2 })).toMatchObject({ kind: "done" });
  });
});

describe("A card that has to be authenticated", () => {
  const begin = async () => {
    const payment = newPayment("pm_card_authenticationRequired");
    const answer = await carryOut(payment);
    if (answer.kind !== "action_required") throw new Error(`it is ${answer.kind}`);
    const { processor_reference = "", next_action } = answer;
    return { payment: { ...payment, processor_reference, attempt: 2 }, next_action };
  };

  it("It is charged after the customer has authenticated", async () => {
    const { payment, next_action } = await begin();
    expect(next_action.redirect_to_url.url).toContain(URL);
    expect(await carryOut(payment)).toMatchObject({ kind: "action_required", next_action });
    await control(`payment_intents/${payment.processor_reference}/complete`);
    expect(await carryOut(payment)).toMatchObject({ kind: "done", attempts: 2 });
  });

  it("It is found again without a reference, by the key", async () => {
    const { payment } = await begin();
    await control(`payment_intents/${payment.processor_reference}/complete`);
    const { processor_reference: _, ...without } = payment;
    expect(await carryOut(without)).toMatchObject({ kind: "done" });
  });

  it("It is declined when the customer fails to", async () => {
    const { payment } = await begin();
    await control(`payment_intents/${payment.processor_reference}/fail`);
    const failure = { code: "authentication_failed" };
    expect(await carryOut(payment)).toMatchObject({ kind: "declined", failure });
  });

  it("Without a return URL it is declined at once", async () => {
    const details = {
      payment_method: "pm_card_authenticationRequired",
      customer: null,
      return_url: null,
    };
    const failure = { code: "authentication_required" };
    const answer = await carryOut(newPayment("", { details }));
    expect(answer).toMatchObject({ kind: "declined", failure });
  });

  const voidOf = (payment: OperationRequest): OperationRequest => ({
    ...payment,
    operation: "void",
    idempotency_key: `${payment.transaction_id}:void:3`,
    attempt: 1,
    reason: "action_expired",
  });

  it.each(["lost", "cut", "failed_done"])("It is cancelled once (%s)", async (name) => {
    const { payment } = await begin();
    await fault(`${payment.processor_reference}/cancel`, name);
    expect(await carryOut(voidOf(payment))).toMatchObject({ kind: "done" });
    expect(await paymentsOf(payment)).toMatchObject([{ status: "canceled" }]);
  });

  it("A cancellation that is too late finds the charge", async () => {
    const { payment } = await begin();
    await control(`payment_intents/${payment.processor_reference}/complete`);
    expect(await carryOut(voidOf(payment))).toMatchObject({ kind: "too_late", done: "charge" });
  });
});

describe("A capture", () => {
  it.each(["lost", "cut", "failed_done", "conflict"])("It is made once (%s)", async (name) => {
    const payment = await charged(newPayment("pm_card_visa", { operation: "authorize" }));
    await fault(`${payment.processor_reference}/capture`, name);
    const capture: OperationRequest = {
      ...payment,
      operation: "capture",
      idempotency_key: `${payment.transaction_id}:capture:3`,
      amount_minor: 7_000,
      authorized_amount_minor: payment.amount_minor,
    };
    expect(await carryOut(capture)).toMatchObject({ kind: "done" });
    expect(await paymentsOf(payment)).toMatchObject([{ amount_received: 7_000 }]);
  });
});

describe("A refund", () => {
  const refundOf = (payment: OperationRequest): OperationRequest => ({
    ...payment,
    operation: "refund",
    idempotency_key: `re_${payment.transaction_id.slice(4)}_${newId(16)}`,
    amount_minor: 500,
  });
  const refundsOf = async (payment: OperationRequest) => {
    const path = `/v1/refunds?payment_intent=${payment.processor_reference}`;
    return (await at("GET", path)).data as { id: string; status: string }[];
  };

  it.each(["lost", "cut", "failed_done", "conflict", "rate_limited"])(
    "It is made once (%s)",
    async (name) => {
      const payment = await charged(newPayment());
      const refund = refundOf(payment);
      await fault(refund.idempotency_key, name);
      expect(await carryOut(refund)).toMatchObject({ kind: "done" });
      expect(await refundsOf(payment)).toHaveLength(1);
    },
  );

  it("A pending one is found when it has succeeded", async () => {
    const payment = await charged(newPayment("pm_card_pendingRefund"));
    const refund = refundOf(payment);
    expect(await carryOut(refund)).toMatchObject({ kind: "unknown" });
    const [made] = await refundsOf(payment);
    await control(`refunds/${made?.id}/succeed`);
    expect(await carryOut({ ...refund, attempt: 2 })).toMatchObject({ kind: "done" });
    expect(await refundsOf(payment)).toHaveLength(1);
  });

  it("More than what is left is declined", async () => {
    const payment = await charged(newPayment());
    const refund = { ...refundOf(payment), amount_minor: 10_051 };
    expect(await carryOut(refund)).toMatchObject({ kind: "declined" });
  });
});
