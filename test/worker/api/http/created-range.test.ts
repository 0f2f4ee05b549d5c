/** The bounds of times on lists and backtests, over the API: which end they leave out, and how exact they are. */
import { beforeAll, describe, expect, it } from "vitest";
import type { Transaction } from "../../../../src/domain/transaction/transaction";
import {
  type Client,
  newClient,
  type ProblemBody,
  problem,
  TRANSACTIONS,
} from "../../../support/api";

let shop: Client;
let payments: Transaction[];

beforeAll(async () => {
  shop = await newClient();
  payments = [];
  for (let made = 0; made < 3; made++) payments.push(await shop.created());
});

/** How many of these payments a list has. */
async function found(query: Record<string, string>): Promise<string[]> {
  const response = await shop.get(`${TRANSACTIONS}?${new URLSearchParams(query)}`);
  expect(response.status, await response.clone().text()).toBe(200);
  return ((await response.json()) as { data: Transaction[] }).data.map(({ id }) => id);
}

async function refused(query: Record<string, string>): Promise<ProblemBody> {
  const response = await shop.get(`${TRANSACTIONS}?${new URLSearchParams(query)}`);
  expect(response.status).toBe(400);
  return problem(response);
}

/** A payment's time, with more digits behind its milliseconds. */
const finer = ({ created_at }: Transaction, digits: string) =>
  created_at.replace("Z", `${digits}Z`);
const newest = () => payments.at(-1) as Transaction; // There are three.

describe("a list between two times", () => {
  it.each([
    ["created_at[gt]", false],
    ["created_at[gte]", true],
    ["created_at[lt]", false],
    ["created_at[lte]", true],
    ["created_after", false],
    ["created_before", false],
  ])("A list with %s at a payment's own time has that payment: %s", async (name, has) => {
    const one = newest();
    expect((await found({ [name]: one.created_at })).includes(one.id)).toBe(has);
  });

  it.each([
    ["created_at[gt]", "0001", false],
    ["created_at[gte]", "0001", false],
    ["created_at[lt]", "0001", true],
    ["created_at[lte]", "0001", true],
    ["created_after", "0001", false],
    ["created_before", "0001", true],
    ["created_before", "0000", false],
    ["created_at[gte]", "0000", true],
  ])("A list compares every decimal of %s: .mmm%s", async (name, digits, has) => {
    const one = newest();
    expect((await found({ [name]: finer(one, digits) })).includes(one.id)).toBe(has);
  });

  it("Adjoining windows of a list lose and double nothing", async () => {
    const border = newest().created_at;
    const before = await found({ "created_at[lt]": border });
    const after = await found({ "created_at[gte]": border });
    expect([...after, ...before]).toEqual(await found({}));
    expect(after).toContain(newest().id);
  });

  it("A list's bounds may have lower-case letters and a leap second", async () => {
    const { created_at, id } = newest();
    expect(await found({ "created_at[gte]": created_at.toLowerCase() })).toContain(id);
    expect(await found({ "created_at[gte]": "2016-12-31T23:59:60Z" })).toHaveLength(3);
  });

  it("A list's cursor continues within its bounds", async () => {
    const first = await shop.get(
      `${TRANSACTIONS}?limit=1&created_at%5Blte%5D=${newest().created_at}`,
    );
    const { next_cursor } = (await first.json()) as { next_cursor: string };
    const rest = await found({ "created_at[lte]": newest().created_at, cursor: next_cursor });
    expect(rest).toEqual([payments[1]?.id, payments[0]?.id]);
  });

  it.each([
    [["created_at[gt]", "created_at[gte]"], "created_at[gte]"],
    [["created_after", "created_at[gt]"], "created_after"],
    [["created_before", "created_at[lte]"], "created_before"],
  ])("A list is refused when %s bound one end twice", async (names, named) => {
    const said = await refused(
      Object.fromEntries(names.map((name) => [name, "2026-01-01T00:00:00Z"])),
    );
    expect(said.detail).toContain(named);
    expect(said.errors).toHaveLength(1);
  });

  it("A list is refused when its end is before its beginning", async () => {
    const said = await refused({
      "created_at[gte]": "2026-01-02T00:00:00Z",
      "created_at[lt]": "2026-01-01T00:00:00Z",
    });
    expect(said.detail).toContain("created_at[lt] is before created_at[gte]");
  });

  it("A list is refused when a bound is not a time, or is empty", async () => {
    expect((await refused({ "created_at[gte]": "now" })).detail).toContain("created_at[gte]");
    expect((await refused({ "created_at[eq]": "2026-01-01T00:00:00Z" })).code).toBe(
      "invalid_request",
    );
  });
});

describe("a backtest between two times", () => {
  const examined = async (body: object) => {
    const response = await shop.ask("POST", "/api/v1/risk/backtest", {
      rule_set: { rules: [] },
      ...body,
    });
    return {
      status: response.status,
      body: (await response.json()) as ProblemBody & { examined: number },
    };
  };

  it("A backtest has the same four bounds as members of created_at", async () => {
    const { created_at } = newest();
    const of = async (bounds: object) => (await examined({ created_at: bounds })).body.examined;
    expect(await of({ gte: created_at })).toBe((await of({ gt: created_at })) + 1);
    expect(await of({ lte: finer(newest(), "5") })).toBe(3);
  });

  it("A backtest is refused when its bounds contradict each other", async () => {
    const { status, body } = await examined({
      created_at: { gt: "2026-01-01T00:00:00Z" },
      created_after: "2026-01-01T00:00:00Z",
    });
    expect(status).toBe(400);
    expect(body.errors?.map(({ pointer }) => pointer)).toEqual(["#/created_after"]);
  });
});

describe("an entry of a list that expires at a fraction of a millisecond", () => {
  it("A list entry that expires at a fraction of a millisecond is there until then", async () => {
    const response = await shop.ask("POST", "/api/v1/risk/lists", {
      list: "block",
      field: "ip",
      value: "203.0.113.7",
      expires_at: "9998-01-01t00:00:00.0001z",
    });
    expect(response.status).toBe(201);
    expect(((await response.json()) as { expires_at: string }).expires_at).toBe(
      "9998-01-01T00:00:00.001Z",
    );
  });
});
