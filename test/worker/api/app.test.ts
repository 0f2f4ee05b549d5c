/** The HTTP contract, and what happens to those who do not keep to it: hostile bodies, headers, queries and
 *  addresses, every problem there is, the open pages, openapi.json and the log. */
import type { z } from "@hono/zod-openapi";
import { beforeAll, describe, expect, it } from "vitest";
import document from "../../../openapi.json";
import { app } from "../../../src/api/app";
import { PROBLEMS, type ProblemCode } from "../../../src/api/http/problem";
import { MAX_BODY_BYTES } from "../../../src/api/http/request-body";
import { MAX_API_KEYS } from "../../../src/api/merchants/api-key-routes";
import * as merchantSchema from "../../../src/api/merchants/schemas";
import { Rebuild } from "../../../src/api/operations/rebuild-route";
import { BacktestResult } from "../../../src/api/risk/backtest-routes";
import { ListEntry, ListEntryList } from "../../../src/api/risk/schemas/list";
import { RuleSetResult } from "../../../src/api/risk/schemas/rule-set";
import * as schema from "../../../src/api/transactions/schemas";
import * as webhookSchema from "../../../src/api/webhooks/schemas";
import { MAX_LIST_ENTRIES } from "../../../src/domain/risk/limits";
import type { Transaction as TransactionBody } from "../../../src/domain/transaction/transaction";
import { MAX_ENDPOINTS } from "../../../src/domain/webhook/webhook";
import { BASE, type Client, freshKey, newClient, TRANSACTIONS } from "../../support/api";
import {
  type Asked,
  ask,
  type Bindings,
  CANARY,
  CANARY_AMOUNT,
  CANARY_AMOUNT_MINOR,
  createWith,
  expectQuietLogs,
  expectRefusal,
  jsonOf,
  logOf,
  operations,
  parametersOf,
  pointersOf,
  textOf,
  undocumentedAnswers,
  utf8,
} from "../../support/contract";
import { env } from "../../support/env";
import { eventually } from "../../support/eventually";
import { fillLists } from "../../support/lists";
import { endHanging } from "../../support/with-timeout";

let shop: Client;
beforeAll(async () => {
  shop = await newClient();
});

const canaryKey = () => freshKey(CANARY);
/** A create body as JSON text; `more` goes in as it is written. */
const body = (more = "", amount = '"1.00"') =>
  `{"user_id":"${canaryKey()}","amount":${amount}${more && `,${more}`}}`;
const create = (sent: Asked["body"], headers?: Record<string, string>, key = canaryKey()) =>
  createWith(shop.key, key, sent, headers);
const get = (path: string) => ask(path, { key: shop.key });
const REBUILD = "/api/v1/operations/rebuild-book";
const asAdmin = (path: string, sent?: object) =>
  ask(path, {
    key: env.ADMIN_TOKEN,
    ...(sent && {
      body: JSON.stringify(sent),
      headers: { "Content-Type": "application/json" },
    }),
  });

/** A transaction namespace whose objects answer `find` like this. */
const ownersThat = (find: () => unknown): Bindings => ({
  TRANSACTIONS: { getByName: () => ({ find: async () => find() }) },
});
/** The same for `process`. */
const refusing = (refusal: { code: string; livemode?: boolean }) => {
  const process = async () => ({ ok: false, refusal });
  const env: Bindings = { TRANSACTIONS: { getByName: () => ({ process }) } };
  return ask(`${missing}/process`, { method: "POST", key: shop.key, env });
};
const faulty = (signs: object = {}) => Object.assign(new Error(`${CANARY} fault`), signs);
const raising = (fault: unknown) => () => {
  throw fault;
};
const ENDPOINTS = "/api/v1/webhook-endpoints";
const DELIVERIES = "/api/v1/webhook-deliveries";
const LISTS = "/api/v1/risk/lists";
const missing = `${TRANSACTIONS}/txn_${"a".repeat(26)}`;

const resolve = (id: string, fields = {}) =>
  asAdmin(`/api/v1/operations/charges/${id}/resolve`, {
    outcome: "settled",
    reason: "In the report",
    resolved_by: "ann",
    ...fields,
  });

describe("a problem", () => {
  /** One request for each problem there is; a problem without a row does not compile. */
  const ASKED: Record<ProblemCode, () => Promise<Response>> = {
    malformed_json: () => create("{"),
    invalid_request: () => create("{}"),
    idempotency_key_missing: () => ask(TRANSACTIONS, { key: shop.key, body: body() }),
    idempotency_key_invalid: () => create(body(), { "Idempotency-Key": "two words" }),
    card_number_refused: () => create(body('"description":"4242 4242 4242 4242"')),
    api_key_missing: () => ask(TRANSACTIONS),
    api_key_invalid: () => ask(TRANSACTIONS, { key: "sk_wrong" }),
    admin_token_invalid: () => ask("/api/v1/merchants", { key: "wrong" }),
    metrics_token_invalid: () => ask("/metrics", { key: env.ADMIN_TOKEN }),
    scope_missing: async () =>
      ask(TRANSACTIONS, { key: (await newClient(["transactions:write"])).key }),
    not_found: () => ask("/nowhere"),
    transaction_not_found: () => get(missing),
    idempotency_key_not_found: () => get("/api/v1/idempotency-keys/never-used"),
    merchant_not_found: () => asAdmin("/api/v1/merchants/mer_none/api-keys"),
    api_key_not_found: () =>
      asAdmin(`/api/v1/merchants/${shop.merchant_id}/api-keys/key_none/roll`, {}),
    webhook_endpoint_not_found: () => get(`/api/v1/webhook-endpoints/whe_${"a".repeat(26)}`),
    webhook_delivery_not_found: () => get("/api/v1/webhook-deliveries/whd_none"),
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
    livemode_mismatch: () => refusing({ code: "livemode_mismatch", livemode: true }),
    processor_not_configured: () => refusing({ code: "processor_not_configured" }),
    unavailable: () =>
      ask(missing, { key: shop.key, env: ownersThat(raising(faulty({ overloaded: true }))) }),
    shard_count_changed: () => ask(missing, { key: shop.key, env: { TRANSACTION_SHARDS: "8" } }),
  };

  it.each(Object.keys(PROBLEMS) as ProblemCode[])(
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

  it("has no page when its code is not one of ours", async () => {
    for (const code of ["nonsense", "__proto__", "constructor", "%00"]) {
      await expectRefusal(await ask(`/problems/${code}`), "not_found");
    }
  });

  it("is what wrong settings lead to, too, and names none of them", async () => {
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
  ])("comes after the right number of calls when the owner %s", async (_, signs, calls) => {
    let seen = 0;
    const bindings = ownersThat(() => {
      seen += 1;
      throw faulty(signs);
    });
    const response = await ask(missing, { key: shop.key, env: bindings });
    await expectRefusal(response, Object.keys(signs).length ? "unavailable" : "internal_error");
    expect(seen).toBe(calls);
  });

  it("does not come at all when the second call to a restarted owner succeeds", async () => {
    let seen = 0;
    const bindings = ownersThat(() => {
      seen += 1;
      if (seen === 1) throw faulty({ retryable: true });
      return { ok: true, body: "{}", replayed: false, pending: false, retry_at_ms: 0 };
    });
    expect((await ask(missing, { key: shop.key, env: bindings })).status).toBe(200);
  });
});

describe("a body that is refused", () => {
  let victim: Client;
  beforeAll(async () => {
    victim = await newClient();
  });

  /** Refuses the body, and its owner has never heard of the key. */
  async function refused(sent: Asked["body"], code: ProblemCode, headers?: Record<string, string>) {
    const key = canaryKey();
    const response = await createWith(victim.key, key, sent, headers);
    const said = await expectRefusal(response, code, String(sent).slice(0, 200));
    const found = await ask(`/api/v1/idempotency-keys/${key}`, { key: victim.key });
    await expectRefusal(found, "idempotency_key_not_found");
    return said;
  }

  const bytes = (...parts: (string | number)[]) =>
    Uint8Array.from(parts.flatMap((part) => (typeof part === "number" ? part : [...utf8(part)])));
  const MALFORMED: Record<string, string | Uint8Array> = {
    nothing: "",
    blanks: " \n ",
    "half an object": `{"user_id":"${CANARY}`,
    NaN: body("", "NaN"),
    Infinity: body("", "-Infinity"),
    "a plus sign": body("", "+1"),
    "a leading zero": body("", "01"),
    "a hexadecimal number": body("", "0x10"),
    "a number that starts with a point": body("", ".5"),
    "a number that ends in a point": body("", "5."),
    "grouped digits": body("", "1_000"),
    "a comma too many": `${body().slice(0, -1)},}`,
    "a comment": `${body()}//`,
    "two objects": body() + body(),
    "single quotes": body().replaceAll('"', "'"),
    "a raw NUL in a string": body('"description":"\0"'),
    "a raw NUL after the end": `${body()}\0`,
    "a raw line break in a string": body('"description":"\n"'),
    "an unknown escape": body('"description":"\\x41"'),
    "invalid UTF-8": bytes('{"user_id":"', 0xc3, 0x28, '","amount":1}'),
    "overlong UTF-8": bytes('{"user_id":"', 0xc0, 0xaf, '","amount":1}'),
    "half a character in UTF-8": bytes('{"user_id":"', 0xed, 0xa0, 0x80, '","amount":1}'),
    "UTF-16": new Uint8Array(Uint16Array.from(body(), (unit) => unit.charCodeAt(0)).buffer),
    "two byte order marks": `\ufeff\ufeff${body()}`,
  };
  it.each(Object.entries(MALFORMED))("as malformed: %s", async (_, sent) => {
    await refused(sent, "malformed_json");
  });

  const nested = (depth: number, open: string, close: string) =>
    `${open.repeat(depth)}1${close.repeat(depth)}`;
  const MONSTERS: Record<string, string> = {
    "30,000 nested arrays": nested(30_000, "[", "]"),
    "60,000 arrays that never end": "[".repeat(60_000),
    "30,000 nested arrays as metadata": body(`"metadata":${nested(30_000, "[", "]")}`),
    "10,000 nested objects": nested(10_000, '{"a":', "}"),
    "5,000 nested objects as an amount": body("", nested(5_000, '{"amount":', "}")),
    "6,000 unknown fields": `{${Array.from({ length: 6_000 }, (_, at) => `"f${at}":1`).join()}}`,
    "an unknown field of 60,000 characters": body(`"${"é".repeat(30_000)}":1`),
    "4,500 metadata pairs": body(`"metadata":{${pairs(4_500)}}`),
  };
  it.each(Object.entries(MONSTERS))("in few words, however large: %s", async (_, sent) => {
    const response = await create(sent);
    expect(response.status).toBe(400);
    expect((await textOf(response)).length).toBeLessThan(5_000);
  });

  it.each(["null", "[]", '[{"user_id":"u","amount":1}]', '"text"', "5", "true"])(
    "for not being an object: %s",
    async (sent) => {
      // RFC 6901: the whole document is the empty pointer; as a URI fragment that is "#".
      expect(pointersOf(await refused(sent, "invalid_request"))).toEqual(["#"]);
    },
  );

  const INEXACT = `0 -0 0.0 0e5 -1 0.1000000000000000055 100.000000000000001 0.001 1e-3 1e-9999 1e309
    10000000000000.00 9007199254740993 1e9999 1e99999 ${"9".repeat(5_000)} 1.${"0".repeat(70)}`;
  /** By field, the values it does not take. */
  const WRONG: Record<string, string> = {
    user_id: String.raw`null 5 true [] ["a"] {} "" "\u0000" "a\ud800" "\udc00a" "${"u".repeat(129)}"`,
    amount: String.raw`${INEXACT} null true [] [1] ["1"] {} {"source":"1"} "" "\u0020" "1\u0020" "\u00201"
      "+1" "--1" "01" ".5" "5." "1,00" "1,000.00" "1_0" "1\n" "1\u0000" "0x10" "NaN" "Infinity" "$1"
      "1e" "e1" "1e1.5" "1e+-1" "１０" "١" "true" "null"`,
    currency: String.raw`5 true [] ["USD"] {} "" "usd" "Usd" "US" "USDX" "USD\u0020" "ABC" "XXX" "XAU"
      "CLF" "ＵＳＤ" "constructor" "__proto__" "toString"`,
    description: String.raw`5 false [] {} "\u0000" "\ud83d" "${"d".repeat(501)}"`,
    webhook_url: `5 true [] {} "" "example.com" "http://example.com/" "https://localhost/"
      "https://10.0.0.1/" "https://a:b@example.com/" "ftp://example.com/"`,
    metadata: `5 true "text" [] [["a","b"]] {${pairs(51)}}`,
    "metadata/order": String.raw`5 true null [] ["a"] {} "\u0000" "\ud800" "${"v".repeat(501)}"`,
    "metadata/amount": "5 0.10 100.000000000000001",
  };
  it.each(Object.entries(WRONG))("because of its %s", async (field, values) => {
    const [name = "", inner] = field.split("/");
    const rest = Object.entries({ user_id: '"u"', amount: "1" }).filter(
      ([other]) => other !== name,
    );
    for (const value of values.split(/\s+/)) {
      const sent = [...rest, [name, inner ? `{"fine":"yes","${inner}":${value}}` : value]];
      const members = sent.map(([key, text]) => `"${key}":${text}`).join();
      const said = await refused(`{${members}}`, "invalid_request");
      expect(pointersOf(said), value).toEqual([`#/${field}`]);
    }
  });

  it("because of an amount that is not exact, as a string too", async () => {
    for (const amount of INEXACT.split(/\s+/)) {
      const said = await refused(body("", `"${amount}"`), "invalid_request");
      expect(pointersOf(said), amount).toEqual(["#/amount"]);
    }
  });

  it("because its currency has no such part", async () => {
    for (const each of ["JPY 100.5", "JPY 1e-1", "USD 1.005", "KWD 1.2345"]) {
      const [currency = "", amount = ""] = each.split(" ");
      for (const sent of [amount, `"${amount}"`]) {
        const said = await refused(body(`"currency":"${currency}"`, sent), "invalid_request");
        expect(said.errors?.[0]?.message).toContain(currency);
      }
    }
  });

  const PLACES: Record<string, string> = {
    "#/user_id": '{"amount":1}',
    "#/amount": '{"user_id":"u"}',
    "#/amount_minor": body('"amount_minor":5'),
    "#/Currency": body('"Currency":"EUR"'),
    "#/__proto__": body('"__proto__":{"currency":"EUR"}'),
    "#/constructor": body('"constructor":{"prototype":{}}'),
    "#/metadata/": body('"metadata":{"":"x"}'),
    [`#/metadata/${"k".repeat(41)}`]: body(`"metadata":{"${"k".repeat(41)}":""}`),
    "#/a~1b~0c": body('"a/b~c":1'),
    "#/metadata/%20": body('"metadata":{" ":5}'),
    "#/a%20b%2541": body('"a b%41":1'),
    "#/%C3%BC": body('"ü":1'),
  };
  it.each(Object.entries(PLACES))("with a JSON pointer to the place: %s", async (pointer, sent) => {
    expect(pointersOf(await refused(sent, "invalid_request"))).toEqual([pointer]);
  });

  it("with every fault at once, and without stumbling over half characters", async () => {
    const many = '{"user_id":5,"amount":[],"currency":5,"x":1}';
    const named = pointersOf(await refused(many, "invalid_request"));
    expect(named.sort()).toEqual(["#/amount", "#/currency", "#/user_id", "#/x"]);
    await refused(body('"\\ud800":1'), "invalid_request");
    await refused(body('"metadata":{"a\\udfff":"x"}'), "invalid_request");
  });

  const CARD = "4242424242424242";
  const CARDS: Record<string, string> = {
    user_id: `{"user_id":"${CARD}","amount":1}`,
    description: body(`"description":"paid with 4242-4242-4242-4242, thanks"`),
    "description, in escapes": body('"description":"\\u0034242424242424242"'),
    "metadata value": body(`"metadata":{"card":"${CARD}"}`),
    "metadata key": body(`"metadata":{"${CARD}":"card"}`),
    "webhook URL": body(`"webhook_url":"https://example.com/${CARD}"`),
  };
  it.each(Object.entries(CARDS))("for a card number in its %s", async (_, sent) => {
    await refused(sent, "card_number_refused");
  });

  it("for a card number in what merchants, keys and endpoints are called", async () => {
    const { merchant_id, key } = victim;
    const text = `${CANARY} ${CARD}`;
    const headers = { "Content-Type": "application/json" };
    const endpoint = (sent: object) =>
      ask("/api/v1/webhook-endpoints", { key, headers, body: JSON.stringify(sent) });
    for (const response of [
      await asAdmin("/api/v1/merchants", { name: text }),
      await asAdmin(`/api/v1/merchants/${merchant_id}/api-keys`, { name: text }),
      await endpoint({ url: "https://example.com/", description: text }),
      await endpoint({ url: `https://example.com/${CARD}` }),
    ]) {
      await expectRefusal(response, "card_number_refused");
    }
  });

  it("when the last of two equal names is not valid, and not because the first is not", async () => {
    await refused(body('"amount":100.000000000000001', "5"), "invalid_request");
    const response = await create(body('"amount":5', "100.000000000000001"));
    expect([201, 400]).toContain(response.status);
    if (response.status === 201) {
      expect(await response.json()).toMatchObject({ amount_minor: 500 });
    }
  });

  it("for its media type, or for having none", async () => {
    const types = ["", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded", "json"];
    types.push("multipart/form-data; boundary=x", "application/json-patch+json", "text/json");
    types.push("application/jsonp", "text/plain, application/json", "*/*");
    for (const type of types) {
      await refused(body(), "unsupported_media_type", { "Content-Type": type });
    }
    const headers = { "Idempotency-Key": canaryKey() };
    const response = await ask(TRANSACTIONS, { key: victim.key, body: body(), headers });
    await expectRefusal(response, "unsupported_media_type");
  });

  it("for its size: 10 MB at once", async () => {
    const large = body(`"description":"${"x".repeat(10_000_000)}"`);
    await refused(large, "body_too_large");
    await refused(large, "body_too_large", { "Content-Length": String(large.length) });
    const outside = await shop.send(large, { "Idempotency-Key": canaryKey() });
    await expectRefusal(outside, "body_too_large");
  });

  /** A body of so many pieces, and what becomes of it. */
  function bodyOf(pieces: number) {
    const seen = { pulled: 0, isCancelled: false };
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (seen.pulled === pieces) return controller.close();
        seen.pulled += 1;
        controller.enqueue(new Uint8Array(8_192).fill(0x20));
      },
      cancel() {
        seen.isCancelled = true;
      },
    });
    return { stream, seen };
  }

  it("for its size, after all of it is read: 10 MB without a length", async () => {
    const { stream, seen } = bodyOf(1_280);
    await refused(stream, "body_too_large");
    expect(seen).toEqual({ pulled: 1_280, isCancelled: false });
  });

  it("for its size, and not read for ever: a stream without an end", async () => {
    const { stream, seen } = bodyOf(Number.POSITIVE_INFINITY);
    await refused(stream, "body_too_large");
    expect(seen.pulled).toBeLessThan(2_080);
    expect(seen.isCancelled).toBe(true);
  });

  it("for breaking off, which is no fault of ours", async () => {
    const broken = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(utf8('{"user_id":"u"')),
      pull: (controller) => controller.error(faulty({ retryable: true })),
    });
    const said = await refused(broken, "malformed_json");
    expect(said).toMatchObject({ detail: "The body is incomplete." });
    expect(logOf(said.request_id)).toMatchObject([{ event: "request", status: 400 }]);
  });

  it("for one byte too many, and not without it", async () => {
    const padded = (length: number) => body().padEnd(length, " ");
    await refused(padded(MAX_BODY_BYTES + 1), "body_too_large");
    await refused(streamOf(utf8(padded(MAX_BODY_BYTES + 1)), 1_000), "body_too_large");
    expect((await create(padded(MAX_BODY_BYTES))).status).toBe(201);
    expect((await create(streamOf(utf8(padded(MAX_BODY_BYTES)), 1_000))).status).toBe(201);
  });

  it("leaves nothing behind in the book", async () => {
    for (const list of [TRANSACTIONS, "/api/v1/events"]) {
      expect(await jsonOf(await ask(list, { key: victim.key }))).toMatchObject({ data: [] });
    }
    const { results } = await env.DB.prepare("SELECT 1 FROM transactions WHERE merchant_id = ?")
      .bind(victim.merchant_id)
      .all();
    expect(results).toEqual([]);
  });
});

/** So many metadata pairs, as JSON members. */
function pairs(count: number): string {
  return Array.from({ length: count }, (_, at) => `"k${at}":"v"`).join();
}

function streamOf(bytes: Uint8Array, size: number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + size));
      at += size;
    },
  });
}

describe("a body that is taken", () => {
  it("keeps every text exactly as it was sent, in the answer, at its owner and in lists", async () => {
    const texts = ["'; DROP TABLE transactions; --", '" OR ""="', "%_\\", "", "null", "__proto__"];
    texts.push(
      "💳👩‍👩‍👧 e\u0301 é",
      "\u202eright to left",
      "line\u2028break\r\n\ttab",
      "\u0001\u007f\uffff",
    );
    texts.push("<script>alert(1)</script>", "{{7*7}} #{7*7} %s %00", "../../etc/passwd");
    for (const text of texts) {
      const userId = `${CANARY} ${text}`;
      const metadata = { [`k ${text}`]: text, constructor: text, toString: text };
      const sent = JSON.stringify({ user_id: userId, amount: 1, description: text, metadata });
      const response = await create(sent);
      const answer = await textOf(response);
      expect(response.status, answer).toBe(201);
      const made = JSON.parse(answer) as TransactionBody;
      expect(made).toMatchObject({ user_id: userId, description: text });
      expect(made.metadata).toEqual(metadata);
      expect(await textOf(await get(`${TRANSACTIONS}/${made.id}`))).toBe(answer);
      const found = await get(`${TRANSACTIONS}?user_id=${encodeURIComponent(userId)}`);
      expect(await textOf(found)).toBe(`{"data":[${answer}],"has_more":false,"next_cursor":null}`);
    }
  });

  it.each(["__proto__", "constructor", "prototype", "hasOwnProperty", "toJSON"])(
    "never loses a metadata pair on the way, not even one named %s",
    async (name) => {
      const response = await create(body(`"metadata":{"${name}":"kept","other":"1"}`));
      if (response.status !== 400) expect(await textOf(response)).toContain(`"${name}":"kept"`);
      const other = await create(body(`"metadata":{"${name}":{"a":1}}`));
      await expectRefusal(other, "invalid_request");
    },
  );

  const EXACT = `1E2 USD 10000, 1e+2 USD 10000, 1e-2 USD 1, 0.01 USD 1, 0.10 USD 10, 100.5 USD 10050,
    100.500000 USD 10050, 1.15 USD 115, 4.35 USD 435, 8.2 USD 820, 100.0 JPY 100, 1.234 KWD 1234,
    1234567890123.45 USD 123456789012345, 9999999999999.99 USD 999999999999999,
    999999999999999 JPY 999999999999999, ${CANARY_AMOUNT} EUR ${CANARY_AMOUNT_MINOR}`;
  it.each(EXACT.split(/,\s+/))(
    "has its exact amount, as a number and a string: %s",
    async (row) => {
      const [text = "", currency = "", minor = ""] = row.split(" ");
      for (const sent of [text, `"${text}"`, `  ${text}\n`]) {
        const made = await jsonOf(await create(body(`"currency":"${currency}"`, sent)));
        const expected = { amount: Number(text), amount_minor: Number(minor), currency };
        expect(made).toMatchObject(expected);
      }
    },
  );

  it("has the amount of its own field, not of the metadata, and reads escaped names alike", async () => {
    const sent = '{"metadata":{"amount":"5"},"user_id":"misled","amount":2.50}';
    expect(await jsonOf(await create(sent))).toMatchObject({ amount_minor: 250 });
    const escaped = '{"user_id":"u","\\u0061mount":100.000000000000001}';
    await expectRefusal(await create(escaped), "invalid_request");
  });

  const FINE: Record<string, string> = {
    "a name of 128 characters": `{"user_id":"${"u".repeat(128)}","amount":1}`,
    "a description of 500 characters": body(`"description":"${"d".repeat(500)}"`),
    "nulls for what may be left out": body('"description":null,"metadata":null,"webhook_url":null'),
    "50 metadata pairs": body(`"metadata":{${pairs(50)}}`),
    "a metadata key of 40 characters": body(`"metadata":{"${"k".repeat(40)}":""}`),
    "a metadata value of 500 characters": body(`"metadata":{"k":"${"v".repeat(500)}"}`),
    "a webhook URL": body('"webhook_url":"https://example.com/hook?a=1#b"'),
    "a byte order mark": `\ufeff${body()}`,
    "white space around": `\r\n\t ${body()} \n`,
    "digits that are no card number": body('"description":"4242424242424241"'),
  };
  it.each(Object.entries(FINE))("may have %s", async (_, sent) => {
    expect((await create(sent)).status).toBe(201);
  });

  it("may name its media type in other letters and with a charset", async () => {
    for (const type of [
      "application/json; charset=utf-8",
      "Application/JSON",
      "application/json ;a=b",
    ]) {
      expect((await create(body(), { "Content-Type": type })).status).toBe(201);
    }
  });

  it("may come in pieces that cut characters in half", async () => {
    const sent = utf8(body('"description":"💳é💳"'));
    expect(await jsonOf(await create(streamOf(sent, 1)))).toMatchObject({ description: "💳é💳" });
  });
});

describe("the Idempotency-Key header", () => {
  const send = (headers: Record<string, string>, sent = '{"user_id":"keys","amount":1}') =>
    ask(TRANSACTIONS, {
      key: shop.key,
      body: sent,
      headers: { "Content-Type": "application/json", ...headers },
    });

  const NO_KEYS: Record<string, string> = {
    empty: "",
    "empty in quotes": '""',
    "256 characters": "k".repeat(256),
    "256 characters in quotes": `"${"k".repeat(256)}"`,
    "a blank inside": "a b",
    "a blank inside quotes": '"a b"',
    "a tab inside": "a\tb",
    "a control character": "a\u007fb",
    "a letter beyond ASCII": "schlüssel",
    "an emoji": "💳",
    "two values in one header": "one, two",
    "a card number": "4242424242424242",
    "a card number with dashes": "4242-4242-4242-4242",
    "a card number in quotes": '"4242424242424242"',
  };
  it.each(Object.entries(NO_KEYS))("is refused: %s", async (_, key) => {
    await expectRefusal(await send({ "Idempotency-Key": key }), "idempotency_key_invalid");
    await expectRefusal(await send({ "X-Idempotency-Key": key }), "idempotency_key_invalid");
    const both = { "Idempotency-Key": "one", "X-Idempotency-Key": key };
    await expectRefusal(await send(both), "idempotency_key_invalid");
    await expectRefusal(await get("/api/v1/idempotency-keys/one"), "idempotency_key_not_found");
  });

  it("is refused when it comes under both names and differs", async () => {
    const both = { "Idempotency-Key": "one", "X-Idempotency-Key": "One" };
    await expectRefusal(await send(both), "idempotency_key_invalid");
    await expectRefusal(await get("/api/v1/idempotency-keys/one"), "idempotency_key_not_found");
  });

  it("is asked for when it is missing, whatever the body", async () => {
    await expectRefusal(await send({}), "idempotency_key_missing");
    await expectRefusal(await send({}, "{"), "idempotency_key_missing");
  });

  it("means the same bare, in quotes, under its older name and twice", async () => {
    const key = canaryKey();
    const first = await textOf(await send({ "Idempotency-Key": key }));
    for (const headers of [
      { "Idempotency-Key": `"${key}"` },
      { "X-Idempotency-Key": key },
      { "X-Idempotency-Key": `"${key}"` },
      { "Idempotency-Key": key, "X-Idempotency-Key": key },
      { "Idempotency-Key": `"${key}"`, "X-Idempotency-Key": key },
      { "Idempotency-Key": `  ${key}\t` },
    ]) {
      const again = await send(headers);
      expect([again.status, await textOf(again)]).toEqual([201, first]);
      expect(again.headers.get("Idempotent-Replayed")).toBe("true");
    }
  });

  const KEYS: Record<string, string> = {
    "255 characters": "k".repeat(255),
    "every visible character": String.fromCharCode(...[...Array(94).keys()].map((at) => at + 0x21)),
    slashes: "a/b//c/",
    dots: "../../x",
    "a question mark and a number sign": "a?b=1#c",
    "a percent sign": "100%",
    "what looks percent-encoded": "a%2Fb%25%zz",
    "a plus sign": "a+b",
    "quotes inside": 'a"b"c',
    "a backslash": "a\\b",
    SQL: "';DROP/**/TABLE/**/transactions;--",
    "a name of Object.prototype": "__proto__",
    "digits that are no card number": "4242424242424241",
  };
  it.each(Object.entries(KEYS))("is kept and found again with %s", async (_, key) => {
    const made = await jsonOf<TransactionBody>(await send({ "Idempotency-Key": key }));
    expect(made.idempotency_key).toBe(key);
    const path = `/api/v1/idempotency-keys/${encodeURIComponent(key)}`;
    for (const one of [path, `${path}/`]) expect(await jsonOf(await get(one))).toEqual(made);
  });

  it("is found by the name that the transaction shows, even when that looks quoted", async () => {
    const inner = await jsonOf<TransactionBody>(await send({ "Idempotency-Key": "quoted" }));
    const outer = await jsonOf<TransactionBody>(
      await send({ "Idempotency-Key": '"\\"quoted\\""' }),
    );
    expect(outer.idempotency_key).toBe('"quoted"');
    expect(outer.id).not.toBe(inner.id);
    const path = `/api/v1/idempotency-keys/${encodeURIComponent(outer.idempotency_key)}`;
    expect(await jsonOf(await get(path))).toEqual(outer);
  });

  it("is refused or unknown in an address, but never a fault, when it cannot be a key", async () => {
    const keys = ["a%20b", "%00", "%C3%BC", "%", "%zz", "%E0%A4%A", "k".repeat(256), "%22%22"];
    for (const key of keys) {
      const response = await get(`/api/v1/idempotency-keys/${key}`);
      expect([400, 404], key).toContain(response.status);
    }
  });
});

describe("a query", () => {
  const T = "2026-01-01T00:00:00";
  const NO_TIMES = `yesterday 0 1767225600 2026-01-01 ${T} 2026-01-01%2000:00:00Z 2026-13-01T00:00:00Z
    2026-02-30T00:00:00Z 2023-02-29T00:00:00Z 2026-01-01T24:00:00Z 2026-01-01T23:59:60Z ${T}+02:00
    ${T}%2B25:00 -${T}Z +01${T}Z ${T}Z'-- %00 %20`;
  /** By parameter, the values it does not take, besides nothing. */
  const WRONG: Record<string, string> = {
    limit: "-1 0 101 1e9 abc 1.5 %20 1,2 0x10 1e1 +5 NaN Infinity 99999999999999999999 %00 5;--",
    status: "PENDING unknown pending,failed constructor %00",
    user_id: "u".repeat(129),
    created_after: NO_TIMES,
    created_before: NO_TIMES,
    offset: "10",
    Limit: "10",
    userId: "a",
    ["__proto__"]: "a",
    constructor: "a",
  };
  it.each(Object.keys(WRONG))("is refused because of its %s", async (name) => {
    const values = `${WRONG[name]}`.split(/\s+/);
    const queries = [...values, `${values[0]}&${name}=${values[0]}`].map(
      (value) => `${name}=${value}`,
    );
    if (name !== "user_id") queries.push(`${name}=`);
    for (const query of queries) {
      const lists = name === "limit" ? [TRANSACTIONS, "/api/v1/events"] : [TRANSACTIONS];
      for (const list of lists) {
        const said = await expectRefusal(await get(`${list}?${query}`), "invalid_request", query);
        expect(parametersOf(said), query).toEqual([name]);
      }
    }
  });

  it.each([
    "limit=5&limit=5",
    "status=failed&status=failed",
    "user_id=a&user_id=a",
    "cursor=a&cursor=a",
  ])("is refused when it says something twice: %s", async (query) => {
    await expectRefusal(await get(`${TRANSACTIONS}?${query}`), "invalid_request");
  });

  type ListPage = { data: unknown[]; has_more: boolean; next_cursor: string };
  const LISTS = [TRANSACTIONS, "/api/v1/events"];
  const pageOf = async (reader: Client, path: string) =>
    jsonOf<ListPage>(await ask(path, { key: reader.key }));

  it("is refused when its cursor is not one that this list handed out", async () => {
    const reader = await newClient();
    for (let made = 0; made < 3; made++) await reader.created();
    const { next_cursor: transactions } = await pageOf(reader, `${TRANSACTIONS}?limit=1`);
    const { next_cursor: events } = await pageOf(reader, "/api/v1/events?limit=1");
    const time = "2026-01-01T00:00:00.000Z";
    const garbage = [
      "",
      "x",
      "null",
      "%00",
      "%F0%9F%92%B3",
      "....",
      "a b",
      "'--",
      "A".repeat(10_000),
    ];
    const inside = [
      "event -1",
      "event 1.5",
      "event 1e3",
      `event ${"9".repeat(16)}`,
      time,
      `${time} x`,
    ];
    inside.push(`${time} txn_${"A".repeat(26)}`, `9 txn_${"a".repeat(26)}`, "\0".repeat(60));
    garbage.push(...inside.map((text) => btoa(text)));
    const halves = [1, 4, transactions.length - 1].map((end) => transactions.slice(0, end));
    const cases: [string, string[]][] = [
      [TRANSACTIONS, [...garbage, ...halves, events]],
      ["/api/v1/events", [...garbage, events.slice(0, 4), transactions]],
    ];
    for (const [list, cursors] of cases) {
      for (const cursor of cursors) {
        const response = await ask(`${list}?cursor=${cursor}`, { key: reader.key });
        const said = await expectRefusal(response, "invalid_request", `${list} ${cursor}`);
        expect(parametersOf(said)).toEqual(["cursor"]);
      }
    }
    expect((await pageOf(reader, `${TRANSACTIONS}?cursor=${transactions}`)).data).toHaveLength(2);
    expect((await pageOf(reader, `/api/v1/events?cursor=${events}`)).data).toHaveLength(2);
  });

  it("shows nobody another merchant's rows through a borrowed cursor", async () => {
    const [reader, thief] = [await newClient(), await newClient()];
    for (let made = 0; made < 2; made++) await reader.created();
    for (const list of LISTS) {
      const { next_cursor } = await pageOf(reader, `${list}?limit=1`);
      const stolen = await ask(`${list}?cursor=${next_cursor}`, { key: thief.key });
      await expectRefusal(stolen, "invalid_request");
    }
  });

  it("bounds a page by its limit, which is 10 unless told", async () => {
    const reader = await newClient();
    for (let made = 0; made < 12; made++) await reader.created();
    for (const list of LISTS) {
      const counts = async (query: string) => {
        const { data, has_more } = await pageOf(reader, `${list}${query}`);
        return [data.length, has_more];
      };
      expect(await counts("")).toEqual([10, true]);
      expect(await counts("?limit=1")).toEqual([1, true]);
      expect(await counts("?limit=12")).toEqual([12, false]);
      expect(await counts("?limit=100")).toEqual([12, false]);
    }
  });

  it("takes SQL for a name and finds nobody", async () => {
    for (const name of [
      "' OR 1=1 --",
      "%",
      "_",
      '"',
      "a' UNION SELECT hash FROM api_keys --",
      "\0",
    ]) {
      const found = await pageOf(shop, `${TRANSACTIONS}?user_id=${encodeURIComponent(name)}`);
      expect(found.data).toEqual([]);
    }
  });

  it("compares times exactly, in whatever offset they are written", async () => {
    const reader = await newClient();
    const { created_at } = await reader.created();
    const utc = (ms: number) => new Date(Date.parse(created_at) + ms).toISOString();
    const offset = (ms: number) => `${utc(ms + 7_200_000).slice(0, -1)}%2B02:00`;
    const found = async (query: string) =>
      (await pageOf(reader, `${TRANSACTIONS}?${query}`)).data.length;
    for (const time of [utc, offset]) {
      expect(await found(`created_after=${time(-1)}`)).toBe(1);
      expect(await found(`created_after=${time(0)}`)).toBe(0);
      expect(await found(`created_before=${time(1)}`)).toBe(1);
      expect(await found(`created_before=${time(0)}`)).toBe(0);
    }
  });

  it.each([
    ["2024-02-29T12:00:00Z", "before"],
    ["2024-02-29T12:00:00.123456789-11:30", "before"],
    ["0000-01-01T00:00:00Z", "before"],
    ["9999-12-31T23:59:59Z", "after"],
  ])("knows that %s was or will be %s now", async (time, side) => {
    await shop.created({ user_id: "timely" });
    const own = `${TRANSACTIONS}?user_id=timely`;
    const after = await pageOf(shop, `${own}&created_after=${time}`);
    const before = await pageOf(shop, `${own}&created_before=${time}`);
    expect([after.data.length > 0, before.data.length > 0]).toEqual([
      side === "before",
      side === "after",
    ]);
  });

  it("does not take a time after the year 9999 for one before all others", async () => {
    const response = await get(`${TRANSACTIONS}?created_after=9999-12-31T23:59:59-23:59`);
    if (response.status === 400) await expectRefusal(response, "invalid_request");
    else expect(await jsonOf<ListPage>(response)).toMatchObject({ data: [] });
  });
});

describe("an address", () => {
  /** Every route that the app has, and its methods. */
  const routes = new Map<string, Set<string>>();
  for (const { path, method } of app.routes) {
    if (method === "ALL") continue;
    routes.set(path, (routes.get(path) ?? new Set()).add(method));
  }
  const filled = (pattern: string) =>
    pattern.replace(":code", "not_found").replace(":file", "swagger-ui.css").replace(/:\w+/g, "x");

  it("under /api is documented, or does not exist", () => {
    const own = [...routes].flatMap(([path, methods]) =>
      [...methods].map((one) => `${one} ${path}`),
    );
    const documented = operations.map(
      ({ method, path }) => `${method} ${path.replace(/\{(\w+)\}/g, ":$1")}`,
    );
    expect(documented.sort()).toEqual(own.filter((route) => /\/(api|health)/.test(route)).sort());
  });

  it("that does not exist is 404 for every method, with or without a key", async () => {
    const paths = `/api /api/v1 /api/v2/transactions /api/v1/transaction /API/V1/TRANSACTIONS
      ${TRANSACTIONS}// ${TRANSACTIONS}/a/b ${TRANSACTIONS}/a/process/b /api/v1/idempotency-keys
      /api/v1/idempotency-keys/ /problems /problems/ /docs-assets /health/ready/x
      /docs/../.dev.vars /.env /% /%00 /health/x /docs/x /openapi.json/x`.split(/\s+/);
    for (const path of paths) {
      for (const method of ["GET", "POST", "DELETE"]) {
        const response = await ask(path, { method, key: shop.key });
        await expectRefusal(response, "not_found", `${method} ${path}`);
      }
      await expectRefusal(await ask(path), "not_found", path);
    }
    for (const file of ["none.js", "..%2f..%2fwrangler.toml", "%2e%2e/wrangler.toml", "%"]) {
      await expectRefusal(await ask(`/docs-assets/${file}`), "not_found", file);
    }
  });

  it.each([...routes])(
    "%s answers 405 to other methods, and names its own",
    async (path, methods) => {
      for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"]) {
        if (methods.has(method)) continue;
        for (const end of ["", "/"]) {
          const response = await ask(`${filled(path)}${end}`, { method });
          await expectRefusal(response, "method_not_allowed");
          const allowed = new Set(response.headers.get("Allow")?.split(", "));
          allowed.delete("HEAD"); // Comes with GET; naming it is free.
          expect(allowed).toEqual(methods);
        }
      }
      const head = await ask(filled(path), { method: "HEAD" });
      expect(head.body).toBeNull();
      if (!methods.has("GET")) expect(head.status).toBe(405);
      else expect(head.status).toBe((await ask(filled(path))).status);
    },
  );

  it("means the same with a trailing slash", async () => {
    const key = canaryKey();
    const made = await ask(`${TRANSACTIONS}/`, {
      key: shop.key,
      body: body(),
      headers: { "Content-Type": "application/json", "Idempotency-Key": key },
    });
    expect(made.status).toBe(201);
    const { id } = await jsonOf<TransactionBody>(made);
    const other = await shop.created();
    for (const [of, action, status] of [
      [id, "process", "completed"],
      [other.id, "cancel", "cancelled"],
    ]) {
      const acted = await ask(`${TRANSACTIONS}/${of}/${action}/`, {
        method: "POST",
        key: shop.key,
      });
      expect(await jsonOf(acted)).toMatchObject({ status });
    }
    const headers = { "Content-Type": "application/json" };
    const post = (at: string, sent?: string) =>
      ask(at, { method: "POST", key: shop.key, headers, ...(sent ? { body: sent } : {}) });
    const hook = await jsonOf<{ id: string }>(
      await post(ENDPOINTS, '{"url":"https://shop.example.com/hook","enabled":false}'),
    );
    const tested = await jsonOf<{ id: string }>(await post(`${ENDPOINTS}/${hook.id}/test`));
    const entry = await jsonOf<{ id: string }>(
      await post(LISTS, '{"list":"block","field":"customer","value":"mallory"}'),
    );
    for (const [path, methods] of routes) {
      if (!methods.has("GET") || path.endsWith(":file")) continue;
      // These tell how things are now, so no two answers are alike.
      if (path === "/health/ready" || path === "/metrics" || path === "/") continue;
      const isAdmins = path.includes("/merchants");
      const names: Record<string, string> = { key, code: "not_found", id };
      if (isAdmins) names.id = shop.merchant_id;
      if (path.startsWith(ENDPOINTS)) names.id = hook.id;
      if (path.startsWith(DELIVERIES)) names.id = tested.id;
      if (path.startsWith(LISTS)) names.id = entry.id;
      const at = path.replace(/:(\w+)/g, (_, name: string) => names[name] ?? "");
      const asked = { key: isAdmins ? env.ADMIN_TOKEN : shop.key };
      const [bare, slashed] = [await ask(at, asked), await ask(`${at}/?`, asked)];
      expect([path, bare.status, slashed.status]).toEqual([path, 200, 200]);
      expect(await textOf(slashed)).toBe(await textOf(bare));
    }
  });

  const NO_IDS = `x txn_ txn_${"a".repeat(25)} txn_${"a".repeat(27)} txn_${"A".repeat(26)} ..%2f %00 %
    txn_${"1".repeat(26)} evt_${"a".repeat(26)} txn_${"a".repeat(26)}%00 %20txn_${"a".repeat(26)} '--
    __proto__ shard-0 🎉 ${"a".repeat(5_000)}`;
  it("with an id of another form holds no transaction", async () => {
    for (const id of NO_IDS.split(/\s+/)) {
      const at = `${TRANSACTIONS}/${id}`;
      await expectRefusal(await get(at), "transaction_not_found");
      await expectRefusal(await get(`${at}/events`), "transaction_not_found");
      for (const action of ["process", "cancel"]) {
        const response = await ask(`${at}/${action}`, { method: "POST", key: shop.key });
        await expectRefusal(response, "transaction_not_found");
      }
    }
  });
});

describe("an answer", () => {
  /** What says something about one answer only. */
  const OWN = ["Location", "Idempotent-Replayed", "RateLimit", "WWW-Authenticate", "Allow"];
  const ownOf = ({ headers }: Response) => OWN.filter((name) => headers.has(name));

  it("has headers of its own and none of the answers before it, in whatever order they come", async () => {
    const key = canaryKey();
    const sent = body();
    const asks: [() => Promise<Response>, string[]][] = [
      [() => create(sent, {}, key), ["Location", "Idempotent-Replayed", "RateLimit"]],
      [() => create(body()), ["Location", "RateLimit"]],
      [() => get(TRANSACTIONS), ["RateLimit"]],
      [() => ask("/health"), []],
      [() => ask(TRANSACTIONS), ["WWW-Authenticate"]],
      [() => ask(TRANSACTIONS, { key: shop.key, method: "PUT" }), ["Allow"]],
      [() => get(`${TRANSACTIONS}/x`), ["RateLimit"]],
    ];
    await create(sent, {}, key);
    const rounds = asks.flatMap((_, at) => [...asks.slice(at), ...asks.slice(0, at).reverse()]);
    const answers = await Promise.all(rounds.map(async ([made]) => made()));
    answers.forEach((answer, at) => {
      expect(ownOf(answer)).toEqual(rounds[at]?.[1]);
    });
    expect(new Set(answers.map(({ headers }) => headers.get("Request-Id"))).size).toBe(49);
    const places = answers.map(({ headers }) => headers.get("Location")).filter(Boolean);
    expect(new Set(places).size).toBe(8); // One was made before, and seven are new.
  });
});

describe("the open pages", () => {
  it("say that the Worker runs", async () => {
    const response = await ask("/health");
    expect([response.status, await response.json()]).toEqual([200, { status: "healthy" }]);
  });

  const never = new Promise<never>(() => {});
  const breaks = { ready: () => Promise.reject(faulty()) };
  const hangs = { ready: () => never };
  const objects = (stub: object) => ({ getByName: () => stub });
  const database = (fate: () => unknown) => ({
    prepare: () => ({ bind: () => ({ raw: fate, all: fate, run: fate, first: fate }) }),
    batch: fate,
  });
  const quiet = { backlogs: { of: {}, parked: 0 }, charges: { open: 0, overdue: 0 } };
  const well = { ready: () => Promise.resolve(quiet) };
  /** All are well but the last one. */
  const butLast = (last: string, fate: object) => ({
    getByName: (name: string) => (name === last ? fate : well),
  });
  it.each<[string, number, Bindings]>([
    ["ready 200 ok ok ok 0", 0, {}],
    ["degraded 200 failing ok ok 0", 0, { DB: database(raising(faulty())) }],
    ["degraded 200 hanging ok ok 0", 1, { DB: database(() => never) }],
    ["unready 503 ok failing ok 16", 0, { TRANSACTIONS: objects(breaks) }],
    ["unready 503 ok hanging ok 16", 16, { TRANSACTIONS: objects(hangs) }],
    ["unready 503 ok failing ok 1", 0, { TRANSACTIONS: butLast("shard-15", breaks) }],
    ["unready 503 ok hanging ok 1", 1, { TRANSACTIONS: butLast("shard-15", hangs) }],
    ["unready 503 ok ok failing 0", 0, { VELOCITY: objects(breaks) }],
    ["unready 503 ok ok failing 0", 0, { VELOCITY: butLast("velocity-3", breaks) }],
    ["unready 503 ok ok hanging 0", 1, { VELOCITY: butLast("velocity-3", hangs) }],
    [
      "unready 503 hanging ok hanging 0",
      5,
      { VELOCITY: objects(hangs), DB: database(() => never) },
    ],
    [
      "unready 503 hanging hanging ok 16",
      17,
      { TRANSACTIONS: objects(hangs), DB: database(() => never) },
    ],
  ])("say whether payments can be taken, in time: %s", async (expected, hanging, bindings) => {
    let response = new Response();
    const asked = await endHanging("api/operations/readiness", hanging, async () => {
      response = await ask("/health/ready", { env: bindings });
    });
    expect(asked).toBe(hanging);
    const [status, code, book, transactions, velocity, silent] = expected.split(" ");
    const dependencies = { book, transactions, velocity };
    const said = await jsonOf<{ shards: unknown }>(response);
    const shard_count = book === "ok" ? "ok" : null;
    const whole = { status, dependencies, shard_count };
    expect([response.status, said]).toMatchObject([Number(code), whole]);
    expect(said.shards).toEqual({ asked: 16, answered: 16 - Number(silent) });
    if (silent === "16")
      expect(said).toMatchObject({ outboxes: null, charges: null, parked: null });
  });

  it("say that a changed shard count stops payments", async () => {
    await newClient().then((client) => client.get(TRANSACTIONS)); // Has the count written down.
    const response = await ask("/health/ready", { env: { TRANSACTION_SHARDS: "8" } });
    const said = { status: "unready", shard_count: "changed", shards: { asked: 8, answered: 8 } };
    expect([response.status, await response.json()]).toMatchObject([503, said]);
  });

  it("add up the shards' figures, and say when charges stay open", async () => {
    const answer = (figure: number, overdue: number, failures: number) => ({
      backlogs: {
        of: { webhooks: { depth: figure, oldest_age_ms: 100 * figure, failures } },
        parked: 0,
      },
      charges: { open: figure, overdue },
    });
    const shards = (overdue: number, failures: number): Bindings => ({
      TRANSACTION_SHARDS: "16",
      TRANSACTIONS: {
        getByName: (name: string) => ({
          ready: () =>
            Promise.resolve(name === "shard-3" ? answer(5, overdue, failures) : answer(1, 0, 0)),
        }),
      },
    });
    for (const [status, overdue, failures] of [
      ["ready", 0, 0],
      ["degraded", 2, 0],
      ["degraded", 0, 1],
    ] as const) {
      const response = await ask("/health/ready", { env: shards(overdue, failures) });
      expect([response.status, await response.json()]).toMatchObject([
        200,
        {
          status,
          outboxes: {
            book: null,
            webhooks: { depth: 20, oldest_age_ms: 500, failing: failures > 0 },
            stream: null,
          },
          charges: { open: 20, overdue },
          parked: 0,
        },
      ]);
    }
  });

  it("have the book written again by all shards or say that not all will", async () => {
    const post = (bindings: Bindings) =>
      ask(REBUILD, { method: "POST", key: env.ADMIN_TOKEN, env: bindings });
    const silent = { getByName: () => ({ rebuildBook: () => Promise.reject(faulty()) }) };
    await expectRefusal(await post({ TRANSACTIONS: silent }), "unavailable");
    await expectRefusal(await post({ TRANSACTION_SHARDS: "0" }), "not_found");
    const asked: string[] = [];
    const getByName = (name: string) => ({ rebuildBook: async () => asked.push(name) && 2 });
    const many = { TRANSACTIONS: { getByName }, TRANSACTION_SHARDS: "250" };
    expect(await jsonOf(await post(many))).toMatchObject({ events: 500, shards: 250 });
    expect([new Set(asked).size, asked.at(-1)]).toEqual([250, "shard-249"]);
  });

  it("say how far the book and the webhooks are behind, and that there is no stream", async () => {
    const none = { depth: 0, oldest_age_ms: 0, failing: false };
    await eventually(async () => {
      const said = await (await ask("/health/ready")).json();
      expect(said).toMatchObject({
        outboxes: { book: none, webhooks: none, stream: null },
        charges: { overdue: 0 },
        parked: 0,
      });
    });
  });

  it("show docs that load nothing from anybody else", async () => {
    const page = await ask("/docs");
    expect(page.headers.get("Content-Type")).toMatch(/^text\/html; *charset=utf-8$/i);
    const html = await textOf(page);
    const addresses = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, at = ""]) => at);
    expect(addresses.filter((at) => /\.(js|css)$/.test(at))).toHaveLength(4);
    expect(html).not.toMatch(/https?:|<script>|<style|\son\w+=/);
    const types: Record<string, RegExp> = {
      js: /javascript/,
      css: /^text\/css/,
      png: /^image\/png/,
    };
    for (const at of addresses) {
      const { origin } = new URL(at, BASE);
      expect(origin).toBe(BASE);
      const file = await ask(at);
      expect(file.status, at).toBe(200);
      expect(file.headers.get("Content-Type")).toMatch(types[at.split(".").at(-1) ?? ""] ?? /^$/);
      expect((await file.arrayBuffer()).byteLength).toBeGreaterThan(100);
    }
    const policy = page.headers.get("Content-Security-Policy") ?? "";
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toMatch(/https?:|\*|unsafe-eval/);
    const script = await textOf(await ask("/docs/start.js"));
    expect(script).toContain('url: "/openapi.json"');
    expect(script).toContain("persistAuthorization: false"); // No key is kept in the browser.
  });

  it("give a browser that has a file already the file or a 304, not a 404", async () => {
    const fetch = async ({ headers }: Request) =>
      headers.has("If-None-Match") ? new Response(null, { status: 304 }) : new Response("file");
    const headers = { "If-None-Match": '"1"' };
    const response = await ask("/docs-assets/swagger-ui.css", {
      headers,
      env: { ASSETS: { fetch } },
    });
    expect([200, 304]).toContain(response.status);
  });

  it("have no docs' files where none were deployed", async () => {
    const bindings = { ASSETS: undefined };
    await expectRefusal(await ask("/docs-assets/swagger-ui.css", { env: bindings }), "not_found");
  });
});

describe("openapi.json", () => {
  it("is served as it is committed", async () => {
    const response = await ask("/openapi.json");
    expect(response.headers.get("Content-Type")).toMatch(/^application\/json/);
    expect(await response.json()).toEqual(JSON.parse(JSON.stringify(document)));
  });

  it("is an OpenAPI 3.1 document of which every reference leads somewhere", () => {
    expect(document.openapi).toMatch(/^3\.1\.\d$/);
    expect(document.info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
    const refs = JSON.stringify(document).match(/(?<="\$ref":")[^"]+/g) ?? [];
    expect(refs.length).toBeGreaterThan(50);
    for (const ref of new Set(refs)) {
      const place = ref.slice("#/".length).split("/").reduce<unknown>(member, document);
      expect(place, ref).toBeTypeOf("object");
    }
  });

  function member(value: unknown, name: string): unknown {
    return (value as Record<string, unknown> | undefined)?.[name];
  }

  it.each(operations.map((route) => [`${route.method} ${route.path}`, route] as const))(
    "says what one must know of %s",
    (_, { path, operation }) => {
      const { summary, tags, parameters = [], security, responses } = operation;
      expect(summary).toMatch(/\S/);
      expect(tags).toHaveLength(1);
      const inPath = parameters.filter((one) => one.in === "path" && one.required);
      expect(inPath.map(({ name }) => `{${name}}`)).toEqual(path.match(/\{\w+\}/g) ?? []);
      const schemes = Object.keys(document.components.securitySchemes);
      for (const name of (security ?? []).flatMap(Object.keys)) expect(schemes).toContain(name);
      expect((security ?? []).length > 0).toBe(path.startsWith("/api/"));
      expect(Object.keys(responses).join()).toMatch(/^2\d\d/);
      for (const [status, { description, content = {} }] of Object.entries(responses)) {
        expect(description).toMatch(/\S/);
        const isProblem = Number(status) >= 400 && path !== "/health/ready";
        const type = isProblem ? "application/problem+json" : "application/json";
        if (status !== "204") expect(content[type]?.schema.$ref, status).toMatch(/^#/);
      }
    },
  );

  /** Of a merchant of their own, whose every payment is reviewed. */
  async function riskAnswers(): Promise<Record<string, [Response, z.ZodType?]>> {
    const merchant = await newClient();
    const send = (method: string, path: string, sent?: object) =>
      ask(path, {
        method,
        key: merchant.key,
        ...(sent && {
          body: JSON.stringify(sent),
          headers: { "Content-Type": "application/json" },
        }),
      });
    const doubtful = { id: "all", outcome: "review", when: { amount: { above: "0.01" } } };
    const rules = { rules: [{ ...doubtful, shadow: false }] };
    const entry = { list: "block", field: "customer", value: "mallory" };
    const put = await send("PUT", "/api/v1/risk/rules", { version: 0, ...rules });
    const { id } = await merchant.created();
    const listed = await send("POST", LISTS, entry);
    const at = `${LISTS}/${(await jsonOf<{ id: string }>(listed.clone())).id}`;
    const review = { decision: "approve", reviewer: "ann", note: "known" };
    return {
      "PUT /risk/rules 200": [put, RuleSetResult],
      "GET /risk/rules 200": [await send("GET", "/api/v1/risk/rules"), RuleSetResult],
      "POST /risk/lists 201": [listed, ListEntry],
      "POST /risk/lists 200": [await send("POST", LISTS, entry), ListEntry],
      "GET /risk/lists 200": [await send("GET", LISTS), ListEntryList],
      "GET /risk/lists/{id} 200": [await send("GET", at), ListEntry],
      "DELETE /risk/lists/{id} 204": [await send("DELETE", at)],
      "POST /risk/backtest 200": [
        await send("POST", "/api/v1/risk/backtest", { rule_set: rules }),
        BacktestResult,
      ],
      "POST /transactions/{id}/review 200": [
        await send("POST", `${TRANSACTIONS}/${id}/review`, review),
        schema.Transaction,
      ],
    };
  }

  it("describes every good answer, and each of them is exactly as described", async () => {
    const merchants = "/api/v1/merchants";
    const own = `${merchants}/${shop.merchant_id}/api-keys`;
    const { id, idempotency_key } = await shop.created();
    const blocked = await shop.created({ user_id: "rich", amount: 20_000 });
    const unknown = await shop.created({ user_id: "slow", metadata: { processor: "pending" } });
    const cancelled = await shop.created({ user_id: "hesitant" });
    const act = (of: string, action: string) =>
      ask(`${TRANSACTIONS}/${of}/${action}`, { method: "POST", key: shop.key });
    const byKey = `/api/v1/idempotency-keys/${idempotency_key}`;
    const newKey = () => asAdmin(own, { name: "described" });
    const keyAt = async () => `${own}/${(await jsonOf<{ id: string }>(await newKey())).id}`;
    const post = (path: string, body?: string) =>
      ask(path, { method: "POST", key: shop.key, ...(body ? { ...asJson, body } : {}) });
    const asJson = { headers: { "Content-Type": "application/json" } };
    const newEndpoint = () => post(ENDPOINTS, '{"url":"https://shop.example.com/hook"}');
    const hook = `${ENDPOINTS}/${(await jsonOf<{ id: string }>(await newEndpoint())).id}`;
    const tested = await jsonOf<{ id: string }>(await post(`${hook}/test`));
    const delivery = `${DELIVERIES}/${tested.id}`;
    const { EventList, Transaction, TransactionList } = schema;
    const { ApiKeyList, Merchant, MerchantList, NewApiKey } = merchantSchema;
    const answers: Record<string, [Response, z.ZodType?]> = {
      "POST /transactions 201": [await create(body('"metadata":{"a":"b"}')), Transaction],
      "GET /transactions/{id} 200": [await get(`${TRANSACTIONS}/${blocked.id}`), Transaction],
      "POST /transactions/{id}/process 200": [await act(id, "process"), Transaction],
      "POST /transactions/{id}/process 202": [await act(unknown.id, "process"), Transaction],
      "POST /operations/charges/{transaction_id}/resolve 200": [
        await resolve(unknown.id, { force: true }),
        Transaction,
      ],
      "POST /transactions/{id}/cancel 200": [await act(cancelled.id, "cancel"), Transaction],
      "GET /transactions 200": [await get(`${TRANSACTIONS}?limit=100`), TransactionList],
      "GET /transactions/{id}/events 200": [await get(`${TRANSACTIONS}/${id}/events`), EventList],
      "GET /events 200": [await get("/api/v1/events?limit=100"), EventList],
      "GET /idempotency-keys/{key} 200": [await get(byKey), Transaction],
      "POST /webhook-endpoints 201": [await newEndpoint(), webhookSchema.NewEndpoint],
      "GET /webhook-endpoints 200": [await get(ENDPOINTS), webhookSchema.EndpointList],
      "GET /webhook-endpoints/{id} 200": [await get(hook), webhookSchema.Endpoint],
      "PATCH /webhook-endpoints/{id} 200": [
        await ask(hook, {
          method: "PATCH",
          key: shop.key,
          ...asJson,
          body: '{"description":"ours"}',
        }),
        webhookSchema.Endpoint,
      ],
      "POST /webhook-endpoints/{id}/rotate-secret 200": [
        await post(`${hook}/rotate-secret`, "{}"),
        webhookSchema.RotatedSecret,
      ],
      "POST /webhook-endpoints/{id}/test 202": [await post(`${hook}/test`), webhookSchema.Delivery],
      "POST /webhook-endpoints/{id}/recover 202": [
        await post(`${hook}/recover`, '{"since":"2026-11-22T21:00:00Z"}'),
        webhookSchema.Recovered,
      ],
      "GET /webhook-deliveries 200": [await get(DELIVERIES), webhookSchema.DeliveryList],
      "GET /webhook-deliveries/{id} 200": [await get(delivery), webhookSchema.Delivery],
      "POST /webhook-deliveries/{id}/redeliver 202": [
        await post(`${delivery}/redeliver`),
        webhookSchema.Delivery,
      ],
      "DELETE /webhook-endpoints/{id} 204": [await ask(hook, { method: "DELETE", key: shop.key })],
      "POST /operations/rebuild-book 202": [await asAdmin(REBUILD, {}), Rebuild],
      "POST /merchants 201": [await asAdmin(merchants, { name: "Described" }), Merchant],
      "GET /merchants 200": [await asAdmin(merchants), MerchantList],
      "POST /merchants/{id}/api-keys 201": [await newKey(), NewApiKey],
      "GET /merchants/{id}/api-keys 200": [await asAdmin(own), ApiKeyList],
      "POST /merchants/{id}/api-keys/{key_id}/roll 201": [
        await asAdmin(`${await keyAt()}/roll`, {}),
        NewApiKey,
      ],
      "DELETE /merchants/{id}/api-keys/{key_id} 204": [
        await ask(await keyAt(), { method: "DELETE", key: env.ADMIN_TOKEN }),
      ],
      ...(await riskAnswers()),
    };
    for (const [name, [response, described]] of Object.entries(answers)) {
      expect(`${name.slice(0, -3)}${response.status}`).toBe(name);
      if (!described) {
        expect(await textOf(response)).toBe("");
        continue;
      }
      expect(response.headers.get("Content-Type")).toBe("application/json");
      const sent = await jsonOf(response);
      // A schema drops what it does not know, so an equal result means nothing undescribed was sent.
      expect(described.parse(sent), name).toEqual(sent);
    }
    const documented = operations
      .filter(({ path }) => path.startsWith("/api/"))
      .flatMap(({ method, path, operation }) =>
        Object.keys(operation.responses)
          .filter((status) => status.startsWith("2"))
          .map((status) => `${method} ${path.slice("/api/v1".length)} ${status}`),
      );
    expect(Object.keys(answers).sort()).toEqual(documented.sort());
  });

  it("mentions every answer that was given in this file", () => {
    expect(undocumentedAnswers()).toEqual([]);
  });
});

describe("the log", () => {
  it("has one line for a request, with the route and never the address", async () => {
    const key = canaryKey();
    const { id } = await jsonOf<TransactionBody>(await create(body(), {}, key));
    const cases: [Response, string][] = [
      [await get(`${TRANSACTIONS}/${id}`), `GET ${TRANSACTIONS}/:id 200`],
      [await get(`/api/v1/idempotency-keys/${key}`), "GET /api/v1/idempotency-keys/:key 200"],
      [await get(`${TRANSACTIONS}?user_id=${CANARY}`), `GET ${TRANSACTIONS} 200`],
      [await create("{"), `POST ${TRANSACTIONS} 400 malformed_json`],
      [await create(body(), {}, key), `POST ${TRANSACTIONS} 422 idempotency_key_reused`],
      [await ask(`/${CANARY}`), "GET none 404 not_found"],
      [await ask(`/problems/${CANARY}`), "GET /problems/:code 404 not_found"],
      [await ask(TRANSACTIONS, { method: "PUT" }), "PUT none 405 method_not_allowed"],
      [await ask("/health", { method: "HEAD" }), "HEAD /health 200"],
    ];
    for (const [response, expected] of cases) {
      const lines = logOf(response.headers.get("Request-Id"));
      const told = lines.map(({ event, method, route, status, outcome = "" }) =>
        `${event}: ${method} ${route} ${status} ${outcome}`.trim(),
      );
      expect(told).toEqual([`request: ${expected}`]);
    }
  });

  it("says where a fault happened, and not what it said", async () => {
    const messages = [CANARY, "one line\n    at a second (which looks like a place)"];
    for (const message of messages) {
      const fault = new TypeError(message, { cause: new Error(CANARY) });
      const response = await ask(missing, { key: shop.key, env: ownersThat(raising(fault)) });
      const { request_id } = await expectRefusal(response, "internal_error");
      const [said, request, ...rest] = logOf(request_id);
      expect(said).toMatchObject({ event: "fault", level: "error" });
      expect(said?.fault).toMatch(/^TypeError \| at /);
      expect(said?.fault).not.toContain("second");
      expect(request).toMatchObject({ event: "request", status: 500, outcome: "internal_error" });
      expect(rest).toEqual([]);
    }
  });

  it("is silent about a request when it is told to be", async () => {
    const bindings = { ...env, LOG_LEVEL: "warn" };
    const response = await app.fetch(new Request(`${BASE}/health`), bindings);
    expect(logOf(response.headers.get("Request-Id"))).toEqual([]);
  });

  it("gave nothing away in this whole file", () => {
    expectQuietLogs();
  });
});
