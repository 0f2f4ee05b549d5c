/** The routes of erasures: who may call them, which customers a path can name, and what the log has of it. */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { newClient } from "../../../support/api";
import {
  ask,
  checkWholeFile,
  expectRefusal,
  jsonOf,
  logOf,
  parametersOf,
} from "../../../support/contract";
import { env } from "../../../support/env";
import {
  completed,
  customerPath,
  type ErasureBody,
  newEraser,
} from "../../../support/erasure/erasing";

const client = await newEraser();
const erase = (path: string, key = client.key) => ask(path, { method: "DELETE", key });
const canary = "canary-5b1f";

describe("erasing a customer", () => {
  it("A key needs the scope, which it has only when it was named", async () => {
    const { key } = await newClient();
    await expectRefusal(await erase(customerPath("user_1"), key), "scope_missing");
    const id = `era_${"a".repeat(26)}`;
    await expectRefusal(await ask(`/api/v1/erasures/${id}`, { key }), "scope_missing");
  });

  it.each(["user_1", "a/b", "100%", "%2525", "ü ö", "🎉", "a?b#c", "..a", "a+b", "x".repeat(128)])(
    "The customer in a path is the one that was encoded: %s",
    async (userId) => {
      const begun = await erase(customerPath(userId));
      expect(begun.status).toBe(202);
      const erasure = await jsonOf<ErasureBody>(begun);
      expect(erasure.user_id).toBe(userId);
      expect(begun.headers.get("Location")).toBe(`/api/v1/erasures/${erasure.id}`);
    },
  );

  it.each([
    ["x".repeat(129), "invalid_request"],
    ["a%00b", "invalid_request"],
    ["%ff", "invalid_request"],
    ["100%", "invalid_request"],
    ["4242424242424242", "card_number_refused"],
  ] as const)("A path with %s is refused and names the field", async (segment, code) => {
    const refused = await expectRefusal(await erase(`/api/v1/customers/${segment}`), code);
    expect(parametersOf(refused)).toEqual(["user_id"]);
  });

  it.each(["", ".", "..", "%2e", "%2e%2e"])(
    "A path without a customer is not found: /%s",
    async (end) => {
      expect((await client.ask("DELETE", `/api/v1/customers/${end}`)).status).toBe(404);
    },
  );

  it("Counts as 100 requests, of which none is left for a second one", async () => {
    const { key } = await newEraser();
    const limits = { RATE_LIMIT_REQUESTS: "150", RATE_LIMIT_LISTS: "0" };
    const begin = () => ask(customerPath("user_1"), { method: "DELETE", key, env: limits });
    const begun = await begin();
    expect(begun.status).toBe(202);
    expect(begun.headers.get("RateLimit")).toContain('"requests";r=50;');
    await expectRefusal(await begin(), "rate_limited");
  });

  it("Another method is not allowed", async () => {
    await expectRefusal(
      await ask(customerPath("user_1"), { key: client.key }),
      "method_not_allowed",
    );
  });

  it("The log has the pattern of the path and the erasure, and never the customer", async () => {
    const begun = await erase(customerPath(canary));
    const [line] = logOf(begun.headers.get("Request-Id"));
    expect(line).toMatchObject({ route: "/api/v1/customers/:user_id", status: 202 });
    await completed(client, await jsonOf<ErasureBody>(begun));
  });

  it("A deployment whose erasures do not respond refuses with 503", async () => {
    const ERASURES = { getByName: () => ({ start: () => Promise.reject(new Error(canary)) }) };
    const asked = { method: "DELETE", key: client.key, env: { ERASURES } };
    await expectRefusal(await ask(customerPath("user_1"), asked), "unavailable");
  });
});

describe("an erasure", () => {
  it("Only its merchant finds it, also when it is complete", async () => {
    const erasure = await jsonOf<ErasureBody>(await erase(customerPath("nobody")));
    const other = await newEraser();
    const path = `/api/v1/erasures/${erasure.id}`;
    await expectRefusal(await ask(path, { key: other.key }), "erasure_not_found");
    expect(await completed(client, erasure)).toMatchObject({
      ...{ id: erasure.id, user_id: null, transactions_erased: 0, transactions_waiting: 0 },
      created_at: erasure.created_at,
    });
    await expectRefusal(await ask(path, { key: other.key }), "erasure_not_found");
  });

  it.each([`era_${"a".repeat(26)}`, "era_", `era_${"A".repeat(26)}`, "txn_a", "..%2f", "%"])(
    "There is none with the id %s",
    async (id) => {
      const path = `/api/v1/erasures/${id}`;
      await expectRefusal(await ask(path, { key: client.key }), "erasure_not_found");
    },
  );

  it("An object that is asked for one which does not exist stores nothing", async () => {
    const name = `era_${"b".repeat(26)}`;
    const stub = env.ERASURES.getByName(name);
    expect(await stub.find(client.merchant_id)).toBeUndefined();
    const tables = await runInDurableObject(stub, (_, { storage: { sql } }) =>
      sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'").toArray(),
    );
    expect(tables).toEqual([]);
  });
});

checkWholeFile();
