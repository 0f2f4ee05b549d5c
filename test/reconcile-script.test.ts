/** `npm run reconcile`: walks all pages of an API, prints what it finds, and ends with the right code. */
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import { HELP, readOptions } from "../scripts/reconcile/options";
import { Interrupted, readPages } from "../scripts/reconcile/pages";
import { differenceTable } from "../scripts/reconcile/table";
import { type Fake, sendJson, serve } from "./support/http-server";

const TOKEN = "an-admin-token";
const RANGE = ["--from", "2026-11-22T00:00:00Z", "--to", "2026-11-23T00:00:00Z"];
const difference = (more: object = {}) => ({
  ...{ kind: "amount", transaction_id: "txn_a", refund_id: null, processor_reference: "pi_1" },
  ...{ ours: "1250 USD", theirs: "1200 USD" },
  ...more,
});
const compared = { balance_transactions: 1, payments: 2, refunds: 3 };

let fake: Fake | undefined;
afterEach(() => fake?.close());

type Answer = [status: number, body: unknown];

/** An API that gives the answers in turn, the last one for all further requests. */
async function startApi(...answers: Answer[]) {
  const queries: URLSearchParams[] = [];
  fake = await serve(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
    const isAllowed =
      request.headers.authorization === `Bearer ${TOKEN}` &&
      pathname === "/api/v1/operations/reconciliation/stripe";
    queries.push(searchParams);
    const [status, body] = answers[Math.min(queries.length, answers.length) - 1] ?? [404, {}];
    if (status === 0) return void response.destroy();
    sendJson(response, isAllowed ? status : 401, isAllowed ? body : { detail: "Wrong token." });
  });
  return { url: fake.url, queries };
}

const page = (data: object[], next_cursor: string | null): Answer => [
  200,
  { data, compared, has_more: next_cursor !== null, next_cursor },
];

async function run(url: string, ...args: string[]) {
  const child = spawn(
    process.execPath,
    ["scripts/reconcile.ts", "stripe", "--url", url, "--token", TOKEN, ...RANGE, ...args],
    { cwd: `${import.meta.dirname}/..` },
  );
  const [out, err] = [text(child.stdout), text(child.stderr)];
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, out: await out, err: await err };
}

describe("the command", () => {
  it("It ends with 0 when there are no differences on any page", async () => {
    const { url, queries } = await startApi(page([], "one"), page([], "two"), page([], null));
    const { code, out } = await run(url);
    expect(code).toBe(0);
    expect(out).toContain("3 balance transactions, 6 payments, 9 refunds\nDifferences: 0");
    expect(queries.map((query) => query.get("cursor"))).toEqual([null, "one", "two"]);
    for (const query of queries) {
      expect(query.get("from")).toBe("2026-11-22T00:00:00Z");
      expect(query.get("to")).toBe("2026-11-23T00:00:00Z");
      expect(query.get("limit")).toBe("20");
    }
  });

  it("It prints every difference in a table and ends with 1", async () => {
    const second = difference({ kind: "missing_there", theirs: null });
    const { url } = await startApi(page([difference()], "one"), page([second], null));
    const { code, out } = await run(url);
    expect(code).toBe(1);
    expect(out).toContain("Differences: 2");
    expect(out).toMatch(/^amount +txn_a +pi_1 +1250 USD +1200 USD$/m);
    expect(out).toMatch(/^missing_there +txn_a +pi_1 +1250 USD +-$/m);
  });

  it("It prints one JSON document with --json", async () => {
    const { url } = await startApi(page([difference()], null));
    const { code, out } = await run(url, "--json");
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual({
      from: "2026-11-22T00:00:00Z",
      to: "2026-11-23T00:00:00Z",
      finished: true,
      compared,
      differences: [difference()],
    });
  });

  it("It ends with 2 when it is refused, and says how to go on", async () => {
    const refusal: Answer = [400, { detail: "cursor is not a valid cursor." }];
    const { url } = await startApi(page([difference()], "one"), refusal);
    const { code, out, err } = await run(url);
    expect(code).toBe(2);
    expect(out).toContain("Differences: 1");
    expect(err).toContain("400 cursor is not a valid cursor.");
    expect(err).toContain("--from 2026-11-22T00:00:00Z --to 2026-11-23T00:00:00Z --cursor one");
    expect(err + out).not.toContain(TOKEN);
  });

  it("It begins after a given cursor", async () => {
    const { url, queries } = await startApi(page([], null));
    expect((await run(url, "--cursor", "one")).code).toBe(0);
    expect(queries[0]?.get("cursor")).toBe("one");
  });
});

/** All items, or the fault of one. */
async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe("a page", () => {
  const optionsOf = (url: string) => {
    const options = readOptions(["stripe", "--url", url, "--token", TOKEN, ...RANGE], {}, 0);
    if (!options) throw new Error("no options");
    return options;
  };

  it("A page is requested again while the API is busy or does not respond", async () => {
    const answers: Answer[] = [
      [503, { detail: "Stripe does not respond." }],
      [429, {}],
      [0, {}],
      page([difference()], null),
    ];
    const { url, queries } = await startApi(...answers);
    const pauses: number[] = [];
    const pages = await collect(readPages(optionsOf(url), async (ms) => pauses.push(ms)));
    expect(pages).toHaveLength(1);
    expect(queries).toHaveLength(4);
    expect(pauses).toEqual([1_000, 2_000, 4_000]);
  });

  it("A page that stays away interrupts the run at its cursor", async () => {
    const { url, queries } = await startApi(page([], "one"), [503, { detail: "Down." }]);
    const reading = collect(readPages(optionsOf(url), async () => {}));
    await expect(reading).rejects.toMatchObject({ message: "503 Down.", cursor: "one" });
    await expect(reading).rejects.toBeInstanceOf(Interrupted);
    expect(queries).toHaveLength(7);
  });
});

describe("the options", () => {
  const NOW = Date.parse("2026-11-23T12:00:00Z");
  const read = (...args: string[]) => readOptions(["stripe", ...args], { ADMIN_TOKEN: "t" }, NOW);

  it("The range is the day that ended a quarter of an hour ago, unless another one is given", () => {
    expect(read()).toMatchObject({
      from: "2026-11-22T11:45:00.000Z",
      to: "2026-11-23T11:45:00.000Z",
    });
    expect(read("--to", "2026-11-01T00:00:00Z")).toMatchObject({
      from: "2026-10-31T00:00:00.000Z",
    });
  });

  it("The token of this machine's API is not sent to another one", () => {
    const elsewhere = () => readOptions(["stripe", "--url", "https://api.example"], {}, NOW);
    expect(elsewhere).toThrow(/--token/);
    const byEnvironment = () => readOptions(["stripe"], { API_URL: "https://api.example" }, NOW);
    expect(byEnvironment).toThrow(/--token/);
  });

  it("A wrong option is refused by its name", () => {
    expect(() => read("--to", "yesterday")).toThrow(/--to/);
    expect(() => read("--from", "1")).toThrow(/--from/);
    expect(() => readOptions(["adyen"], {}, NOW)).toThrow(/npm run reconcile -- stripe/);
    expect(() => readOptions([], {}, NOW)).toThrow(/npm run reconcile -- stripe/);
    expect(() => read("--nonsense")).toThrow(/nonsense/);
  });

  it("--help names every option", () => {
    expect(readOptions(["--help"], {}, NOW)).toBeUndefined();
    for (const name of ["from", "to", "cursor", "limit", "url", "token", "json"]) {
      expect(HELP).toContain(`--${name} `);
    }
  });
});

it("A table has a column as wide as its widest cell, and none without differences", () => {
  expect(differenceTable([])).toBe("");
  const lines = differenceTable([
    difference({ refund_id: "re_a_b" }),
    difference({ transaction_id: null, ours: null }),
  ]);
  expect(lines.split("\n")).toEqual([
    "kind    transaction or refund  at Stripe  ours      theirs",
    "amount  re_a_b                 pi_1       1250 USD  1200 USD",
    "amount  -                      pi_1       -         1200 USD",
  ]);
});
