/** Routes, methods and headers of the whole API. */
import { describe, expect, it } from "vitest";
import { app } from "../../../src/api/app";
import type { Transaction as TransactionBody } from "../../../src/domain/transaction/transaction";
import { newClient, TRANSACTIONS } from "../../support/api";
import {
  ask,
  checkWholeFile,
  expectRefusal,
  jsonOf,
  operations,
  textOf,
} from "../../support/contract";
import { env } from "../../support/env";
import {
  body,
  canaryKey,
  create,
  DELIVERIES,
  ENDPOINTS,
  get,
  LISTS,
  shop,
} from "../../support/shop";

const ERASURES = "/api/v1/erasures";

function keyFor(path: string, isAdmins: boolean, eraser: string): string {
  if (path.startsWith(ERASURES)) return eraser;
  return isAdmins ? env.ADMIN_TOKEN : shop.key;
}

describe("an address", () => {
  /** Every route that the app has, and its methods. */
  const routes = new Map<string, Set<string>>();
  for (const { path, method } of app.routes) {
    if (method === "ALL") continue;
    routes.set(path, (routes.get(path) ?? new Set()).add(method));
  }
  const filled = (pattern: string) =>
    pattern.replace(":code", "not_found").replace(":file", "swagger-ui.css").replace(/:\w+/g, "x");

  it("Every route under /api is documented", () => {
    const own = [...routes].flatMap(([path, methods]) =>
      [...methods].map((one) => `${one} ${path}`),
    );
    const documented = operations.map(
      ({ method, path }) => `${method} ${path.replace(/\{(\w+)\}/g, ":$1")}`,
    );
    expect(documented.sort()).toEqual(own.filter((route) => /\/(api|health)/.test(route)).sort());
  });

  it("An unknown address is 404 for every method, with or without a key", async () => {
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

  /** The methods of an address: `/transactions/batch` is also the form of `/transactions/:id`. */
  function methodsAt(path: string): Set<string> {
    const same = [...routes].filter(([pattern]) =>
      new RegExp(`^${pattern.replace(/:\w+/g, "[^/]+")}$`).test(path),
    );
    return new Set(same.flatMap(([, methods]) => [...methods]));
  }

  it.each([...routes])("%s answers 405 to other methods, and names its own", async (path) => {
    const methods = methodsAt(path);
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
  });

  it("An address means the same with a trailing slash", async () => {
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
    const refund = await jsonOf<{ id: string }>(await shop.refund(id));
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
    const { key: eraser } = await newClient(["customers:erase"]);
    const erasing = await ask("/api/v1/customers/nobody/", { method: "DELETE", key: eraser });
    const erasure = await jsonOf<{ id: string }>(erasing);
    const object = "segments/shard-0/00000001-0123456789abcdef.json";
    await env.ARCHIVE?.put(object, "{}");
    for (const [path, methods] of routes) {
      if (!methods.has("GET") || path.endsWith(":file")) continue;
      // These report the current state, so no two responses are equal.
      if (path === "/health/ready" || path === "/metrics" || path === "/") continue;
      // Only of deployments with Stripe.
      if (path.includes("/reconciliation/")) continue;
      const isArchive = path.includes("/archive/");
      const isAdmins = /\/(merchants|operations\/books)\b/.test(path) || isArchive;
      const names: Record<string, string> = { key, code: "not_found", id };
      if (isAdmins) names.id = shop.merchant_id;
      if (isArchive) names.key = encodeURIComponent(object);
      if (path.startsWith("/api/v1/refunds")) names.id = refund.id;
      if (path.startsWith(ENDPOINTS)) names.id = hook.id;
      if (path.startsWith(DELIVERIES)) names.id = tested.id;
      if (path.startsWith(LISTS)) names.id = entry.id;
      if (path.startsWith(ERASURES)) names.id = erasure.id;
      const at = path.replace(/:(\w+)/g, (_, name: string) => names[name] ?? "");
      const asked = { key: keyFor(path, isAdmins, eraser) };
      const [bare, slashed] = [await ask(at, asked), await ask(`${at}/?`, asked)];
      expect([path, bare.status, slashed.status]).toEqual([path, 200, 200]);
      expect(await textOf(slashed)).toBe(await textOf(bare));
    }
  });

  const NO_IDS = `x txn_ txn_${"a".repeat(25)} txn_${"a".repeat(27)} txn_${"A".repeat(26)} ..%2f %00 %
    txn_${"1".repeat(26)} evt_${"a".repeat(26)} txn_${"a".repeat(26)}%00 %20txn_${"a".repeat(26)} '--
    __proto__ shard-0 🎉 ${"a".repeat(5_000)}`;
  it("An id of another form is no transaction", async () => {
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

  it("A response has headers of its own and none of earlier responses, in any order", async () => {
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

checkWholeFile();
