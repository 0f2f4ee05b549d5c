/** A create that also processes, over RPC: both in one commit, and a repetition never charges twice. */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { deriveTransactionId } from "../../../src/domain/identity/id";
import type { CreateRequest } from "../../../src/domain/transaction/idempotency";
import type { Transaction } from "../../../src/domain/transaction/transaction";
import type { Reply } from "../../../src/transactions/rpc";
import { freshKey, processorDid, processorSaw } from "../../support/api";
import { until } from "../../support/eventually";
import { addressOf, parsed, refusalOf } from "../../support/money";
import { eventTypes, ownerOf, ringUntil, shop, times } from "../../support/owner";

const requestOf = (fields: Partial<CreateRequest> = {}): CreateRequest => ({
  user_id: "user_1",
  amount_minor: 1000,
  currency: "USD",
  description: null,
  metadata: {},
  webhook_url: null,
  capture_method: "automatic",
  ...fields,
});

function paymentOf(fields: Partial<CreateRequest> = {}, idempotency_key = freshKey("pay")) {
  const request = requestOf(fields);
  const id = deriveTransactionId(shop.merchant_id, idempotency_key);
  const command = { merchant_id: shop.merchant_id, idempotency_key, request };
  return {
    id,
    request,
    pay: (): Promise<Reply> => ownerOf(id).create(addressOf(id), command, true),
    create: (): Promise<Reply> => ownerOf(id).create(addressOf(id), command),
    repeat: (isProcessed = true): Promise<Reply> =>
      ownerOf(id).repeat(addressOf(id), request, isProcessed),
  };
}

const ENDED = ["transaction.created", "transaction.processing", "transaction.completed"];

describe("a create that also processes", () => {
  it("100 of them at once under one key are one payment and one charge, with one text", async () => {
    const { id, pay } = paymentOf({ metadata: { processor: "slow" } });
    const replies = await Promise.all(times(100, pay));
    expect(new Set(replies.map((reply) => reply.ok && reply.body)).size).toBe(1);
    expect(parsed<Transaction>(replies[0] as Reply)).toMatchObject({
      status: "completed",
      amount_captured_minor: 1000,
      version: 3,
    });
    expect(replies.filter((reply) => reply.ok && !reply.replayed)).toHaveLength(1);
    expect(await processorSaw(id)).toMatchObject({ calls: 1, charges: 1 });
    expect(await eventTypes(id)).toEqual(ENDED);
    const [body] = new Set(replies.map((reply) => reply.ok && reply.body));
    expect(await pay()).toMatchObject({ ok: true, body, replayed: true, pending: false });
  });

  it("A create without process gets its own first response afterwards, and the reverse charges", async () => {
    const paid = paymentOf();
    await paid.pay();
    const created = parsed<Transaction>(await paid.create());
    expect(created).toMatchObject({ status: "pending", version: 1 });
    const later = paymentOf();
    await later.create();
    const reply = await later.pay();
    expect([reply.ok && reply.replayed, parsed<Transaction>(reply).status]).toEqual([
      true,
      "completed",
    ]);
    expect(await processorDid(later.id)).toMatchObject({ done: { charge: 1 } });
  });

  it("A crash after the commit: the charge is made once, and a repetition gets its outcome", async () => {
    const { id, pay } = paymentOf({ metadata: { processor: "hang,settle" } });
    const answer = pay().catch(() => undefined);
    await until(async () => (await processorSaw(id)).calls === 1);
    await runInDurableObject(ownerOf(id), (_, state) => state.abort("crash")).catch(() => {});
    await answer;
    await ringUntil(id, "completed");
    expect(parsed<Transaction>(await pay())).toMatchObject({ status: "completed", version: 3 });
    expect((await processorSaw(id)).charges).toBe(1);
  });

  it("A blocked payment is not charged, and a cancelled or declined one is as it is", async () => {
    const blocked = paymentOf({ amount_minor: 900_000_000 });
    expect(parsed<Transaction>(await blocked.pay())).toMatchObject({ status: "failed" });
    expect(parsed<Transaction>(await blocked.pay())).toMatchObject({ version: 2 });
    expect((await processorSaw(blocked.id)).calls).toBe(0);
    const cancelled = paymentOf();
    await cancelled.create();
    await shop.cancel(cancelled.id);
    expect(parsed<Transaction>(await cancelled.pay())).toMatchObject({ status: "cancelled" });
    const declined = paymentOf({ metadata: { processor: "decline:no_funds" } });
    for (const reply of [await declined.pay(), await declined.pay()]) {
      expect(parsed<Transaction>(reply)).toMatchObject({ failure: { code: "no_funds" } });
    }
    expect((await processorSaw(declined.id)).calls).toBe(1);
  });

  it("A manual payment is authorized, and a repetition gets what became of it", async () => {
    const { id, pay } = paymentOf({ capture_method: "manual" });
    expect(parsed<Transaction>(await pay()).status).toBe("authorized");
    await ownerOf(id).capture(addressOf(id), { amount: "4.00" });
    const again = parsed<Transaction>(await pay());
    expect(again).toMatchObject({ status: "completed", amount_captured_minor: 400 });
    expect(await processorDid(id)).toMatchObject({ done: { authorize: 1, capture: 1 } });
  });

  it("A repetition that may create nothing processes what exists, and only that", async () => {
    const { id, request, create, repeat } = paymentOf();
    expect(refusalOf(await repeat())).toEqual({ code: "transaction_not_found" });
    await create();
    expect(parsed<Transaction>(await repeat(false))).toMatchObject({ status: "pending" });
    const other = await ownerOf(id).repeat(addressOf(id), { ...request, amount_minor: 1 }, true);
    expect(refusalOf(other)).toMatchObject({ code: "idempotency_key_reused" });
    expect((await processorSaw(id)).calls).toBe(0);
    expect(await repeat()).toMatchObject({ ok: true, replayed: true });
    expect(await eventTypes(id)).toEqual(ENDED);
  });

  it("The request of a Worker of before there were captures is automatic", async () => {
    const { id, create } = paymentOf();
    await create();
    const { capture_method: _, ...earlier } = requestOf();
    const reply = await ownerOf(id).repeat(addressOf(id), earlier);
    expect(reply).toMatchObject({ ok: true, replayed: true });
  });
});
