/** Which credential each route needs, and which requests it lets in. */
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { app } from "../../../../src/api/app";
import { forgetKeys } from "../../../../src/api/middleware/authenticate";
import { SCOPES } from "../../../../src/domain/identity/api-key";
import type { Transaction } from "../../../../src/domain/transaction/transaction";
import { BASE, freshKey, TRANSACTIONS } from "../../../support/api";
import {
  type Asked,
  ask,
  type Bindings,
  CANARY,
  checkWholeFile,
  expectRefusal,
  jsonOf,
  operations,
  type Route,
  textOf,
} from "../../../support/contract";
import { env } from "../../../support/env";
import {
  drawnKey,
  listed,
  MERCHANTS,
  newKey,
  revoke,
  roll,
  shop,
  statusWith,
} from "../../../support/merchants-api";

afterEach(() => {
  vi.useRealTimers();
  forgetKeys(); // What was remembered in another time.
});

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
  /** What would do something, if the caller were let in. */
  const sending = (route: Route): Asked =>
    route.method === "POST"
      ? {
          method: "POST",
          body: route.operation.requestBody ? JSON.stringify({ user_id: "u", amount: 1 }) : "{}",
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

  it("Every route that openapi.json does not declare open requires a credential", () => {
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

  it.each(behind("api_key"))("A route requires a valid API key: %s", async (_, route) => {
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

  it.each(behind("admin_token"))("A route requires the admin token: %s", async (_, route) => {
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

  it("A refused credential has changed nothing", async () => {
    expect(await statusWith(shop.key)).toBe(200);
    expect(await shop.find(transaction.id)).toEqual(transaction);
    const all = await jsonOf<{ data: unknown[] }>(await ask(TRANSACTIONS, { key: shop.key }));
    expect(all.data).toEqual([transaction]);
    expect(await listed(shop.merchant_id)).toHaveLength(4);
  });

  it("A credential's scheme may have any letter case and be followed by blanks", async () => {
    for (const scheme of ["bearer", "BEARER", "Bearer  "]) {
      const headers = { Authorization: `${scheme} ${shop.key} ` };
      expect((await ask(TRANSACTIONS, { headers })).status).toBe(200);
      const admin = { Authorization: `${scheme} ${env.ADMIN_TOKEN}` };
      expect((await ask(MERCHANTS, { headers: admin })).status).toBe(200);
    }
  });

  it("A credential is checked before everything else in the request", async () => {
    const body = "x".repeat(100_000);
    await expectRefusal(await ask(TRANSACTIONS, { body }), "api_key_missing");
    await expectRefusal(await ask(`${TRANSACTIONS}?limit=x`), "api_key_missing");
    await expectRefusal(await ask(`${MERCHANTS}/none/api-keys`, { body }), "admin_token_invalid");
  });

  it("A credential permits what its scopes name, and nothing else", async () => {
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
    const isErasure = ({ path }: Route) => /\/(customers|erasures)\b/.test(path);
    const scopeOf = (route: Route) =>
      isErasure(route)
        ? "customers:erase"
        : `${areaOf(route)}:${isQuestion(route) ? "read" : "write"}`;
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
      // Let in: 409 when it was processed before it is cancelled, 400 and 404 for what is not a webhook's, a list's,
      // a batch's, a capture's or a refund's.
      const isOther = /\/(batch|capture|refunds)\b/.test(route.path);
      const isPlain = scopeOf(route).startsWith("transactions") && !isOther;
      const expected = isPlain ? [200, 201, 409] : [200, 202, 400, 404, 415];
      expect(expected, name).toContain(status);
    }
  });
});

describe("many callers at once", () => {
  it("Concurrent requests with a valid key that is not cached are all accepted, and none with an invalid one", async () => {
    const { id, key } = await newKey(shop.merchant_id);
    forgetKeys();
    const all = () => Promise.all(Array.from({ length: 50 }, () => statusWith(key)));
    expect(new Set(await all())).toEqual(new Set([200]));
    await revoke(shop.merchant_id, id);
    expect(new Set(await all())).toEqual(new Set([401]));
  });

  it("Requests with invalid keys do not fill the isolate's cache", async () => {
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

checkWholeFile();
