/** Refunds over RPC: never more than was captured, however many are asked for at once. */
import { describe, expect, it } from "vitest";
import type { Refund } from "../../../src/domain/transaction/refund";
import type { Transaction } from "../../../src/domain/transaction/transaction";
import type { Reply } from "../../../src/transactions/rpc";
import { processorDid, processorSaw } from "../../support/api";
import { addressOf, parsed, refusalOf, requestOf } from "../../support/money";
import { eventTypes, ownerOf, ringUntil, shop, times } from "../../support/owner";

const refund = (id: string, key: string, amount: string | null = null, fields = {}) =>
  ownerOf(id).refund(addressOf(id), requestOf(key, amount, fields));

/** A payment of 10.00 dollars that was charged. */
async function charged(body: object = {}): Promise<Transaction> {
  const { id } = await shop.created(body);
  expect((await shop.process(id)).status).toBe(200);
  return shop.find(id);
}

async function captured(amount: string, body: object = {}): Promise<string> {
  const { id } = await shop.created({ capture_method: "manual", ...body });
  await shop.process(id);
  const reply = await ownerOf(id).capture(addressOf(id), { amount });
  expect(parsed<Transaction>(reply).status).toBe("completed");
  return id;
}

const traceOf = (digit: string) => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`;

describe("refunds", () => {
  it("Each repeated call belongs to the trace of its own refund", async () => {
    const { id } = await charged();
    const calls = [1, 2].map((digit) => {
      const address = { ...addressOf(id), traceparent: traceOf(String(digit)) };
      const metadata = { processor: "pending,settle" };
      return ownerOf(id).refund(address, requestOf(`r${digit}`, "1.00", { metadata }));
    });
    const refunds = (await Promise.all(calls)).map((reply) => parsed<Refund>(reply));
    expect(refunds.map(({ status }) => status)).toEqual(["pending", "pending"]);
    await ringUntil(id, "completed", async () => {
      expect((await shop.find(id)).amount_refunded_minor).toBe(200);
    });
    for (const [index, refund] of refunds.entries()) {
      const { traceparents } = await processorSaw(refund.id);
      expect(traceparents.map((text) => text[3])).toEqual(Array(2).fill(String(index + 1)));
    }
  });

  it("Of 100 concurrent refunds of 30 % three succeed, and the refusals of the others name what is left", async () => {
    const { id } = await charged();
    const replies = await Promise.all(times(100, (n) => refund(id, `r${n}`, "3.00")));
    const made = replies.filter(({ ok }) => ok).map((reply) => parsed<Refund>(reply));
    expect(made.map(({ status }) => status)).toEqual(Array(3).fill("succeeded"));
    const refused = replies.filter(({ ok }) => !ok).map(refusalOf);
    const refusal = { code: "refund_exceeds_remaining", amount_minor: 300, currency: "USD" };
    expect(refused).toEqual(Array(97).fill({ ...refusal, remaining_minor: 100 }));
    expect(await processorDid(id)).toMatchObject({
      taken: 1000,
      refunded: 900,
      done: { refund: 3 },
      violations: [],
    });
    expect(await shop.find(id)).toMatchObject({
      status: "completed",
      amount_refunded_minor: 900,
      version: 9,
    });
    const rest = parsed<Refund>(await refund(id, "rest"));
    expect(rest).toMatchObject({ amount: 1, amount_minor: 100, status: "succeeded" });
    expect(refusalOf(await refund(id, "more"))).toEqual({
      ...refusal,
      amount_minor: null,
      remaining_minor: 0,
    });
    const types = await eventTypes(id);
    expect(types.filter((type) => type === "refund.created")).toHaveLength(4);
    expect(types.filter((type) => type === "refund.succeeded")).toHaveLength(4);
    const listed = await ownerOf(id).refunds(addressOf(id));
    const ids = listed.ok ? listed.refunds.map((text) => (JSON.parse(text) as Refund).id) : [];
    expect([ids.length, ids[0]]).toEqual([4, rest.id]);
  });

  it("The same refund 100 times at once is one refund, and all replies are the same", async () => {
    const { id } = await charged();
    const metadata = { processor: "slow" };
    const replies = await Promise.all(times(100, () => refund(id, "one", "3.00", { metadata })));
    const bodies = new Set(replies.map((reply) => (reply.ok ? reply.body : reply.refusal.code)));
    expect(bodies.size).toBe(1);
    expect(replies.filter((reply) => reply.ok && !reply.replayed)).toHaveLength(1);
    const made = parsed<Refund>(replies[0] as Reply);
    expect(made).toMatchObject({ status: "succeeded", amount_minor: 300, metadata });
    expect(await processorSaw(made.id)).toMatchObject({ calls: 1, charges: 1, amounts: [300] });
    expect(await ownerOf(id).findRefund(addressOf(id), made.id)).toMatchObject({
      ok: true,
      body: [...bodies][0],
    });
  });

  it("A key that is used again for another refund is refused with the names of the fields", async () => {
    const { id } = await charged();
    const first = parsed<Refund>(await refund(id, "key", "3.00", { metadata: { a: "1", b: "2" } }));
    const again = await refund(id, "key", "3.0", { metadata: { b: "2", a: "1" } });
    expect([parsed<Refund>(again).id, again.ok && again.replayed]).toEqual([first.id, true]);
    for (const [amount, fields, named] of [
      ["3.01", { metadata: { a: "1", b: "2" } }, ["amount"]],
      [null, { metadata: { a: "1", b: "2" } }, ["amount"]],
      ["3.00", { reason: "damaged" }, ["reason", "metadata"]],
    ] as const) {
      const refusal = refusalOf(await refund(id, "key", amount, fields));
      expect(refusal).toEqual({ code: "idempotency_key_reused", fields: named });
    }
    expect((await shop.find(id)).amount_refunded_minor).toBe(300);
  });

  it("A refund whose outcome is not known counts as made; one that fails gives its amount back", async () => {
    const { id } = await charged();
    const steps = "pending,decline:account_closed";
    const open = await refund(id, "a", "8.00", { metadata: { processor: steps } });
    expect([open.ok && open.pending, parsed<Refund>(open).status]).toEqual([true, "pending"]);
    expect(refusalOf(await refund(id, "b", "3.00"))).toMatchObject({ remaining_minor: 200 });
    const { id: refundId } = parsed<Refund>(open);
    await ringUntil(id, "completed", async () => {
      const reply = await ownerOf(id).findRefund(addressOf(id), refundId);
      expect(parsed<Refund>(reply)).toMatchObject({
        status: "failed",
        failure: { code: "account_closed" },
      });
    });
    expect(await processorSaw(refundId)).toMatchObject({ calls: 2, charges: 1 });
    expect((await shop.find(id)).amount_refunded_minor).toBe(0);
    expect(parsed<Refund>(await refund(id, "c", "10.00")).status).toBe("succeeded");
    const declined = await refund(id, "a", "8.00", { metadata: { processor: steps } });
    expect(parsed<Refund>(declined).status).toBe("failed");
  });

  it("Only a completed payment is refunded", async () => {
    const pending = await shop.created();
    const cancelled = await shop.created();
    await shop.cancel(cancelled.id);
    const failed = await shop.created({ metadata: { processor: "decline:no" } });
    await shop.process(failed.id);
    const authorized = await shop.created({ capture_method: "manual" });
    await shop.process(authorized.id);
    const capturing = await shop.created({
      capture_method: "manual",
      metadata: { processor_capture: "pending" },
    });
    await shop.process(capturing.id);
    const reply = await ownerOf(capturing.id).capture(addressOf(capturing.id), { amount: null });
    expect(reply).toMatchObject({ ok: true, pending: true });
    for (const [{ id }, status] of [
      [pending, "pending"],
      [cancelled, "cancelled"],
      [failed, "failed"],
      [authorized, "authorized"],
      [capturing, "processing"],
    ] as const) {
      const refusal = refusalOf(await refund(id, "r", "1.00"));
      expect(refusal).toEqual({ code: "illegal_transition", status, action: "refund" });
    }
  });

  it("What was captured can be refunded, and not what was authorized", async () => {
    const id = await captured("4.00");
    expect(refusalOf(await refund(id, "much", "4.01"))).toMatchObject({ remaining_minor: 400 });
    expect(parsed<Refund>(await refund(id, "all"))).toMatchObject({ amount_minor: 400 });
    expect(await processorDid(id)).toMatchObject({ taken: 400, refunded: 400, violations: [] });
  });

  it("Yen have no decimals and dinars three", async () => {
    const yen = await captured("501", { amount: 1001, currency: "JPY" });
    expect(refusalOf(await refund(yen, "half", "1.5"))).toEqual({
      code: "invalid_amount",
      fault: "too_many_decimals",
      currency: "JPY",
    });
    expect(parsed<Refund>(await refund(yen, "whole"))).toMatchObject({ amount: 501 });
    const dinar = await captured("1.234", { amount: "2.5", currency: "KWD" });
    expect(parsed<Refund>(await refund(dinar, "a", "1.233"))).toMatchObject({ amount_minor: 1233 });
    expect(parsed<Refund>(await refund(dinar, "b"))).toMatchObject({ amount: 0.001 });
  });

  it("A payment has at most 100 refunds", async () => {
    const { id } = await charged();
    for (let first = 0; first < 100; first += 20) {
      await Promise.all(times(20, (n) => refund(id, `r${first + n}`, "0.01")));
    }
    expect(refusalOf(await refund(id, "one more", "0.01"))).toEqual({ code: "too_many_refunds" });
    expect(parsed<Refund>(await refund(id, "r7", "0.01")).status).toBe("succeeded");
    expect((await shop.find(id)).amount_refunded_minor).toBe(100);
  });

  it("Another merchant finds neither the payment nor its refunds", async () => {
    const { id } = await charged();
    const made = parsed<Refund>(await refund(id, "r", "1.00"));
    const address = { ...addressOf(id), merchant_id: "mer_other" };
    const owner = ownerOf(id);
    expect(refusalOf(await owner.refund(address, requestOf("r", null)))?.code).toBe(
      "transaction_not_found",
    );
    expect(await owner.refunds(address)).toMatchObject({ ok: false });
    expect(refusalOf(await owner.findRefund(address, made.id))?.code).toBe("refund_not_found");
  });
});
