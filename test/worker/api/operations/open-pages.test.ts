/** The pages that need no API key: health, readiness, the docs; and the rebuild of the book. */
import { describe, expect, it } from "vitest";
import { BASE, newClient, TRANSACTIONS } from "../../../support/api";
import {
  ask,
  type Bindings,
  checkWholeFile,
  expectRefusal,
  jsonOf,
  textOf,
} from "../../../support/contract";
import { env } from "../../../support/env";
import { eventually } from "../../../support/eventually";
import { faulty, REBUILD, raising } from "../../../support/shop";
import { endHanging } from "../../../support/with-timeout";

describe("the open pages", () => {
  it("The health page says that the Worker is running", async () => {
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
  ])(
    "The readiness page says whether payments can be accepted, in time: %s",
    async (expected, hanging, bindings) => {
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
    },
  );

  it("The readiness page says that a changed shard count stops payments", async () => {
    await newClient().then((client) => client.get(TRANSACTIONS)); // Has the count written down.
    const response = await ask("/health/ready", { env: { TRANSACTION_SHARDS: "8" } });
    const said = { status: "unready", shard_count: "changed", shards: { asked: 8, answered: 8 } };
    expect([response.status, await response.json()]).toMatchObject([503, said]);
  });

  it("The readiness page adds up the shards' numbers, and is degraded when charges stay open", async () => {
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

  it("A rebuild is started on all shards, or fails if one does not respond", async () => {
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

  it("The readiness page shows the delay of D1 and of the webhooks, and that there is no stream", async () => {
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

  it("The docs load nothing from other sites", async () => {
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

  it("A browser with a cached file of the docs gets the file or a 304, not a 404", async () => {
    const fetch = async ({ headers }: Request) =>
      headers.has("If-None-Match") ? new Response(null, { status: 304 }) : new Response("file");
    const headers = { "If-None-Match": '"1"' };
    const response = await ask("/docs-assets/swagger-ui.css", {
      headers,
      env: { ASSETS: { fetch } },
    });
    expect([200, 304]).toContain(response.status);
  });

  it("The docs have no files where none were deployed", async () => {
    const bindings = { ASSETS: undefined };
    await expectRefusal(await ask("/docs-assets/swagger-ui.css", { env: bindings }), "not_found");
  });
});

checkWholeFile();
