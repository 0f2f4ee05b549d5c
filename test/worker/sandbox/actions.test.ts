/** Payments whose customer has to act, from the request to the outcome, with the sandbox as the processor. */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import type { NextAction } from "../../../src/domain/transaction/next-action";
import type { Transaction } from "../../../src/domain/transaction/transaction";
import { problem, TRANSACTIONS } from "../../support/api";
import { env } from "../../support/env";
import { eventually } from "../../support/eventually";
import { expire } from "../../support/money";
import { bookRows, eventTypes, ownerOf, ringUntil, shop } from "../../support/owner";

const DETAILS = {
  payment_method: "pm_secret_of_the_processor",
  customer: "cus_secret_of_the_processor",
  return_url: "https://shop.example/return?secret=of-the-customer",
};
const ACTION_URL = "https://example.com/sandbox/authenticate";
/** What no reader but the merchant's own request may see. */
const SECRETS = [DETAILS.payment_method, DETAILS.customer, "of-the-customer", ACTION_URL];

type Shown = Transaction & { next_action?: NextAction };

const body = (outcome: string, fields: object = {}) => ({
  ...DETAILS,
  metadata: { sandbox_outcome: outcome },
  process: true,
  ...fields,
});

const NEXT_ACTION = {
  type: "redirect_to_url",
  redirect_to_url: { url: ACTION_URL, return_url: DETAILS.return_url },
};

/** A payment that waits for its customer. */
async function waiting(outcome: string, fields: object = {}, key?: string): Promise<Shown> {
  const response = await shop.create(body(outcome, fields), key);
  expect(response.status).toBe(202);
  expect(Number(response.headers.get("Retry-After"))).toBeGreaterThan(0);
  const shown = (await response.json()) as Shown;
  expect(shown).toMatchObject({ status: "requires_action", next_action: NEXT_ACTION });
  return shown;
}

const crash = (id: string) =>
  runInDurableObject(ownerOf(id), (_, state) => state.abort("crash")).catch(() => {});

/** Processes until there is an outcome, as a client does whose customer has come back. */
const processed = (id: string) =>
  eventually(async () => {
    const response = await shop.process(id);
    expect(response.status).toBe(200);
    return (await response.json()) as Shown;
  });

const ENDS = ["transaction.created", "transaction.processing", "transaction.requires_action"];

describe("a payment that needs its customer", () => {
  it("It shows the action until the customer has acted, and then ends like any other", async () => {
    const { id, action_expires_at = "", updated_at } = await waiting("action_then_settle");
    expect(Date.parse(action_expires_at) - Date.parse(updated_at)).toBe(3_600_000);
    const got = await shop.get(`${TRANSACTIONS}/${id}`);
    expect(got.status).toBe(200);
    expect(await got.json()).toMatchObject({ next_action: NEXT_ACTION });
    const done = await processed(id);
    expect(done).toMatchObject({ status: "completed", amount_captured_minor: 1_000 });
    expect(done).not.toHaveProperty("next_action");
    expect(await shop.find(id)).not.toHaveProperty("next_action");
    expect(await eventTypes(id)).toEqual([
      ...ENDS,
      "transaction.processing",
      "transaction.completed",
    ]);
    const rows = await runInDurableObject(ownerOf(id), (_, { storage }) =>
      storage.sql.exec("SELECT 1 FROM next_actions WHERE transaction_id = ?", id).toArray(),
    );
    expect(rows).toEqual([]);
  });

  it("It ends without a request, also when its object has stopped, and declined if the customer fails", async () => {
    const { id } = await waiting("action_then_decline");
    await crash(id);
    expect(await shop.find(id)).toMatchObject({ next_action: NEXT_ACTION });
    expect(await ringUntil(id, "failed")).toMatchObject({ failure: { code: "card_declined" } });
  });

  it("A held payment is authorized after it, and can be captured", async () => {
    const { id } = await waiting("action_then_settle", { capture_method: "manual" });
    expect(await processed(id)).toMatchObject({
      status: "authorized",
      amount_capturable_minor: 1_000,
    });
    expect(await (await shop.capture(id, 4)).json()).toMatchObject({
      status: "completed",
      amount_captured_minor: 400,
    });
  });

  it("A cancellation voids it, and the action is gone", async () => {
    const { id } = await waiting("action_abandoned");
    const cancelled = await (await shop.cancel(id)).json();
    expect(cancelled).toMatchObject({ status: "cancelled", cancellation_reason: "requested" });
    expect(cancelled).not.toHaveProperty("next_action");
    expect(await eventTypes(id)).toEqual([...ENDS, "transaction.processing", "transaction.voided"]);
  });

  it("It is voided after its time, once, also when its object stops at that moment", async () => {
    for (const stops of [false, true]) {
      const { id } = await waiting("action_abandoned");
      await expire(id, { ring: !stops });
      if (stops) await crash(id);
      expect(await ringUntil(id, "cancelled")).toMatchObject({
        cancellation_reason: "action_expired",
        action_expires_at: expect.any(String),
      });
      expect(await eventTypes(id)).toEqual([
        ...ENDS,
        "transaction.processing",
        "transaction.action_expired",
      ]);
    }
  });

  it("A completion and an expiry at the same time give one outcome", async () => {
    for (let round = 0; round < 5; round++) {
      const { id } = await waiting("action_then_settle");
      await eventually(async () => {
        await Promise.all([shop.process(id), expire(id), shop.cancel(id)]);
        expect(["completed", "cancelled"]).toContain((await shop.find(id)).status);
      });
      const ends = (await eventTypes(id)).filter((type) =>
        /completed|voided|expired|cancelled/.test(type),
      );
      expect(ends.length).toBe(1);
    }
  });

  it("A list shows the status without the action, and can be filtered by it", async () => {
    const { id } = await waiting("action_abandoned");
    const page = await (await shop.get(`${TRANSACTIONS}?status=requires_action`)).text();
    expect(page).toContain(id);
    for (const secret of SECRETS) expect(page).not.toContain(secret);
  });

  it("A batch shows it with the status 202", async () => {
    const item = { user_id: "user_1", amount: 10, ...body("action_abandoned") };
    const response = await shop.batch([{ idempotency_key: "batch-action", ...item }]);
    expect(await response.json()).toMatchObject({
      data: [{ status: 202, transaction: { next_action: NEXT_ACTION } }],
    });
  });
});

describe("what a request names for the processor", () => {
  it("A repetition is the same request only with the same details, and gets the action again", async () => {
    const key = "details-repeated";
    const { id } = await waiting("action_abandoned", {}, key);
    expect(await waiting("action_abandoned", {}, key)).toMatchObject({ id });
    for (const [field, value] of [
      ["payment_method", "pm_other"],
      ["customer", null],
      ["return_url", "https://shop.example/elsewhere"],
    ] as const) {
      const response = await shop.create(body("action_abandoned", { [field]: value }), key);
      expect(response.status).toBe(422);
      const { errors, detail } = await problem(response);
      expect(errors).toMatchObject([{ pointer: `#/${field}` }]);
      for (const secret of SECRETS) expect(`${detail}`).not.toContain(secret);
    }
    const first = await shop.create(body("action_abandoned", { process: false }), key);
    expect(first.status).toBe(201);
    const text = await first.text();
    expect(JSON.parse(text)).toMatchObject({ id, status: "pending" });
    for (const secret of SECRETS) expect(text).not.toContain(secret);
  });

  it("Two spellings of a return URL are one request", async () => {
    const spellings = ["https://SHOP.example:443/a/../b", "https://shop.example/b"];
    const statuses = [];
    for (const return_url of spellings) {
      statuses.push((await shop.create({ return_url }, "return-url-spelled")).status);
    }
    expect(statuses).toEqual([201, 201]);
  });

  it.each([
    ["payment_method", "pm-1", "#/payment_method"],
    ["payment_method", "", "#/payment_method"],
    ["payment_method", "p".repeat(256), "#/payment_method"],
    ["payment_method", 7, "#/payment_method"],
    ["customer", "cus 1", "#/customer"],
    ["return_url", "javascript:alert(1)", "#/return_url"],
    ["return_url", "shop.example", "#/return_url"],
    ["return_url", "https://user:pass@shop.example/", "#/return_url"],
    ["return_url", `https://shop.example/${"a".repeat(2_048)}`, "#/return_url"],
  ])("A %s that is %.40j is refused", async (field, value, pointer) => {
    const response = await shop.create({ [field]: value });
    expect(response.status).toBe(400);
    expect((await problem(response)).errors).toMatchObject([{ pointer }]);
  });

  it.each([
    ["payment_method", "4242424242424242"],
    ["customer", "cus_4242424242424242"],
    ["return_url", "https://shop.example/?card=4242424242424242"],
  ])("A card number as %s is refused", async (field, value) => {
    const response = await shop.create({ [field]: value });
    expect((await problem(response)).code).toBe("card_number_refused");
  });

  it("It is in no event, row of D1, webhook or log, and neither is the action", async () => {
    const lines: string[] = [];
    const log = vi.spyOn(console, "log").mockImplementation((...args) => {
      lines.push(args.join(" "));
    });
    try {
      const webhook_url = `${env.RECEIVER_URL}/actions`;
      const { id } = await waiting("action_then_settle", { webhook_url });
      const events = await (await shop.get(`${TRANSACTIONS}/${id}/events`)).text();
      await processed(id);
      const rows = JSON.stringify(await bookRows(id));
      const feed = await (await shop.get("/api/v1/events?limit=100")).text();
      const received = await eventually(async () => {
        const seen = await (await fetch(`${env.RECEIVER_URL}/actions`)).text();
        expect(seen).toContain("transaction.completed");
        return seen;
      });
      expect(lines.length).toBeGreaterThan(0);
      for (const place of [events, rows, feed, received, lines.join("\n")]) {
        for (const secret of SECRETS) expect(place).not.toContain(secret);
      }
    } finally {
      log.mockRestore();
    }
  });
});
