/** Every problem there is, in the form of RFC 9457. */
import { describe, expect, it } from "vitest";
import { PROBLEMS, type ProblemCode } from "../../../../src/api/http/problem";
import { MAX_BODY_BYTES } from "../../../../src/api/http/request-body";
import { MAX_API_KEYS } from "../../../../src/api/merchants/api-key-routes";
import { forgetKeys } from "../../../../src/api/middleware/authenticate";
import { FEED_SIZE } from "../../../../src/d1/schema";
import { MAX_LIST_ENTRIES } from "../../../../src/domain/risk/limits";
import { MAX_ENDPOINTS } from "../../../../src/domain/webhook/webhook";
import { newClient, TRANSACTIONS } from "../../../support/api";
import { ask, CANARY, checkWholeFile, expectRefusal, jsonOf } from "../../../support/contract";
import { env } from "../../../support/env";
import { fillLists } from "../../../support/lists";
import {
  asAdmin,
  body,
  create,
  ENDPOINTS,
  faulty,
  get,
  LISTS,
  missing,
  ownersThat,
  raising,
  refusing,
  resolve,
  shop,
} from "../../../support/shop";
import { deliver } from "../../../support/stripe-events";

/** Problems of captures and refunds, and of a processor that takes some payments only. */
type Unasked =
  | "amount_not_supported"
  | "customer_erased"
  | "currency_not_supported"
  | "payment_method_required"
  | "refund_not_found"
  | "operation_not_supported"
  | "amount_exceeds_capturable"
  | "capture_amount_differs"
  | "refund_exceeds_remaining"
  | "too_many_refunds"
  | "too_many_attempts";

describe("a problem", () => {
  /** One request for each problem there is; a problem without a row does not compile. */
  const ASKED: Record<Exclude<ProblemCode, Unasked>, () => Promise<Response>> = {
    malformed_json: () => create("{"),
    invalid_request: () => create("{}"),
    idempotency_key_missing: () => ask(TRANSACTIONS, { key: shop.key, body: body() }),
    idempotency_key_invalid: () => create(body(), { "Idempotency-Key": "two words" }),
    signature_invalid: () => deliver("{}", { signature: "none" }),
    card_number_refused: () => create(body('"description":"4242 4242 4242 4242"')),
    api_key_missing: () => ask(TRANSACTIONS),
    api_key_invalid: () => ask(TRANSACTIONS, { key: "sk_wrong" }),
    admin_token_invalid: () => ask("/api/v1/merchants", { key: "wrong" }),
    metrics_token_invalid: () => ask("/metrics", { key: env.ADMIN_TOKEN }),
    scope_missing: async () =>
      ask(TRANSACTIONS, { key: (await newClient(["transactions:write"])).key }),
    not_found: () => ask("/nowhere"),
    cursor_expired: async () => {
      const client = await newClient();
      await client.created();
      const { next_cursor } = await jsonOf<{ next_cursor: string }>(
        await client.get("/api/v1/events"),
      );
      await env.DB.prepare("UPDATE feeds SET deleted_through = ? WHERE merchant_id = ?")
        .bind(FEED_SIZE - 1, client.merchant_id)
        .run();
      return client.get(`/api/v1/events?cursor=${next_cursor}`);
    },
    transaction_not_found: () => get(missing),
    idempotency_key_not_found: () => get("/api/v1/idempotency-keys/never-used"),
    merchant_not_found: () => asAdmin("/api/v1/merchants/mer_none/api-keys"),
    api_key_not_found: () =>
      asAdmin(`/api/v1/merchants/${shop.merchant_id}/api-keys/key_none/roll`, {}),
    webhook_endpoint_not_found: () => get(`/api/v1/webhook-endpoints/whe_${"a".repeat(26)}`),
    erasure_not_found: async () =>
      (await newClient(["customers:erase"])).get(`/api/v1/erasures/era_${"a".repeat(26)}`),
    webhook_delivery_not_found: () => get("/api/v1/webhook-deliveries/whd_none"),
    webhook_endpoint_exists: async () => {
      const register = () =>
        ask(ENDPOINTS, {
          method: "POST",
          key: shop.key,
          headers: { "Content-Type": "application/json", "Idempotency-Key": `${CANARY}-endpoint` },
          body: '{"url":"https://shop.example.com/hook"}',
        });
      expect((await register()).status).toBe(201);
      return register();
    },
    too_many_webhook_endpoints: async () => {
      const { key } = await newClient();
      const add = () =>
        ask(ENDPOINTS, {
          method: "POST",
          key,
          headers: { "Content-Type": "application/json" },
          body: '{"url":"https://shop.example.com/hook"}',
        });
      for (let count = 0; count < MAX_ENDPOINTS; count++) expect((await add()).status).toBe(201);
      return add();
    },
    rule_set_not_found: () => get("/api/v1/risk/rules?version=5"),
    list_entry_not_found: () => get(`${LISTS}/rle_${"a".repeat(26)}`),
    rule_set_version_conflict: () => {
      const body = JSON.stringify({ version: 5, rules: [] });
      const headers = { "Content-Type": "application/json" };
      return ask("/api/v1/risk/rules", { method: "PUT", key: shop.key, headers, body });
    },
    too_many_list_entries: async () => {
      const { key, merchant_id } = await newClient();
      await fillLists(merchant_id, MAX_LIST_ENTRIES);
      const headers = { "Content-Type": "application/json" };
      const body = '{"list":"block","field":"ip","value":"203.0.113.7"}';
      return ask(LISTS, { method: "POST", key, headers, body });
    },
    api_key_exists: async () => {
      const create = () =>
        ask(`/api/v1/merchants/${shop.merchant_id}/api-keys`, {
          key: env.ADMIN_TOKEN,
          body: "{}",
          headers: { "Content-Type": "application/json", "Idempotency-Key": "the-same" },
        });
      expect((await create()).status).toBe(201);
      return create();
    },
    api_key_rolled: async () => {
      const roll = () => asAdmin(`/api/v1/merchants/${shop.merchant_id}/api-keys/${id}/roll`, {});
      const made = await asAdmin(`/api/v1/merchants/${shop.merchant_id}/api-keys`, {});
      const { id } = await jsonOf<{ id: string }>(made);
      expect((await roll()).status).toBe(201);
      return roll();
    },
    too_many_api_keys: async () => {
      const { merchant_id } = await newClient();
      const add = () => asAdmin(`/api/v1/merchants/${merchant_id}/api-keys`, {});
      for (let count = 1; count < MAX_API_KEYS; count++) expect((await add()).status).toBe(201);
      return add();
    },
    backtest_running: async () => {
      await env.QUOTAS.getByName(shop.merchant_id).hold("backtest", "another", 10_000);
      const headers = { "Content-Type": "application/json" };
      const body = '{"rule_set":{"rules":[]}}';
      const refused = await ask("/api/v1/risk/backtest", { key: shop.key, headers, body });
      await env.QUOTAS.getByName(shop.merchant_id).free("backtest", "another");
      return refused;
    },
    rate_limited: async () => {
      const { key } = await newClient();
      const get = () => ask(TRANSACTIONS, { key, env: { RATE_LIMIT_REQUESTS: "1" } });
      expect((await get()).status).toBe(200);
      return get();
    },
    too_many_failed_authentications: () =>
      ask(TRANSACTIONS, {
        headers: { "CF-Connecting-IP": "203.0.113.77" },
        env: { FAILED_KEYS: { limit: async () => ({ success: false }) } },
      }),
    method_not_allowed: () => ask(TRANSACTIONS, { method: "PUT" }),
    illegal_transition: async () => {
      const { id } = await shop.created();
      await shop.process(id);
      return ask(`${TRANSACTIONS}/${id}/cancel`, { method: "POST", key: shop.key });
    },
    charge_may_still_end: async () => {
      const { id } = await shop.created({ metadata: { processor: "pending" } });
      await shop.process(id);
      const refused = await resolve(id);
      await resolve(id, { force: true }); // A charge that stays open would make the system degraded.
      return refused;
    },
    body_too_large: () => create(new Uint8Array(MAX_BODY_BYTES + 1)),
    unsupported_media_type: () => create(body(), { "Content-Type": "text/plain" }),
    idempotency_key_reused: async () => create(body(), {}, (await shop.created()).idempotency_key),
    internal_error: () => ask(missing, { key: shop.key, env: ownersThat(raising(faulty())) }),
    version_mismatch: () => refusing({ code: "version_mismatch", version: 4, status: "completed" }),
    livemode_mismatch: () => refusing({ code: "livemode_mismatch", livemode: true }),
    processor_mismatch: () => refusing({ code: "processor_mismatch", processor: "http" }),
    webhook_secret_missing: () => deliver("{}", { env: { STRIPE_WEBHOOK_SECRET: "" } }),
    processor_not_configured: () => refusing({ code: "processor_not_configured" }),
    unavailable: () =>
      ask(missing, { key: shop.key, env: ownersThat(raising(faulty({ overloaded: true }))) }),
    book_move_refused: async () => {
      const { merchant_id } = await newClient();
      await env.DB.prepare("INSERT INTO book_moves VALUES (?, 1, 1, 2, 'deleting', NULL)")
        .bind(merchant_id)
        .run();
      return asAdmin("/api/v1/operations/book-moves", { merchant_id, book: 1 });
    },
    book_move_failed: async () => {
      const { merchant_id } = await newClient();
      const failed = '{"phase":"failed","reason":"payments: 1 and not 2"}';
      await env.DB.batch([
        env.DB.prepare("INSERT INTO book_moves VALUES (?, 1, 2, 1, 'copying', NULL)").bind(
          merchant_id,
        ),
        env.DB.prepare("INSERT INTO book_arrivals VALUES (?, 1, 9, '', ?)").bind(
          merchant_id,
          failed,
        ),
      ]);
      return ask("/api/v1/operations/book-moves", {
        key: env.ADMIN_TOKEN,
        env: { BOOKS: "2", BOOK_2: env.DB },
        body: JSON.stringify({ merchant_id, book: 1 }),
        headers: { "Content-Type": "application/json" },
      });
    },
    book_count_reduced: async () => {
      await env.DB.prepare("INSERT INTO settings VALUES ('books', '2')").run();
      forgetKeys();
      const refused = await get(missing);
      await env.DB.prepare("DELETE FROM settings WHERE name = 'books'").run();
      forgetKeys();
      return refused;
    },
    shard_count_changed: () => ask(missing, { key: shop.key, env: { TRANSACTION_SHARDS: "8" } }),
  };

  it.each(Object.keys(ASKED) as (keyof typeof ASKED)[])(
    "%s has the form of RFC 9457 and a page behind its type",
    async (code) => {
      const response = await ASKED[code]();
      const said = await expectRefusal(response, code);
      expect(response.status).toBe(PROBLEMS[code].status);
      expect(JSON.stringify(said)).not.toContain(`${CANARY} fault`);
      const page = await ask(new URL(said.type).pathname);
      expect(page.status).toBe(200);
      expect(await page.json()).toEqual({ code, ...PROBLEMS[code] });
    },
  );

  it("An unknown problem code has no page", async () => {
    for (const code of ["nonsense", "__proto__", "constructor", "%00"]) {
      await expectRefusal(await ask(`/problems/${code}`), "not_found");
    }
  });

  it("Wrong settings lead to a problem that names none of them", async () => {
    const wrong = { TRANSACTION_SHARDS: `${CANARY} shards` };
    const response = await ask(missing, { key: shop.key, env: wrong });
    const said = await expectRefusal(response, "internal_error");
    expect(JSON.stringify(said)).not.toMatch(/SHARDS|canary/i);
  });

  it.each([
    ["was restarted", { retryable: true }, 2],
    ["was reset", { durableObjectReset: true }, 2],
    ["is overloaded", { retryable: true, overloaded: true }, 1],
    ["is broken", {}, 1],
  ])(
    "A problem comes after the right number of calls when the owner %s",
    async (_, signs, calls) => {
      let seen = 0;
      const bindings = ownersThat(() => {
        seen += 1;
        throw faulty(signs);
      });
      const response = await ask(missing, { key: shop.key, env: bindings });
      await expectRefusal(response, Object.keys(signs).length ? "unavailable" : "internal_error");
      expect(seen).toBe(calls);
    },
  );

  it("No problem comes when the second call to a restarted owner succeeds", async () => {
    let seen = 0;
    const bindings = ownersThat(() => {
      seen += 1;
      if (seen === 1) throw faulty({ retryable: true });
      return { ok: true, body: "{}", replayed: false, pending: false, retry_at_ms: 0 };
    });
    expect((await ask(missing, { key: shop.key, env: bindings })).status).toBe(200);
  });
});

checkWholeFile();
