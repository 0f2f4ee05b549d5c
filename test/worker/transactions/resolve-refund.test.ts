/** Refunds that an operator ends by hand, through the front door. Runs in both shard settings. */
import { beforeAll, describe, expect, it } from "vitest";
import type { Refund } from "../../../src/domain/transaction/refund";
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

let shop: Client;
beforeAll(async () => {
  shop = await newClient();
});

const resolve = (id: string, body: object) =>
  admin(`/api/v1/operations/refunds/${id}/resolve`, body);
const said = {
  outcome: "settled",
  reason: "In the acquirer's report",
  resolved_by: "ann",
  force: true,
};

/** A refund of 4 of the 10 that were charged. */
async function openRefund(steps = "pending"): Promise<Refund> {
  const { id } = await shop.created({ process: true });
  const body = { amount: 4, metadata: { processor: steps } };
  return (await (await shop.refund(id, body)).json()) as Refund;
}

describe("an operator", () => {
  it.each([
    ["settled", "succeeded", 400],
    ["declined", "failed", 0],
  ])("ends a refund as %s, and its event says who and why", async (outcome, status, refunded) => {
    const { id, transaction_id } = await openRefund();
    const early = await resolve(id, { ...said, force: false });
    expect(await problem(early)).toMatchObject({ status: 409, code: "charge_may_still_end" });
    const response = await resolve(id, { ...said, outcome });
    const resolved = (await response.json()) as Refund;
    const { force, ...words } = said;
    expect(resolved).toMatchObject({
      status,
      resolution: { ...words, outcome, forced: force },
      failure: outcome === "settled" ? null : { code: "declined_by_operator" },
    });
    expect(await (await shop.get(`/api/v1/refunds/${id}`)).json()).toEqual(resolved);
    expect((await shop.find(transaction_id)).amount_refunded_minor).toBe(refunded);
    const events = await (await shop.get(`${TRANSACTIONS}/${transaction_id}/events`)).json();
    expect((events as { data: object[] }).data.at(-1)).toMatchObject({
      type: `refund.${status}`,
      data: resolved,
    });
    const again = await resolve(id, { ...said, outcome });
    expect([again.status, await again.json()]).toEqual([200, resolved]);
    const other = await resolve(id, {
      ...said,
      outcome: outcome === "settled" ? "declined" : "settled",
    });
    expect(await problem(other)).toMatchObject({ status: 409, code: "illegal_transition" });
  });

  it("decides against a word of the processor that comes later", async () => {
    const { id: of } = await shop.created({ process: true });
    const asked = shop.refund(of, { metadata: { processor: "wait" } }, "late");
    const listed = () => shop.get(`${TRANSACTIONS}/${of}/refunds`);
    const id = await eventually(async () => {
      const { data } = (await (await listed()).json()) as { data: Refund[] };
      expect((await processorSaw(data[0]?.id ?? "none")).calls).toBe(1);
      return data[0]?.id ?? "";
    });
    expect((await resolve(id, { ...said, outcome: "declined" })).status).toBe(200);
    await fetch(new URL(`/release/${id}`, env.PROCESSOR_URL));
    expect(await (await asked).json()).toMatchObject({ id, status: "failed" });
    expect((await shop.find(of)).amount_refunded_minor).toBe(0);
  });

  it("gets a 404 for a refund that is not there, and merchants may not ask", async () => {
    const { id } = await openRefund();
    const other = `${id.slice(0, -1)}${id.endsWith("a") ? "b" : "a"}`;
    const foreign = `re_${"a".repeat(26)}_${"a".repeat(16)}`;
    for (const missing of [other, foreign, "re_short"]) {
      const refused = await resolve(missing, said);
      expect(await problem(refused)).toMatchObject({ status: 404, code: "refund_not_found" });
    }
    const path = `/api/v1/operations/refunds/${id}/resolve`;
    const byMerchant = await shop.ask("POST", path, said);
    expect(await problem(byMerchant)).toMatchObject({ status: 401, code: "admin_token_invalid" });
    expect(await (await shop.get(`/api/v1/refunds/${id}`)).json()).toMatchObject({
      status: "pending",
    });
  });
});
