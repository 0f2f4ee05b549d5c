/** Who may do what: every route against every bad credential, the life of API keys, and what becomes of
 *  callers while D1, which knows the keys, does not answer. */
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { app } from "../../../../src/api/app";
import {
  forgetKeys,
  KEY_FRESH_MS,
  KEY_STALE_MS,
} from "../../../../src/api/middleware/authenticate";
import {
  API_KEY_RANDOM_BYTES,
  formatApiKey,
  SCOPES,
} from "../../../../src/domain/identity/api-key";
import type { Transaction } from "../../../../src/domain/transaction/transaction";
import { BASE, type Client, freshKey, newClient, TRANSACTIONS } from "../../../support/api";
import {
  type Asked,
  ask,
  type Bindings,
  CANARY,
  createWith,
  expectQuietLogs,
  expectRefusal,
  jsonOf,
  operations,
  pointersOf,
  type Route,
  textOf,
  undocumentedAnswers,
} from "../../../support/contract";
import { env } from "../../../support/env";
import { until } from "../../../support/eventually";
import { endHanging } from "../../../support/with-timeout";

const MERCHANTS = "/api/v1/merchants";
const DAY_MS = 86_400_000;

type ApiKey = { id: string; last_four: string; scopes: string[]; expires_at: string | null };
type NewKey = ApiKey & { key: string };

let shop: Client;
beforeAll(async () => {
  shop = await newClient();
});
afterEach(() => {
  vi.useRealTimers();
  forgetKeys(); // What was remembered in another time.
});

/** Only `Date` moves: timers, and with them all limits, keep real time. */
function travel(ms: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + ms });
}

const asAdmin = (path: string, sent?: object, method?: string, bindings: Bindings = {}) =>
  ask(path, {
    method,
    key: env.ADMIN_TOKEN,
    env: bindings,
    ...(sent && {
      body: JSON.stringify(sent),
      headers: { "Content-Type": "application/json" },
    }),
  });
const keysOf = (merchantId: string) => `${MERCHANTS}/${merchantId}/api-keys`;
const newKey = async (merchantId: string, sent: object = {}) =>
  jsonOf<NewKey>(await asAdmin(keysOf(merchantId), sent));
const roll = async (merchantId: string, keyId: string, sent?: object) =>
  asAdmin(`${keysOf(merchantId)}/${keyId}/roll`, sent, "POST");
const revoke = (merchantId: string, keyId: string) =>
  asAdmin(`${keysOf(merchantId)}/${keyId}`, undefined, "DELETE");
const listed = async (merchantId: string) =>
  (await jsonOf<{ data: ApiKey[] }>(await asAdmin(keysOf(merchantId)))).data;

/** The status with which a key is let in, or not. */
const statusWith = async (key: string) => (await ask(TRANSACTIONS, { key })).status;
const create = (key: string, userId = freshKey("user"), idempotencyKey = freshKey(CANARY)) =>
  createWith(key, idempotencyKey, JSON.stringify({ user_id: userId, amount: 1 }));
const drawnKey = () => formatApiKey(crypto.getRandomValues(new Uint8Array(API_KEY_RANDOM_BYTES)));

/** Another character in the place of one. */
const altered = (text: string, at: number) =>
  `${text.slice(0, at)}${text[at] === "a" ? "b" : "a"}${text.slice(at + 1)}`;

describe("a credential", () => {
  let transaction: Transaction;
  const dead: Record<string, string> = {};
  beforeAll(async () => {
    transaction = await shop.created();
    const [revoked, rolled] = [await newKey(shop.merchant_id), await newKey(shop.merchant_id)];
    await revoke(shop.merchant_id, revoked.id);
    await roll(shop.merchant_id, rolled.id, { overlap_s: 0 });
    dead.revoked = revoked.key;
    dead.rolled = rolled.key;
  });

  /** The address of a route with things in it that exist. */
  const filled = ({ path }: Route) =>
    path
      .replace("{key}", transaction.idempotency_key)
      .replace("{key_id}", shop.key_id)
      .replace("{id}", path.includes("/merchants") ? shop.merchant_id : transaction.id);
  const behind = (scheme: "api_key" | "admin_token") =>
    operations
      .filter(({ operation }) => operation.security?.some((one) => scheme in one))
      .map((route) => [`${route.method} ${route.path}`, route] as const);
  /** A body that would do something, if the caller were let in. */
  const sending = (route: Route): Asked =>
    route.method === "POST"
      ? {
          method: "POST",
          body: JSON.stringify({ user_id: "u", amount: 1 }),
          headers: { "Content-Type": "application/json", "Idempotency-Key": freshKey(CANARY) },
        }
      : { method: route.method };
  const askWith = (route: Route, headers: Record<string, string>, bindings: Bindings = {}) => {
    const asked = sending(route);
    return ask(filled(route), {
      ...asked,
      headers: { ...asked.headers, ...headers },
      env: bindings,
    });
  };

  it("is asked for by every route that openapi.json does not call open", () => {
    expect(behind("api_key").length).toBeGreaterThanOrEqual(8);
    expect(behind("admin_token").length).toBeGreaterThanOrEqual(6);
    const open = operations.filter(({ operation }) => !operation.security?.length);
    expect(open.map(({ path }) => path).sort()).toEqual(["/health", "/health/ready"]);
    const isDocumented = new Set(operations.map(({ path }) => path.replace(/\{(\w+)\}/g, ":$1")));
    const others = app.routes.filter(
      ({ path, method }) => method !== "ALL" && !isDocumented.has(path),
    );
    expect(others.map(({ path }) => path).filter((path) => path.startsWith("/api"))).toEqual([]);
  });

  it.each(behind("api_key"))("must be a living API key: %s", async (_, route) => {
    const { key } = shop;
    for (const headers of [
      {},
      { "X-Api-Key": key },
      { Cookie: `key=${key}` },
      { Authorization: "" },
    ]) {
      await expectRefusal(await askWith(route, headers), "api_key_missing");
    }
    const values = [
      "Bearer",
      "Bearer ",
      `Bearer${key}`,
      key,
      `Basic ${btoa(`${key}:`)}`,
      `Token ${key}`,
    ];
    values.push(
      `Bearer ${key} x`,
      `Bearer ${key},Bearer ${key}`,
      `Bearer "${key}"`,
      `Bearer ${key}a`,
    );
    values.push(
      `Bearer ${key.toUpperCase()}`,
      `Bearer ${key.slice(0, -1)}`,
      `Bearer ${key.slice(3)}`,
    );
    values.push(
      `Bearer ${altered(key, 10)}`,
      `Bearer ${altered(key, key.length - 1)}`,
      "Bearer sk_",
    );
    values.push(
      `Bearer ${drawnKey()}`,
      `Bearer ${env.ADMIN_TOKEN}`,
      `Bearer ${"a".repeat(10_000)}`,
    );
    values.push(
      ...Object.values(dead).map((one) => `Bearer ${one}`),
      "Bearer __proto__",
      "Bearer schlüssel",
    );
    for (const value of values) {
      const response = await askWith(route, { Authorization: value });
      await expectRefusal(response, "api_key_invalid", value);
      expect(response.headers.get("WWW-Authenticate")).toContain('error="invalid_token"');
      expect(await textOf(response)).not.toMatch(/sk_[a-z2-7]{4}/i);
    }
  });

  it.each(behind("admin_token"))("must be the admin token: %s", async (_, route) => {
    const token = env.ADMIN_TOKEN;
    const values = ["", token, `Basic ${btoa(token)}`, `Bearer ${shop.key}`, "Bearer", "Bearer "];
    values.push(
      `Bearer ${token}x`,
      `Bearer ${token.slice(0, -1)}`,
      `Bearer ${token.toUpperCase()}`,
    );
    values.push(`Bearer ${token} ${token}`, `Bearer ${token.slice(0, -1)}é`);
    await expectRefusal(await askWith(route, {}), "admin_token_invalid");
    await expectRefusal(await askWith(route, { "X-Admin-Token": token }), "admin_token_invalid");
    for (const Authorization of values) {
      const response = await askWith(route, { Authorization });
      await expectRefusal(response, "admin_token_invalid", Authorization);
    }
    for (const ADMIN_TOKEN of ["", undefined]) {
      for (const given of ["Bearer ", "Bearer undefined", "Bearer null", `Bearer ${token}`]) {
        const response = await askWith(route, { Authorization: given }, { ADMIN_TOKEN });
        await expectRefusal(response, "admin_token_invalid", given);
      }
    }
  });

  it("that was refused has done nothing", async () => {
    expect(await statusWith(shop.key)).toBe(200);
    expect(await shop.find(transaction.id)).toEqual(transaction);
    const all = await jsonOf<{ data: unknown[] }>(await ask(TRANSACTIONS, { key: shop.key }));
    expect(all.data).toEqual([transaction]);
    expect(await listed(shop.merchant_id)).toHaveLength(4);
  });

  it("may name its scheme in any letters and be followed by blanks", async () => {
    for (const scheme of ["bearer", "BEARER", "Bearer  "]) {
      const headers = { Authorization: `${scheme} ${shop.key} ` };
      expect((await ask(TRANSACTIONS, { headers })).status).toBe(200);
      const admin = { Authorization: `${scheme} ${env.ADMIN_TOKEN}` };
      expect((await ask(MERCHANTS, { headers: admin })).status).toBe(200);
    }
  });

  it("is looked at before anything else in the request", async () => {
    const body = "x".repeat(100_000);
    await expectRefusal(await ask(TRANSACTIONS, { body }), "api_key_missing");
    await expectRefusal(await ask(`${TRANSACTIONS}?limit=x`), "api_key_missing");
    await expectRefusal(await ask(`${MERCHANTS}/none/api-keys`, { body }), "admin_token_invalid");
  });

  it("opens what its scopes name, and nothing else", async () => {
    const keys = new Map(
      await Promise.all(
        SCOPES.map(async (scope) => {
          const { key } = await newKey(shop.merchant_id, { scopes: [scope] });
          return [scope, key] as const;
        }),
      ),
    );
    const areaOf = ({ path }: Route) => {
      if (path.includes("/webhook")) return "webhooks";
      return /\/(risk|review)\b/.test(path) ? "risk" : "transactions";
    };
    // A backtest is a question, however long.
    const isQuestion = ({ method, path }: Route) => method === "GET" || path.endsWith("/backtest");
    const scopeOf = (route: Route) => `${areaOf(route)}:${isQuestion(route) ? "read" : "write"}`;
    for (const [, route] of behind("api_key")) {
      for (const [scope, key] of keys) {
        if (scope === scopeOf(route)) continue;
        const response = await askWith(route, { Authorization: `Bearer ${key}` });
        const said = await expectRefusal(response, "scope_missing");
        expect(said.detail).toContain(scopeOf(route));
      }
    }
    expect(await shop.find(transaction.id)).toEqual(transaction);
    for (const [name, route] of behind("api_key")) {
      const key = [...keys].find(([scope]) => scope === scopeOf(route))?.[1];
      const { status } = await askWith(route, { Authorization: `Bearer ${key}` });
      // Let in: 409 when it was processed before it is cancelled, 400 and 404 for what is not a webhook's
      // or a list's.
      const expected = scopeOf(route).startsWith("transactions")
        ? [200, 201, 409]
        : [200, 400, 404, 415];
      expect(expected, name).toContain(status);
    }
  });
});

describe("a merchant", () => {
  it("is made and listed, the newest first", async () => {
    const names = ["First", "'; DROP TABLE merchants; --", "💳", "n".repeat(200)];
    const made: { id: string }[] = [];
    for (const name of names) {
      const response = await asAdmin(MERCHANTS, { name });
      expect(response.status).toBe(201);
      const merchant = await jsonOf<{ id: string; name: string }>(response);
      expect(merchant).toMatchObject({ id: expect.stringMatching(/^mer_[a-z2-7]{26}$/), name });
      made.push(merchant);
      await scheduler.wait(2); // Two in one millisecond would have no order.
    }
    const { data } = await jsonOf<{ data: { id: string }[] }>(await asAdmin(MERCHANTS));
    expect(data.slice(0, names.length)).toEqual(made.reverse());
  });

  it.each([
    ["#/name", "{}"],
    ["#/name", '{"name":""}'],
    ["#/name", '{"name":null}'],
    ["#/name", '{"name":5}'],
    ["#/name", '{"name":["a"]}'],
    ["#/name", `{"name":"${"n".repeat(201)}"}`],
    ["#/name", '{"name":"\\u0000"}'],
    ["#/name", '{"name":"\\ud800"}'],
    ["#/id", '{"name":"a","id":"mer_mine"}'],
    ["#/__proto__", '{"name":"a","__proto__":{}}'],
  ])("is not made when %s is not valid", async (pointer, body) => {
    const headers = { "Content-Type": "application/json" };
    const response = await ask(MERCHANTS, { key: env.ADMIN_TOKEN, body, headers });
    expect(pointersOf(await expectRefusal(response, "invalid_request"))).toEqual([pointer]);
  });

  it("that does not exist has no keys and gets none", async () => {
    for (const id of ["mer_none", "x", "%00", "'--", `mer_${"a".repeat(26)}`]) {
      await expectRefusal(await asAdmin(keysOf(id)), "merchant_not_found");
      await expectRefusal(await asAdmin(keysOf(id), {}), "merchant_not_found");
      await expectRefusal(await roll(id, shop.key_id, {}), "merchant_not_found");
      await expectRefusal(await revoke(id, shop.key_id), "merchant_not_found");
    }
    expect(await statusWith(shop.key)).toBe(200);
  });
});

describe("an API key", () => {
  let merchantId: string;
  beforeAll(async () => {
    ({ merchant_id: merchantId } = await newClient());
  });

  it("is shown once, works at once, and is listed without itself, the newest first", async () => {
    const made = await newKey(merchantId, { name: "Till 1", scopes: [SCOPES[0], SCOPES[0]] });
    const { key, ...shown } = made;
    expect(key).toMatch(/^sk_[a-z2-7]{58}$/);
    expect(shown).toEqual({
      id: expect.stringMatching(/^key_[a-z2-7]{26}$/),
      merchant_id: merchantId,
      name: "Till 1",
      last_four: key.slice(-4),
      scopes: ["transactions:read"],
      created_at: expect.stringMatching(/^\d{4}-.*Z$/),
      expires_at: null,
    });
    expect(await statusWith(key)).toBe(200);
    const list = await asAdmin(keysOf(merchantId));
    expect((await jsonOf<{ data: unknown[] }>(list)).data[0]).toEqual(shown);
    expect(await textOf(list)).not.toMatch(/sk_|hash/);
    const all = await newKey(merchantId);
    expect(all.scopes).toEqual([...SCOPES]);
    expect(all.key).not.toBe(key);
  });

  it.each([
    ["#/scopes", '{"scopes":[]}'],
    ["#/scopes", '{"scopes":null}'],
    ["#/scopes", '{"scopes":"transactions:read"}'],
    [
      "#/scopes",
      `{"scopes":[${Array(SCOPES.length + 1)
        .fill('"transactions:read"')
        .join()}]}`,
    ],
    ["#/scopes/0", '{"scopes":["admin"]}'],
    ["#/scopes/1", '{"scopes":["transactions:read","TRANSACTIONS:WRITE"]}'],
    ["#/name", '{"name":""}'],
    ["#/name", '{"name":5}'],
    ["#/key", '{"key":"sk_mine"}'],
    ["#/expires_at", '{"expires_at":null}'],
  ])("is not made when %s is not valid", async (pointer, body) => {
    const before = await listed(merchantId);
    const headers = { "Content-Type": "application/json" };
    const response = await ask(keysOf(merchantId), { key: env.ADMIN_TOKEN, body, headers });
    expect(pointersOf(await expectRefusal(response, "invalid_request"))).toEqual([pointer]);
    expect(await listed(merchantId)).toEqual(before);
  });

  it("is nowhere in D1, only its hash", async () => {
    const made = await newKey(merchantId);
    await create(made.key);
    const secret = made.key.slice(3, -6);
    const { results: tables } = await env.DB.prepare(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'",
    ).all<{ name: string }>();
    expect(tables.map(({ name }) => name)).toContain("api_keys");
    const rows: string[] = [];
    for (const { name } of tables) {
      const { results } = await env.DB.prepare(`SELECT * FROM "${name}"`).all();
      rows.push(...results.map((row) => JSON.stringify(row)));
    }
    const bytes = new Uint8Array(
      await crypto.subtle.digest("SHA-256", new TextEncoder().encode(made.key)),
    );
    const hash = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    expect(rows.filter((row) => row.includes(hash))).toHaveLength(1);
    for (const row of rows) {
      expect(row).not.toMatch(/\bsk_/);
      expect(row).not.toContain(secret);
      expect(row).not.toContain(env.ADMIN_TOKEN);
    }
  });

  it("dies at once when it is revoked, here, and stays dead", async () => {
    const { id, key } = await newKey(merchantId);
    expect(await statusWith(key)).toBe(200);
    const answer = await revoke(merchantId, id);
    expect([answer.status, await textOf(answer)]).toEqual([204, ""]);
    expect(await statusWith(key)).toBe(401);
    const ended = (await listed(merchantId)).find((one) => one.id === id);
    expect(Date.parse(ended?.expires_at ?? "")).toBeLessThanOrEqual(Date.now());
    expect((await revoke(merchantId, id)).status).toBe(204);
    expect((await listed(merchantId)).find((one) => one.id === id)).toEqual(ended);
    await expectRefusal(await roll(merchantId, id, {}), "api_key_not_found");
    forgetKeys();
    expect(await statusWith(key)).toBe(401);
  });

  it("dies elsewhere, where it was just seen, within the time that is promised", async () => {
    const { id, key } = await newKey(merchantId);
    expect(await statusWith(key)).toBe(200);
    // As a revocation in another isolate would: this one is not told.
    await env.DB.prepare("UPDATE api_keys SET expires_at = ? WHERE id = ?")
      .bind(Date.now(), id)
      .run();
    expect(KEY_FRESH_MS).toBeLessThanOrEqual(10_000);
    travel(KEY_FRESH_MS + 1);
    expect(await statusWith(key)).toBe(401);
  });

  it("dies elsewhere within that time also when the clock has stepped back a day since it was seen", async () => {
    travel(DAY_MS);
    const { id, key } = await newKey(merchantId);
    expect(await statusWith(key)).toBe(200);
    travel(-DAY_MS);
    await env.DB.prepare("UPDATE api_keys SET expires_at = ? WHERE id = ?")
      .bind(Date.now(), id)
      .run();
    expect(await statusWith(key)).toBe(401);
  });

  it("that is rolled has a successor at once and lives on for a day", async () => {
    travel(0);
    const old = await newKey(merchantId, { name: "Till 2", scopes: ["transactions:read"] });
    const rolled = await roll(merchantId, old.id);
    expect(rolled.status).toBe(201);
    const next = await jsonOf<NewKey>(rolled);
    expect(next).toMatchObject({ name: "Till 2", scopes: ["transactions:read"], expires_at: null });
    expect([next.id === old.id, next.key === old.key]).toEqual([false, false]);
    expect([await statusWith(old.key), await statusWith(next.key)]).toEqual([200, 200]);

    const ends = (await listed(merchantId)).find(({ id }) => id === old.id)?.expires_at ?? "";
    const left = Date.parse(ends) - Date.now();
    expect(left).toBe(DAY_MS);
    travel(left - 1_000);
    expect([await statusWith(old.key), await statusWith(next.key)]).toEqual([200, 200]);
    travel(1_000);
    expect([await statusWith(old.key), await statusWith(next.key)]).toEqual([401, 200]);
  });

  it("that is rolled without overlap dies at once", async () => {
    const old = await newKey(merchantId);
    expect(await statusWith(old.key)).toBe(200);
    const next = await jsonOf<NewKey>(await roll(merchantId, old.id, { overlap_s: 0 }));
    expect([await statusWith(old.key), await statusWith(next.key)]).toEqual([401, 200]);
    await expectRefusal(await roll(merchantId, old.id), "api_key_not_found");
  });

  it("dies on time while it is remembered, to the second", async () => {
    const old = await newKey(merchantId);
    await roll(merchantId, old.id, { overlap_s: 5 });
    expect(await statusWith(old.key)).toBe(200);
    travel(5_001); // Less than a key is remembered.
    expect(await statusWith(old.key)).toBe(401);
  });

  it("is not rolled twice, so it never lives longer, and lives shorter when it is revoked", async () => {
    const old = await newKey(merchantId);
    await roll(merchantId, old.id, { overlap_s: 60 });
    const ends = async () => (await listed(merchantId)).find(({ id }) => id === old.id)?.expires_at;
    const first = await ends();
    const again = await roll(merchantId, old.id, { overlap_s: 604_800 });
    await expectRefusal(again, "api_key_rolled");
    expect(await ends()).toBe(first);
    await revoke(merchantId, old.id);
    expect(Date.parse((await ends()) ?? "")).toBeLessThanOrEqual(Date.now());
    expect(await statusWith(old.key)).toBe(401);
  });

  it("stays as it is when the order to roll it is not understood", async () => {
    const { id, key } = await newKey(merchantId);
    const path = `${keysOf(merchantId)}/${id}/roll`;
    const json = { "Content-Type": "application/json" };
    const before = await listed(merchantId);
    for (const overlap of ["-1", "1.5", "604801", '"5"', "null", "1e309", "[]"]) {
      const body = `{"overlap_s":${overlap}}`;
      const response = await ask(path, { key: env.ADMIN_TOKEN, body, headers: json });
      const said = await expectRefusal(response, "invalid_request", overlap);
      expect(pointersOf(said)).toEqual(["#/overlap_s"]);
    }
    const unknown = await roll(merchantId, id, { overlap: 0 });
    expect(pointersOf(await expectRefusal(unknown, "invalid_request"))).toEqual(["#/overlap"]);
    const broken = await ask(path, { key: env.ADMIN_TOKEN, body: "{", headers: json });
    await expectRefusal(broken, "malformed_json");
    expect(await listed(merchantId)).toEqual(before);
    expect(await statusWith(key)).toBe(200);
  });

  it("does not live on for a day because the order to end it now lacks a media type", async () => {
    const { id, key } = await newKey(merchantId);
    const path = `${keysOf(merchantId)}/${id}/roll`;
    const response = await ask(path, { key: env.ADMIN_TOKEN, body: '{"overlap_s":0}' });
    if (response.status === 201) expect(await statusWith(key)).toBe(401);
    else await expectRefusal(response, "unsupported_media_type");
  });

  it("may be rolled by a client that names a media type and sends nothing", async () => {
    const { id } = await newKey(merchantId);
    const response = await ask(`${keysOf(merchantId)}/${id}/roll`, {
      method: "POST",
      key: env.ADMIN_TOKEN,
      headers: { "Content-Type": "application/json" },
    });
    expect(response.status).toBe(201);
  });

  it("of another merchant cannot be rolled or revoked", async () => {
    const other = await newKey((await newClient()).merchant_id);
    for (const id of [other.id, "key_none", "%00", "'--"]) {
      await expectRefusal(await roll(merchantId, id, {}), "api_key_not_found");
      await expectRefusal(await revoke(merchantId, id), "api_key_not_found");
    }
    expect(await statusWith(other.key)).toBe(200);
  });
});

describe("while D1 does not answer", () => {
  const fault = () => new Error(`${CANARY} fault`);
  const database = (fate: () => unknown): Bindings => {
    const statement = { bind: () => statement, raw: fate, all: fate, run: fate, first: fate };
    return { DB: { prepare: () => statement, batch: fate, exec: fate } };
  };
  const throwing: Bindings = {
    DB: {
      prepare() {
        throw fault();
      },
    },
  };
  const failing = database(() => Promise.reject(fault()));
  const hanging = database(() => new Promise(() => {}));
  /** Each with how much of what it is asked never answers. */
  const OUTAGES: [string, Bindings, 0 | 1][] = [
    ["throws", throwing, 0],
    ["fails", failing, 0],
    ["hangs", hanging, 1],
  ];

  const acted = (key: string, id: string, action: string, bindings: Bindings) =>
    ask(`${TRANSACTIONS}/${id}/${action}`, { method: "POST", key, env: bindings });

  it.each(OUTAGES)("because it %s, a key seen before still pays", async (_, down, hangs) => {
    const client = await newClient();
    const known = await client.created({ user_id: "regular" });
    travel(KEY_FRESH_MS + 1);
    const waits = await endHanging("d1/query", hangs, async () => {
      const sent = { user_id: freshKey("user"), amount: 1 };
      const made = await ask(TRANSACTIONS, {
        key: client.key,
        env: down,
        body: JSON.stringify(sent),
        headers: { "Content-Type": "application/json", "Idempotency-Key": freshKey(CANARY) },
      });
      expect(made.status).toBe(201);
      const { id, idempotency_key } = await jsonOf<Transaction>(made);
      expect((await acted(client.key, id, "process", down)).status).toBe(200);
      expect((await acted(client.key, known.id, "cancel", down)).status).toBe(200);
      for (const path of [`${TRANSACTIONS}/${id}`, `${TRANSACTIONS}/${id}/events`]) {
        expect((await ask(path, { key: client.key, env: down })).status).toBe(200);
      }
      const byKey = `/api/v1/idempotency-keys/${idempotency_key}`;
      const found = await ask(byKey, { key: client.key, env: down });
      expect(await jsonOf(found)).toMatchObject({ id, status: "completed" });
    });
    // Only the first of the six requests waits for D1.
    expect(waits).toBe(hangs);
  });

  it.each(OUTAGES)(
    "because it %s, an unknown key is told to wait, not to go",
    async (_, down, hangs) => {
      const { key } = await newKey(shop.merchant_id);
      for (const unknown of [key, drawnKey()]) {
        const waits = await endHanging("d1/query", hangs, async () => {
          await expectRefusal(await ask(TRANSACTIONS, { key: unknown, env: down }), "unavailable");
        });
        expect(waits).toBe(hangs);
      }
      await expectRefusal(await ask(TRANSACTIONS, { key: "sk_no", env: down }), "api_key_invalid");
      await expectRefusal(await ask(TRANSACTIONS, { env: down }), "api_key_missing");
      await expectRefusal(await ask(MERCHANTS, { key, env: down }), "admin_token_invalid");
      expect(await statusWith(key)).toBe(200);
      expect(await statusWith(drawnKey())).toBe(401);
    },
  );

  it.each(OUTAGES)(
    "because it %s, what only D1 knows is unavailable, in time",
    async (_, down, hangs) => {
      expect(await statusWith(shop.key)).toBe(200);
      const before = await listed(shop.merchant_id);
      const at = keysOf(shop.merchant_id);
      const one = `${at}/${shop.key_id}`;
      let responses: Response[] = [];
      const waits = await endHanging("d1/query", 8 * hangs, async () => {
        responses = await Promise.all([
          ask(TRANSACTIONS, { key: shop.key, env: down }),
          ask("/api/v1/events", { key: shop.key, env: down }),
          asAdmin(MERCHANTS, undefined, "GET", down),
          asAdmin(MERCHANTS, { name: "Never made" }, "POST", down),
          asAdmin(at, undefined, "GET", down),
          asAdmin(at, {}, "POST", down),
          asAdmin(`${one}/roll`, {}, "POST", down),
          asAdmin(one, undefined, "DELETE", down),
        ]);
      });
      for (const response of responses) await expectRefusal(response, "unavailable");
      expect(waits).toBe(8 * hangs);
      expect(await listed(shop.merchant_id)).toEqual(before);
      expect(await statusWith(shop.key)).toBe(200);
    },
  );

  it("known keys wait for it once and not with every request", async () => {
    const client = await newClient();
    const { id } = await client.created();
    travel(KEY_FRESH_MS + 1);
    let asked = 0;
    const counting = database(() => {
      asked += 1;
      return Promise.reject(fault());
    });
    const find = () => ask(`${TRANSACTIONS}/${id}`, { key: client.key, env: counting });
    for (let request = 0; request < 10; request++) expect((await find()).status).toBe(200);
    expect(asked).toBe(1);
    travel(10_000);
    expect((await find()).status).toBe(200);
    expect(asked).toBe(2);
  });

  it("no key is taken for fresh that was seen in the future", async () => {
    travel(DAY_MS);
    const client = await newClient();
    const { id } = await client.created();
    travel(-DAY_MS);
    const find = (down: Bindings) => ask(`${TRANSACTIONS}/${id}`, { key: client.key, env: down });
    await expectRefusal(await find(failing), "unavailable");
    expect((await find({})).status).toBe(200);
  });

  it("a key is trusted for a limited time", async () => {
    travel(0);
    const client = await newClient();
    const { id } = await client.created();
    const find = () => ask(`${TRANSACTIONS}/${id}`, { key: client.key, env: failing });
    travel(KEY_STALE_MS - 1_000);
    expect((await find()).status).toBe(200);
    travel(2_000);
    await expectRefusal(await find(), "unavailable");
  });

  it("a key that was revoked or has expired here is not let in", async () => {
    travel(0);
    const revoked = await newKey(shop.merchant_id);
    expect(await statusWith(revoked.key)).toBe(200);
    await revoke(shop.merchant_id, revoked.id);
    const response = await ask(TRANSACTIONS, { key: revoked.key, env: failing });
    expect([401, 503]).toContain(response.status);

    const rolled = await newKey(shop.merchant_id);
    await roll(shop.merchant_id, rolled.id, { overlap_s: 60 });
    expect(await statusWith(rolled.key)).toBe(200);
    travel(61_000);
    const late = await ask(TRANSACTIONS, { key: rolled.key, env: failing });
    await expectRefusal(late, "api_key_invalid");
  });

  it("scopes hold", async () => {
    const reader = await newKey(shop.merchant_id, { scopes: ["transactions:read"] });
    expect(await statusWith(reader.key)).toBe(200);
    travel(KEY_FRESH_MS + 1);
    const path = `${TRANSACTIONS}/txn_${"a".repeat(26)}`;
    const known = await ask(path, { key: reader.key, env: failing });
    await expectRefusal(known, "transaction_not_found");
    const refused = await acted(reader.key, `txn_${"a".repeat(26)}`, "cancel", failing);
    await expectRefusal(refused, "scope_missing");
  });

  it("nothing is left of it once it is back", async () => {
    const client = await newClient();
    travel(KEY_FRESH_MS + 1);
    await endHanging("d1/query", 1, async () => {
      const refused = await ask(TRANSACTIONS, { key: drawnKey(), env: hanging });
      await expectRefusal(refused, "unavailable");
    });
    expect(await statusWith(client.key)).toBe(200);
    expect(await statusWith(drawnKey())).toBe(401);
    const fresh = await newKey(client.merchant_id);
    expect(await statusWith(fresh.key)).toBe(200);
    await revoke(client.merchant_id, fresh.id);
    expect(await statusWith(fresh.key)).toBe(401);
  });

  it("the objects write the book later: payments go on, and lists show them again", async () => {
    const client = await newClient();
    await env.DB.exec("ALTER TABLE events RENAME TO events_gone");
    let id = "";
    try {
      const made = await create(client.key);
      expect(made.status).toBe(201);
      ({ id } = await jsonOf<Transaction>(made));
      const list = await ask(TRANSACTIONS, { key: client.key });
      if (list.status !== 200) await expectRefusal(list, "unavailable");
    } finally {
      await env.DB.exec("ALTER TABLE events_gone RENAME TO events");
    }
    const shown = async () =>
      (await jsonOf<{ data: Transaction[] }>(await ask(TRANSACTIONS, { key: client.key }))).data;
    await until(async () => (await shown()).length === 1);
    expect(await shown()).toMatchObject([{ id, status: "pending" }]);
  });
});

describe("many callers at once", () => {
  it("with a key that this isolate has forgotten are all let in, and none with a dead one", async () => {
    const { id, key } = await newKey(shop.merchant_id);
    forgetKeys();
    const all = () => Promise.all(Array.from({ length: 50 }, () => statusWith(key)));
    expect(new Set(await all())).toEqual(new Set([200]));
    await revoke(shop.merchant_id, id);
    expect(new Set(await all())).toEqual(new Set([401]));
  });

  it("cannot make the isolate remember keys that do not exist", async () => {
    const key = drawnKey();
    expect(await statusWith(key)).toBe(401);
    const broken = {
      prepare() {
        throw new Error("asked");
      },
    };
    const { status } = await app.fetch(
      new Request(`${BASE}${TRANSACTIONS}`, { headers: { Authorization: `Bearer ${key}` } }),
      { ...env, DB: broken } as unknown as typeof env,
    );
    expect(status).toBe(503);
  });
});

describe("in this whole file", () => {
  it("the log gave nothing away", () => {
    expectQuietLogs();
  });

  it("no answer was one that openapi.json does not mention", () => {
    expect(undocumentedAnswers()).toEqual([]);
  });
});
