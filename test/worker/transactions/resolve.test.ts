/** Charges that an operator ends by hand, through the front door. Runs in both shard settings. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import { readConfig } from "../../../src/config";
import { transactionObjectName } from "../../../src/domain/identity/id";
import { RESOLVABLE_AFTER_MS } from "../../../src/domain/transaction/decisions/decide-resolution";
import type { Transaction } from "../../../src/domain/transaction/transaction";
import {
  admin,
  type Client,
  newClient,
  problem,
  processorSaw,
  TRANSACTIONS,
} from "../../support/api";
import { env } from "../../support/env";
import { eventually } from "../../support/eventually";
import { dateClaims, readBook } from "../../support/owner";

const CARD = "4242424242424242";
let shop: Client;
beforeAll(async () => {
  shop = await newClient();
});

const ownerOf = (id: string) =>
  env.TRANSACTIONS.getByName(transactionObjectName(id, readConfig(env).transaction_shards));
const resolve = (id: string, body: object) =>
  admin(`/api/v1/operations/charges/${id}/resolve`, body);
const said = { outcome: "settled", reason: "In the acquirer's report", resolved_by: "ann" };

/** A transaction whose charge has no outcome; no request to the processor is in progress. */
async function openCharge(steps = "pending"): Promise<Transaction> {
  const { id } = await shop.created({ metadata: { processor: steps } });
  expect((await shop.process(id)).status).toBe(202);
  return shop.find(id);
}

/** Moves the claim of a transaction back in time, by as much as an operator has to wait. */
async function age(id: string): Promise<void> {
  await runInDurableObject(ownerOf(id), (_, { storage }) => {
    dateClaims(storage.sql, id, Date.now() - RESOLVABLE_AFTER_MS - 60_000);
  });
  await runInDurableObject(ownerOf(id), (_, state) => state.abort("forget")).catch(() => {});
}

async function eventsOf(id: string) {
  const response = await shop.get(`${TRANSACTIONS}/${id}/events`);
  return ((await response.json()) as { data: { type: string; data: Transaction }[] }).data;
}

describe("an operator", () => {
  it.each([
    ["settled", "completed", "transaction.completed"],
    ["declined", "failed", "transaction.failed"],
  ])(
    "An operator ends an old charge as %s, and its event says who and why",
    async (outcome, status, type) => {
      const { id } = await openCharge();
      await age(id);
      // The shard's alarm may just be asking the processor, which it does every few seconds.
      const response = await eventually(async () => {
        const resolution = await resolve(id, { ...said, outcome });
        expect(resolution.status).toBe(200);
        return resolution;
      });
      const resolved = (await response.json()) as Transaction;
      expect(resolved).toMatchObject({
        id,
        status,
        resolution: { outcome, reason: said.reason, resolved_by: "ann", forced: false },
        failure: outcome === "settled" ? null : { code: "declined_by_operator" },
      });
      expect(await shop.find(id)).toEqual(resolved);
      expect((await eventsOf(id)).at(-1)).toMatchObject({ type, data: resolved });
      await eventually(async () => {
        expect((await readBook(id)).transactions).toMatchObject([{ status }]);
      });
      // From now on the outcome is what everybody is answered, and the processor is not asked again.
      const processed = await shop.process(id);
      expect([processed.status, await processed.json()]).toEqual([200, resolved]);
      const { calls } = await processorSaw(id);
      await runDurableObjectAlarm(ownerOf(id)).catch(() => false);
      expect((await processorSaw(id)).calls).toBe(calls);
    },
  );

  it("An operator is refused while the processor may still answer, unless it is forced", async () => {
    const { id } = await openCharge();
    const refused = await resolve(id, said);
    expect(refused.status).toBe(409);
    expect(await problem(refused)).toMatchObject({ code: "charge_may_still_end" });
    expect(await shop.find(id)).toMatchObject({ status: "processing", version: 2 });
    const forced = await resolve(id, { ...said, force: true });
    expect(forced.status).toBe(200);
    expect(await forced.json()).toMatchObject({
      status: "completed",
      resolution: { forced: true },
    });
  });

  it("A resolution that is repeated gets the same answer and makes no event", async () => {
    const { id } = await openCharge();
    const first = await (await resolve(id, { ...said, force: true })).text();
    const again = await resolve(id, { ...said, reason: "Once more", resolved_by: "bob" });
    expect([again.status, await again.text()]).toEqual([200, first]);
    const other = await resolve(id, { ...said, outcome: "declined", force: true });
    expect(await problem(other)).toMatchObject({ status: 409, code: "illegal_transition" });
    expect(await eventsOf(id)).toHaveLength(3);
  });

  it("Of racing operators with different outcomes exactly one decides", async () => {
    const { id } = await openCharge();
    const outcomes = ["settled", "declined", "settled", "declined"];
    const responses = await Promise.all(
      outcomes.map((outcome) => resolve(id, { ...said, outcome, force: true })),
    );
    const taken = responses.filter(({ status }) => status === 200);
    const bodies = new Set(await Promise.all(taken.map((response) => response.text())));
    expect([taken.length, bodies.size]).toEqual([2, 1]);
    expect(await eventsOf(id)).toHaveLength(3);
  });

  it("A transaction that is not processing is refused: pending, settled, cancelled", async () => {
    const pending = await shop.created();
    const settled = await shop.created();
    await shop.process(settled.id);
    const cancelled = await shop.created();
    await shop.cancel(cancelled.id);
    for (const { id } of [pending, settled, cancelled]) {
      const refused = await resolve(id, { ...said, force: true });
      expect(await problem(refused)).toMatchObject({ status: 409, code: "illegal_transition" });
      expect(await shop.find(id)).not.toHaveProperty("resolution");
    }
  });

  it("A transaction that is not there is a 404, and only the administrator may ask", async () => {
    const missing = `txn_${"a".repeat(26)}`;
    for (const id of [missing, "txn_short", "x"]) {
      const refused = await resolve(id, said);
      expect(await problem(refused)).toMatchObject({ status: 404, code: "transaction_not_found" });
    }
    const { id } = await openCharge();
    const path = `/api/v1/operations/charges/${id}/resolve`;
    const byMerchant = await shop.ask("POST", path, { ...said, force: true });
    expect(await problem(byMerchant)).toMatchObject({ status: 401, code: "admin_token_invalid" });
    expect(await shop.find(id)).toMatchObject({ status: "processing" });
  });

  it.each([
    ["no reason", { reason: undefined }, "invalid_request", "#/reason"],
    ["an empty resolved_by", { resolved_by: "" }, "invalid_request", "#/resolved_by"],
    ["another outcome", { outcome: "completed" }, "invalid_request", "#/outcome"],
    ["a force that is text", { force: "true" }, "invalid_request", "#/force"],
    ["a card number in the reason", { reason: `card ${CARD}` }, "card_number_refused", "#/reason"],
    ["a card number as name", { resolved_by: CARD }, "card_number_refused", "#/resolved_by"],
    ["an unknown field", { note: "x" }, "invalid_request", "#/note"],
  ])("A resolution with %s is refused and changes nothing", async (_, fields, code, pointer) => {
    const { id } = await openCharge();
    const refused = await problem(await resolve(id, { ...said, force: true, ...fields }));
    expect(refused).toMatchObject({ status: 400, code, errors: [{ pointer }] });
    expect(await shop.find(id)).toMatchObject({ status: "processing" });
  });
});

describe("the processor", () => {
  it("A word that comes after a resolution does not change it", async () => {
    const { id } = await shop.created({ metadata: { processor: "wait" } });
    const processed = shop.process(id);
    await eventually(async () => expect((await processorSaw(id)).calls).toBe(1));
    const refused = await resolve(id, said);
    const resolved = await resolve(id, { ...said, outcome: "declined", force: true });
    const released = await fetch(new URL(`/release/${id}`, env.PROCESSOR_URL));
    expect([refused.status, resolved.status, released.status]).toEqual([409, 200, 200]);
    const response = await processed;
    expect([response.status, await response.json()]).toEqual([200, await resolved.json()]);
    expect(await shop.find(id)).toMatchObject({ status: "failed", version: 3 });
    expect((await processorSaw(id)).charges).toBe(1);
  });

  it("An answer about another amount leaves the charge open", async () => {
    const { id } = await shop.created({ metadata: { processor: "other_payment,settle" } });
    expect((await shop.process(id)).status).toBe(202);
    expect(await shop.find(id)).toMatchObject({ status: "processing" });
  });

  it("A card number in the processor's words is nowhere in answers, events and the book", async () => {
    const { id } = await shop.created({ metadata: { processor: "card" } });
    const processed = await shop.process(id);
    expect(await processed.json()).toMatchObject({
      status: "failed",
      failure: { code: "no_funds_****************", message: "No funds on **** **** **** ****" },
    });
    const events = JSON.stringify(await eventsOf(id));
    const book = await eventually(async () => {
      const text = JSON.stringify(await readBook(id));
      expect(text).toContain("failed");
      return text;
    });
    for (const text of [events, book]) expect(text).not.toMatch(/4242[ -]?4242/);
  });
});
