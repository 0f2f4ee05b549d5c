/** Authorizations over RPC: each is captured, voided or expires, whatever is asked for at once. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { RESOLVABLE_AFTER_MS } from "../../../src/domain/transaction/decisions/decide-resolution";
import type { Transaction } from "../../../src/domain/transaction/transaction";
import type { Reply } from "../../../src/transactions/rpc";
import { processorDid, processorSaw } from "../../support/api";
import { addressOf, expire, parsed, refusalOf } from "../../support/money";
import {
  bookRows,
  dateClaims,
  eventTypes,
  ownerOf,
  ringUntil,
  shop,
  times,
} from "../../support/owner";

const capture = (id: string, amount: string | null = null) =>
  ownerOf(id).capture(addressOf(id), { amount });
const cancel = (id: string) => ownerOf(id).cancel(addressOf(id));
const statusOf = (reply: Reply) =>
  reply.ok ? parsed<Transaction>(reply).status : reply.refusal.code;

/** A payment of 10.00 dollars that is authorized. */
async function authorized(metadata: Record<string, string> = {}): Promise<string> {
  const { id } = await shop.created({ capture_method: "manual", metadata });
  expect(await (await shop.process(id)).json()).toMatchObject({ status: "authorized" });
  return id;
}

const BEGUN = ["transaction.created", "transaction.processing", "transaction.authorized"];
const CLAIMED = [...BEGUN, "transaction.processing"];

describe("an authorization", () => {
  it("An authorization and its capture are one call to the processor each, under keys of their own", async () => {
    const id = await authorized();
    const before = await shop.find(id);
    expect(before).toMatchObject({
      capture_method: "manual",
      amount_capturable_minor: 1000,
      amount_captured_minor: 0,
      amount_refunded_minor: 0,
      version: 3,
    });
    const window = Date.parse(before.capture_before ?? "") - Date.parse(before.updated_at);
    expect(Math.abs(window - 604_800_000)).toBeLessThan(60_000);
    const replies = await Promise.all(times(50, () => capture(id, "4.00")));
    expect(new Set(replies.map((reply) => reply.ok && reply.body)).size).toBe(1);
    const { pending_operation, ...after } = parsed<Transaction>(replies[0] as Reply);
    expect(pending_operation).toBeUndefined();
    expect(after).toMatchObject({
      status: "completed",
      amount_minor: 1000,
      amount_capturable_minor: 0,
      amount_captured_minor: 400,
      version: 5,
    });
    expect(await processorSaw(id)).toMatchObject({ calls: 1, amounts: [1000] });
    expect(await processorSaw(`${id}:capture:4`)).toMatchObject({ calls: 1, amounts: [400] });
    expect(await eventTypes(id)).toEqual([...CLAIMED, "transaction.captured"]);
    expect(await (await shop.process(id)).json()).toEqual(after);
    const { events, transactions } = await bookRows(id);
    expect([events.length, transactions[0]?.status]).toEqual([5, "completed"]);
  });

  it("Captures of different amounts at once: one is made, and the others are refused with its amount", async () => {
    const id = await authorized({ processor_capture: "slow" });
    const replies = await Promise.all(times(20, (n) => capture(id, `0.${10 + n}`)));
    const made = replies.filter(({ ok }) => ok);
    expect(made).toHaveLength(1);
    const first = parsed<Transaction>(made[0] as Reply).amount_captured_minor;
    for (const reply of replies.filter(({ ok }) => !ok)) {
      const refusal = refusalOf(reply);
      expect(refusal).toMatchObject({ code: "capture_amount_differs", first_minor: first });
    }
    expect(await processorDid(id)).toMatchObject({ taken: first, violations: [] });
  });

  it("A declined capture leaves the payment authorized, and another one can be made", async () => {
    const id = await authorized({ processor_capture: "decline:expired" });
    const { capture_before } = await shop.find(id);
    expect(parsed<Transaction>(await capture(id, "4.00"))).toMatchObject({
      status: "authorized",
      failure: { code: "expired" },
      amount_capturable_minor: 1000,
      capture_before,
    });
    const again = parsed<Transaction>(await capture(id, "5.00"));
    expect(again).toMatchObject({ status: "authorized", version: 7 });
    expect(await processorSaw(`${id}:capture:4`)).toMatchObject({ calls: 1 });
    expect(await processorSaw(`${id}:capture:6`)).toMatchObject({ calls: 1 });
    expect(statusOf(await cancel(id))).toBe("cancelled");
    expect((await shop.find(id)).failure).toBeNull();
    expect(await eventTypes(id)).toEqual([
      ...CLAIMED,
      "transaction.capture_failed",
      "transaction.processing",
      "transaction.capture_failed",
      "transaction.processing",
      "transaction.voided",
    ]);
  });

  it("A declined void leaves the payment authorized, so that it can be captured", async () => {
    const id = await authorized({ processor_void: "decline:unknown" });
    expect(parsed<Transaction>(await cancel(id))).toMatchObject({
      status: "authorized",
      failure: { code: "unknown" },
    });
    expect(statusOf(await capture(id))).toBe("completed");
    expect(await eventTypes(id)).toContain("transaction.void_failed");
  });

  it.each(["slow", "pending,settle", "drop,settle"])(
    "Of captures, cancels and the expiry at once one wins, and all replies agree: %s",
    async (steps) => {
      const id = await authorized({ processor_capture: steps, processor_void: steps });
      await expire(id, { ring: false });
      const racing = times(30, (n) => (n % 3 === 0 ? cancel(id) : capture(id)));
      const rings = times(3, () => runDurableObjectAlarm(ownerOf(id)).catch(() => false));
      const replies = await Promise.all([...racing, Promise.all(rings)]);
      const won = (await ringUntilEnded(id)).status;
      expect(["completed", "cancelled"]).toContain(won);
      for (const reply of replies.slice(0, -1) as Reply[]) {
        const { ok } = reply;
        const said = ok && reply.pending ? "processing" : statusOf(reply);
        expect(ok ? ["processing", won] : ["illegal_transition"]).toContain(said);
      }
      const { done, violations } = await processorDid(id);
      expect([done.capture + done.void, violations]).toEqual([1, []]);
      const types = await eventTypes(id);
      expect(types.slice(0, 4)).toEqual(CLAIMED);
      expect(types).toHaveLength(5);
    },
  );

  it("An authorization that is not captured in time is voided by the alarm", async () => {
    const id = await authorized();
    await expire(id);
    expect(await ringUntil(id, "cancelled")).toMatchObject({
      cancellation_reason: "capture_expired",
      amount_capturable_minor: 0,
      failure: null,
    });
    expect(await eventTypes(id)).toEqual([...CLAIMED, "transaction.capture_expired"]);
    expect(await processorDid(id)).toMatchObject({ is_voided: true, done: { void: 1 } });
    expect(refusalOf(await capture(id))).toMatchObject({ code: "illegal_transition" });
  });

  it("An expired authorization is cancelled also if the processor declines the void", async () => {
    const id = await authorized({ processor_void: "decline:unknown" });
    await expire(id);
    expect(await ringUntil(id, "cancelled")).toMatchObject({
      cancellation_reason: "capture_expired",
      failure: { code: "unknown" },
    });
    expect(await processorSaw(`${id}:void:4`)).toMatchObject({ calls: 1 });
  });

  it("A payment that was captured or cancelled does not expire", async () => {
    const [captured, voided] = [await authorized(), await authorized()];
    await capture(captured);
    await cancel(voided);
    for (const id of [captured, voided]) {
      const rows = await runInDurableObject(ownerOf(id), (_, { storage }) =>
        storage.sql.exec("SELECT * FROM reviews WHERE transaction_id = ?", id).toArray(),
      );
      expect(rows).toEqual([]);
    }
  });

  it("An operator ends a capture without an outcome; a later answer does not end the next operation", async () => {
    const id = await authorized({ processor_capture: "pending" });
    expect(await capture(id)).toMatchObject({ ok: true, pending: true });
    await age(id);
    const words = { reason: "In the report", resolved_by: "ann", force: true };
    const { merchant_id: _, ...address } = addressOf(id);
    const resolved = await ownerOf(id).resolve(address, { ...words, outcome: "declined" });
    expect(parsed<Transaction>(resolved)).toMatchObject({
      status: "authorized",
      failure: { code: "declined_by_operator" },
      resolution: { outcome: "declined", forced: expect.any(Boolean) },
    });
    const again = await ownerOf(id).resolve(address, { ...words, outcome: "declined" });
    expect(again).toEqual(resolved);
    const voided = parsed<Transaction>(await cancel(id));
    expect(voided).toMatchObject({ status: "cancelled", failure: null });
    expect(voided.resolution).toBeUndefined();
  });
});

/** Rings until no operation is open. */
async function ringUntilEnded(id: string): Promise<Transaction> {
  const { status } = await shop.find(id);
  if (status !== "processing") return shop.find(id);
  const { pending_operation } = await shop.find(id);
  return ringUntil(id, pending_operation?.type === "capture" ? "completed" : "cancelled");
}

/** Moves the last claim of a transaction back in time, by as much as an operator has to wait. */
async function age(id: string): Promise<void> {
  await runInDurableObject(ownerOf(id), (_, { storage }) => {
    dateClaims(storage.sql, id, Date.now() - RESOLVABLE_AFTER_MS - 60_000);
  });
  await runInDurableObject(ownerOf(id), (_, state) => state.abort("forget")).catch(() => {});
}
