/** Every page and action of the console while something that it needs fails: none is a fault of its own, and none shows
 *  what failed inside. */
import { beforeAll, describe, expect, it } from "vitest";
import { console as consoleApp } from "../../../src/console/app";
import { type Client, newClient } from "../../support/api";
import { newVisitor, Visitor } from "../../support/console";
import type { Bindings } from "../../support/contract";
import { env } from "../../support/env";

const INSIDE = "stub of an inner part has failed";

/** An object whose every method fails when its result is awaited. */
function failing(error = new Error(INSIDE)): never {
  const get = (_: object, name: string | symbol) =>
    name === "then" ? undefined : () => Promise.reject(error);
  return new Proxy({}, { get }) as never; // Has every member that is called.
}

function failingD1(): Bindings {
  const statement = Object.assign(Object.create(failing()), { bind: () => statement });
  return { DB: { prepare: () => statement, batch: () => Promise.reject(new Error(INSIDE)) } };
}

/** As workerd says that an object has too many requests, or could not be reached. */
const outOfReach = () => failing(Object.assign(new Error(INSIDE), { overloaded: true }));

/** What fails, the status of pages that cannot do without it, and one of these. */
const FAULTS: [name: string, bindings: Bindings, status: number, route: string][] = [
  ["D1 fails", failingD1(), 503, "/console/risk/versions"],
  [
    "the owners of payments are out of reach",
    { TRANSACTIONS: { getByName: outOfReach } },
    503,
    "/console/payments/:id",
  ],
  [
    "the dispatchers of webhooks fail",
    { WEBHOOKS: { getByName: outOfReach } },
    503,
    "/console/webhooks",
  ],
];

const ROUTES = consoleApp.routes.filter(({ method }) => ["GET", "POST"].includes(method));
const FIELDS = {
  ...{ version: "3", key: `console_${"a".repeat(26)}`, confirm: "yes", amount: "1.00", reason: "" },
  ...{ once: "a".repeat(32), url: "https://receiver.example/", events: "*", name: "A name" },
  ...{ default_currency: "USD", scopes: "risk:read", overlap_s: "0", expires_in_seconds: "0" },
  ...{ since: "2026-01-01T00:00:00", progress: "pending 0", note: "", rules: "{}" },
};

let client: Client;
/** Whose key the operator revokes. */
let other: Client;
let merchant: Visitor;
let operator: Visitor;
let ids: Record<string, string>;

beforeAll(async () => {
  client = await newClient();
  other = await newClient();
  const { id } = await client.created();
  await client.post(`/api/v1/transactions/${id}/process`);
  const made = await client.ask("POST", "/api/v1/webhook-endpoints", {
    url: "https://receiver.example/",
    events: ["*"],
  });
  const endpoint = ((await made.json()) as { id: string }).id;
  ids = { payments: id, reviews: id, endpoints: endpoint, secrets: endpoint };
  merchant = await newVisitor(client.key);
  operator = await newVisitor(env.ADMIN_TOKEN);
});

/** A path that a route matches, with ids that exist where there are some. */
function pathOf(route: string): string {
  return route
    .replace(/:decision\{[^}]*\}/, "approve")
    .replace(/:version\{[^}]*\}\}?/, "1")
    .replace(":key_id", other.key_id)
    .replace(/(\w+)\/:id/, (_, part: string) => `${part}/${ids[part] ?? other.merchant_id}`)
    .replace(/:\w+(\{[^}]*\})?/g, "x");
}

/** @returns the statuses of all pages */
async function visitAll(visitor: Visitor, bindings: Bindings): Promise<Set<number>> {
  const statuses = new Set<number>();
  for (const { method, path } of ROUTES) {
    // A sign-out would end the test, and assets are no pages.
    if (path.endsWith("/sign-out") || path.includes("assets")) continue;
    const { cookie } = visitor;
    const own = pathOf(path);
    const sent = { env: bindings, showsKey: true };
    const page = await (method === "GET"
      ? visitor.get(own, sent)
      : visitor.post(own, FIELDS, sent));
    visitor.cookie = cookie;
    expect.soft(page.status, `${method} ${path}`).not.toBe(500);
    expect.soft(page.text, `${method} ${path}`).not.toMatch(/has failed|\bat \S+\.tsx?:/);
    statuses.add(page.status);
  }
  return statuses;
}

describe.each(FAULTS)("while %s", (name, bindings, status, route) => {
  it("No page and no action of a merchant is a fault, or shows one", async () => {
    expect(await visitAll(merchant, bindings)).toContain(status);
  });

  it("No page and no action of the operator is a fault, or shows one", async () => {
    const statuses = await visitAll(operator, bindings);
    if (name === "D1 fails") expect(statuses).toContain(status);
  });

  it("A page that is refused for now has Retry-After", async () => {
    const page = await merchant.get(pathOf(route), { env: bindings });
    expect([page.status, page.headers.get("Retry-After")]).toEqual([503, "2"]);
  });
});

it("When the quota is used up each page, each action and the sign-in say so", async () => {
  const limited = { RATE_LIMIT_REQUESTS: "20", RATE_LIMIT_LISTS: "20" };
  const { key } = await newClient();
  const visitor = new Visitor();
  await visitor.signIn(key, { env: limited });
  for (let sent = 0; sent < 20; sent += 1) await visitor.get("/console/risk", { env: limited });
  expect(await visitAll(visitor, limited)).toContain(429);
  const page = await visitor.get("/console/payments", { env: limited });
  expect([page.status, page.text]).toEqual([429, expect.stringContaining("Quota exceeded")]);
  const signIn = await new Visitor().post(
    "/console/sign-in",
    { credential: key },
    { env: limited },
  );
  expect([signIn.status, signIn.text]).toEqual([429, expect.stringContaining("Quota exceeded")]);
  for (const { headers } of [page, signIn])
    expect(Number(headers.get("Retry-After"))).toBeGreaterThan(0);
});
