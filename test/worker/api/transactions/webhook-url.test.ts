/** Webhook URLs at the door: what is kept is the parsed form, and a repetition is one however it is spelled. */
import { beforeAll, expect, it } from "vitest";
import type { CreateRequest } from "../../../../src/domain/transaction/idempotency";
import { differingFields } from "../../../../src/domain/transaction/idempotency";
import type { Transaction } from "../../../../src/domain/transaction/transaction";
import { type Client, newClient } from "../../../support/api";
import { ask, createWith, expectRefusal, jsonOf, pointersOf } from "../../../support/contract";

const ENDPOINTS = "/api/v1/webhook-endpoints";
const WRITTEN = "HTTPS://Bücher.Example.COM:443/a/../hook?x=ü";
const KEPT = "https://xn--bcher-kva.example.com/hook?x=%C3%BC";
const json = { "Content-Type": "application/json" };

let shop: Client;
beforeAll(async () => {
  shop = await newClient();
});

const create = (key: string, webhook_url: string) =>
  createWith(shop.key, key, JSON.stringify({ user_id: "u", amount: 1, webhook_url }));

it("A transaction keeps and shows its webhook URL as it is parsed", async () => {
  const made = await create("parsed", WRITTEN);
  expect((await jsonOf<Transaction>(made)).webhook_url).toBe(KEPT);
});

it.each([WRITTEN, KEPT, "https://bücher.example.com/hook?x=%C3%BC"])(
  "A create that spells its webhook URL as %s repeats the one that spelled it otherwise",
  async (webhook_url) => {
    await create(`again-${webhook_url.length}`, WRITTEN);
    const again = await create(`again-${webhook_url.length}`, webhook_url);
    expect([again.status, again.headers.get("Idempotent-Replayed")]).toEqual([201, "true"]);
  },
);

it("A create with another webhook URL is not a repetition", async () => {
  await create("other", WRITTEN);
  const other = await create("other", `${KEPT}2`);
  await expectRefusal(other, "idempotency_key_reused");
});

it.each([
  [WRITTEN, KEPT, []],
  ["https://shop.example.com", "https://shop.example.com/", []],
  ["https://shop.example.com", "https://shop.example.com/other", ["webhook_url"]],
  [null, KEPT, ["webhook_url"]],
  [KEPT, null, ["webhook_url"]],
])("A URL kept by an earlier release as %s and sent as %s differs in %j", (first, sent, fields) => {
  const request = (webhook_url: string | null): CreateRequest => ({
    user_id: "u",
    amount_minor: 100,
    currency: "USD",
    description: null,
    metadata: {},
    webhook_url,
  });
  expect(differingFields(request(first), request(sent))).toEqual(fields);
});

it("An endpoint keeps and shows its URL as it is parsed, when it is made and when it is changed", async () => {
  const made = await ask(ENDPOINTS, { key: shop.key, headers: json, body: `{"url":"${WRITTEN}"}` });
  const { id, url } = await jsonOf<{ id: string; url: string }>(made);
  expect(url).toBe(KEPT);
  const changed = await ask(`${ENDPOINTS}/${id}`, {
    key: shop.key,
    method: "PATCH",
    headers: json,
    body: '{"url":"https://ｓｈｏｐ.example.com"}',
  });
  expect((await jsonOf<{ url: string }>(changed)).url).toBe("https://shop.example.com/");
});

it.each([
  "https://shop.test/hook",
  "https://hooks.corp/",
  "https://@shop.example.com/",
  "https://shop.example.com\\hook",
  `https://${"a".repeat(64)}.example.com/`,
  "https://%34242424242424242.example.com/",
])("The URL %s is refused for a transaction and for an endpoint", async (url) => {
  const asTransaction = await create("refused", url);
  const asEndpoint = await ask(ENDPOINTS, {
    key: shop.key,
    headers: json,
    body: JSON.stringify({ url }),
  });
  const code = url.includes("%34") ? "card_number_refused" : "invalid_request";
  expect(pointersOf(await expectRefusal(asTransaction, code))).toEqual(["#/webhook_url"]);
  expect(pointersOf(await expectRefusal(asEndpoint, code))).toEqual(["#/url"]);
});

it("A repeated create whose webhook URL is refused now gets its response, and a new one is refused", async () => {
  const url = "https://@shop.test/hook";
  const body = JSON.stringify({ user_id: "u", amount: 1, webhook_url: "https://shop.test/hook" });
  const before = { key: shop.key, headers: { ...json, "Idempotency-Key": "was-taken" }, body };
  const made = await ask("/api/v1/transactions", {
    ...before,
    env: { ALLOW_INSECURE_WEBHOOKS: "true" },
  });
  expect(made.status).toBe(201);
  const again = await create("was-taken", "https://shop.test/hook");
  expect([again.status, again.headers.get("Idempotent-Replayed")]).toEqual([201, "true"]);
  await expectRefusal(await create("never-taken", url), "invalid_request");
});
