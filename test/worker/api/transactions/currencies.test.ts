/** Currencies over HTTP: which are taken on which day, what withdrawn ones go on doing, and what a create is in that
 *  names none. The days are set by the tests. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { forgetKeys } from "../../../../src/api/middleware/authenticate";
import type { Transaction } from "../../../../src/domain/transaction/transaction";
import {
  admin,
  type Client,
  clientOf,
  freshKey,
  newClient,
  processorSaw,
} from "../../../support/api";
import { ask, type Bindings, expectRefusal, jsonOf, pointersOf } from "../../../support/contract";
import { env } from "../../../support/env";

const LAST_DAY_OF_BGN = "2025-12-31T23:59:59.999Z";
const DAY_AFTER = "2026-01-01T00:00:00.000Z";
const on = (time: string) => vi.useFakeTimers({ toFake: ["Date"], now: Date.parse(time) });
afterEach(() => {
  vi.useRealTimers();
  forgetKeys();
});

const bodyOf = (fields: object) =>
  JSON.stringify({ user_id: "user_1", amount: "100.50", ...fields });
const create = (
  { key }: Client,
  fields: object,
  idempotencyKey = freshKey(),
  bindings?: Bindings,
) =>
  ask("/api/v1/transactions", {
    key,
    body: bodyOf(fields),
    headers: { "Content-Type": "application/json", "Idempotency-Key": idempotencyKey },
    ...(bindings ? { env: bindings } : {}),
  });
const made = async (client: Client, fields: object, idempotencyKey = freshKey()) => {
  const response = await create(client, fields, idempotencyKey);
  expect(response.status, await response.clone().text()).toBe(201);
  return jsonOf<Transaction>(response);
};

const howMany = async ({ key }: Client) =>
  (await jsonOf<{ data: unknown[] }>(await ask("/api/v1/transactions?limit=100", { key }))).data
    .length;
/** A merchant with this default currency. */
async function clientIn(default_currency?: string): Promise<Client> {
  const named = await admin("/api/v1/merchants", { name: "Shop", default_currency });
  const merchant = await jsonOf<{ id: string; default_currency: string }>(named);
  expect(merchant.default_currency).toBe(default_currency ?? "USD");
  const key = await admin(`/api/v1/merchants/${merchant.id}/api-keys`, {});
  const { id, key: secret } = await jsonOf<{ id: string; key: string }>(key);
  return clientOf(merchant.id, id, secret);
}

describe("a new payment", () => {
  it("A payment in the Caribbean guilder has decimals", async () => {
    const shop = await newClient();
    const { amount, amount_minor, currency } = await made(shop, { currency: "XCG" });
    expect([amount, amount_minor, currency]).toEqual([100.5, 10_050, "XCG"]);
  });

  it.each([
    ["ANG", "withdrawn on 2025-07-01"],
    ["BGN", "withdrawn on 2026-01-01"],
    ["CUC", "withdrawn on 2021-07-01"],
    ["HRK", "withdrawn on 2023-01-01"],
    ["XAU", "not a payment currency"],
    ["DEM", "ISO 4217"],
  ])(
    "A payment cannot be in %s, and the refusal names the field and the reason",
    async (currency, why) => {
      const shop = await newClient();
      const refused = await expectRefusal(await create(shop, { currency }), "invalid_request");
      expect(pointersOf(refused)).toEqual(["#/currency"]);
      expect(refused.detail).toContain(why);
      expect(await howMany(shop)).toBe(0);
    },
  );

  it("A payment is accepted until the day on which its currency is withdrawn, and refused from then on", async () => {
    on(LAST_DAY_OF_BGN);
    const shop = await newClient();
    const { currency } = await made(shop, { currency: "BGN" });
    expect(currency).toBe("BGN");
    on(DAY_AFTER);
    const refused = await expectRefusal(await create(shop, { currency: "BGN" }), "invalid_request");
    expect(pointersOf(refused)).toEqual(["#/currency"]);
  });

  it("A payment is refused before the day on which its currency begins", async () => {
    on("2025-03-30T23:59:59.999Z");
    const shop = await newClient();
    const refused = await expectRefusal(await create(shop, { currency: "XCG" }), "invalid_request");
    expect(refused.detail).toContain("not valid before 2025-03-31");
    on("2025-03-31T00:00:00.000Z");
    await made(shop, { currency: "XCG" });
  });
});

describe("a payment that was made while its currency was valid", () => {
  const order = freshKey("lev");
  const lev = { currency: "BGN", amount: "1234.56" };
  /** A merchant who was paid in leva on their last day. The clock is left on the day after. */
  async function paidInLeva() {
    on(LAST_DAY_OF_BGN);
    const shop = await newClient();
    const payment = await made(shop, lev, order);
    on(DAY_AFTER);
    return { shop, payment };
  }

  it("A payment in a currency withdrawn since keeps its response for a repeated create, and its key is taken", async () => {
    const { shop, payment } = await paidInLeva();
    const repeated = await create(shop, { ...lev, amount: 1234.56 }, order);
    expect([repeated.status, repeated.headers.get("Idempotent-Replayed")]).toEqual([201, "true"]);
    expect(await jsonOf(repeated)).toEqual(payment);
    const other = await create(shop, { ...lev, amount: "1234.57" }, order);
    expect((await expectRefusal(other, "idempotency_key_reused")).detail).toContain("amount");
    const euro = await create(shop, { currency: "EUR", amount: "1234.56" }, order);
    expect((await expectRefusal(euro, "idempotency_key_reused")).detail).toContain("currency");
  });

  it("A payment in a currency withdrawn since can be read, charged and listed", async () => {
    const { shop, payment } = await paidInLeva();
    expect(await shop.find(payment.id)).toEqual(payment);
    const charged = await jsonOf<Transaction>(await shop.process(payment.id));
    expect(charged).toMatchObject({ status: "completed", amount: 1234.56, amount_minor: 123_456 });
    expect((await processorSaw(payment.id)).amounts).toEqual([123_456]);
    expect(await howMany(shop)).toBe(1);
  });

  it("A payment in a currency withdrawn since is found by rules that name its currency, in a backtest", async () => {
    const { shop } = await paidInLeva();
    const when = { all: [{ currency: ["BGN"] }, { amount: { above: "1234.55" } }] };
    const rules = [{ id: "leva", outcome: "block", when }];
    const headers = { "Content-Type": "application/json" };
    const tried = await ask("/api/v1/risk/backtest", {
      key: shop.key,
      headers,
      body: JSON.stringify({ rule_set: { rules } }),
    });
    expect(await jsonOf(tried)).toMatchObject({
      examined: 1,
      changed: { approve_to_block: 1 },
      examples: [
        { reasons: [{ detail: expect.stringContaining("1234.56 BGN is above 1234.55") }] },
      ],
    });
    const put = await ask("/api/v1/risk/rules", {
      key: shop.key,
      method: "PUT",
      headers,
      body: JSON.stringify({ version: 0, rules }),
    });
    expect(put.status).toBe(200);
  });
});

describe("a merchant's default currency", () => {
  it("A merchant's default currency is USD when none is named, also of a merchant from before there were others", async () => {
    const shop = await clientIn(undefined);
    expect((await made(shop, {})).currency).toBe("USD");
    const old = await newClient();
    await env.DB.prepare(
      "INSERT INTO merchants (id, name, created_at) VALUES ('mer_old', 'Old', 1)",
    ).run();
    await env.DB.prepare("UPDATE api_keys SET merchant_id = 'mer_old' WHERE id = ?")
      .bind(old.key_id)
      .run();
    expect((await made(old, {})).currency).toBe("USD");
  });

  it("A create without a currency has the merchant's default currency, with its decimals", async () => {
    const shop = await clientIn("JPY");
    const { amount, amount_minor, currency } = await made(shop, { amount: 12_000 });
    expect([amount, amount_minor, currency]).toEqual([12_000, 12_000, "JPY"]);
    const refused = await expectRefusal(await create(shop, { amount: "0.5" }), "invalid_request");
    expect(pointersOf(refused)).toEqual(["#/amount"]);
    expect(refused.detail).toContain("JPY");
    expect((await made(shop, { currency: "KWD", amount: "1.234" })).amount_minor).toBe(1_234);
  });

  it("A create that names the default currency equals one that names none", async () => {
    const shop = await clientIn("EUR");
    const key = freshKey();
    const first = await made(shop, {}, key);
    const named = await create(shop, { currency: "EUR" }, key);
    expect(named.headers.get("Idempotent-Replayed")).toBe("true");
    expect(await jsonOf(named)).toEqual(first);
    const other = await create(shop, { currency: "USD" }, key);
    expect((await expectRefusal(other, "idempotency_key_reused")).detail).toContain("currency");
  });

  it.each([["XAU"], ["usd"], ["DEM"], ["BGN"], [978], [null], [""]])(
    "A merchant's default currency cannot be %j",
    async (default_currency) => {
      const response = await ask("/api/v1/merchants", {
        key: env.ADMIN_TOKEN,
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ name: "Shop", default_currency }),
      });
      const refused = await expectRefusal(response, "invalid_request");
      expect(pointersOf(refused)).toEqual(["#/default_currency"]);
    },
  );

  it("A create without a currency is refused when the default was withdrawn, except when it repeats an earlier one", async () => {
    on(LAST_DAY_OF_BGN);
    const shop = await clientIn("BGN");
    const key = freshKey();
    const first = await made(shop, {}, key);
    on(DAY_AFTER);
    const refused = await expectRefusal(await create(shop, {}), "invalid_request");
    expect(pointersOf(refused)).toEqual(["#/currency"]);
    expect(refused.detail).toContain("BGN, which was withdrawn on 2026-01-01");
    expect(await jsonOf(await create(shop, {}, key))).toEqual(first);
    expect((await made(shop, { currency: "EUR" })).currency).toBe("EUR");
  });

  it("A create with a known key does not read the default currency from D1", async () => {
    const shop = await clientIn("JPY");
    await made(shop, { amount: 1 });
    const dead = new Proxy(env.DB, {
      get: () => () => {
        throw new Error("D1 was asked");
      },
    });
    const response = await create(shop, { amount: 2 }, freshKey(), { DB: dead });
    expect(await jsonOf(response)).toMatchObject({ amount_minor: 2, currency: "JPY" });
  });
});

describe("where a currency is required", () => {
  const REQUIRED = { REQUIRE_CURRENCY: "true" };

  it("Where a currency is required, a create without one is refused, and one with its own is accepted", async () => {
    const shop = await clientIn("EUR");
    const refused = await create(shop, {}, freshKey(), REQUIRED);
    expect(pointersOf(await expectRefusal(refused, "invalid_request"))).toEqual(["#/currency"]);
    expect(await howMany(shop)).toBe(0);
    const named = await create(shop, { currency: "EUR" }, freshKey(), REQUIRED);
    expect([named.status, (await jsonOf<Transaction>(named)).currency]).toEqual([201, "EUR"]);
  });

  it("A create from before a currency was required still gets its response", async () => {
    const shop = await clientIn("EUR");
    const key = freshKey();
    const first = await made(shop, {}, key);
    const repeated = await create(shop, {}, key, REQUIRED);
    expect([repeated.status, await jsonOf(repeated)]).toEqual([201, first]);
    const other = await create(shop, { amount: 7 }, key, REQUIRED);
    await expectRefusal(other, "idempotency_key_reused");
  });

  it("A request over the merchant's quota is refused for its faults, not for the quota", async () => {
    const shop = await clientIn("EUR");
    const limits = { ...REQUIRED, RATE_LIMIT_REQUESTS: "1", RATE_LIMIT_LISTS: "0" };
    await create(shop, { currency: "EUR" }, freshKey(), limits);
    const over = await create(shop, {}, freshKey(), limits);
    expect(pointersOf(await expectRefusal(over, "invalid_request"))).toEqual(["#/currency"]);
  });
});
