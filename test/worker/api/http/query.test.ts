/** Queries of lists: parameters, cursors, limits and times. */
import { describe, expect, it } from "vitest";
import { type Client, newClient, TRANSACTIONS } from "../../../support/api";
import {
  ask,
  checkWholeFile,
  expectRefusal,
  jsonOf,
  operations,
  parametersOf,
} from "../../../support/contract";
import { env } from "../../../support/env";
import { get, shop } from "../../../support/shop";

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
    currency: "usd US EURO XXX XTS 840 USD,EUR %00",
    "amount_minor[gte]": "-1 1.5 1e3 abc 0x10 +5 NaN 1000000000000000 9007199254740993 %00",
    "amount_minor[lte]": "-1 1.5 1e3 abc 0x10 +5 NaN 1000000000000000 9007199254740993 %00",
    "amount_minor[gt]": "1",
    order: "ASC descending newest %00",
    created_after: NO_TIMES,
    created_before: NO_TIMES,
    offset: "10",
    Limit: "10",
    userId: "a",
    ["__proto__"]: "a",
    constructor: "a",
  };
  it.each(Object.keys(WRONG))("A query is refused because of its %s", async (name) => {
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
    "order=asc&order=desc",
  ])("A query with a repeated parameter is refused: %s", async (query) => {
    await expectRefusal(await get(`${TRANSACTIONS}?${query}`), "invalid_request");
  });

  it.each(
    operations
      .filter(({ operation }) => operation.operationId?.startsWith("list"))
      .map(({ path, operation }) => [path, operation] as const),
  )("A list with an unknown parameter is refused: %s", async (path, { security = [] }) => {
    const of = path.includes("/merchants/") ? shop.merchant_id : (await shop.created()).id;
    const key = "admin_token" in (security[0] ?? {}) ? env.ADMIN_TOKEN : shop.key;
    const response = await ask(`${path.replace("{id}", of)}?surplus=1`, { key });
    const said = await expectRefusal(response, "invalid_request");
    expect(said.errors).toEqual([{ parameter: "surplus", message: "is not a known field" }]);
  });

  it("A query is refused when its largest amount is less than its smallest, which may be equal", async () => {
    const range = (least: number, most: number) =>
      get(`${TRANSACTIONS}?amount_minor[gte]=${least}&amount_minor[lte]=${most}`);
    const said = await expectRefusal(await range(101, 100), "invalid_request");
    expect(parametersOf(said)).toEqual(["amount_minor[lte]"]);
    expect(said.detail).toContain("is less than amount_minor[gte]");
    expect((await range(100, 100)).status).toBe(200);
  });

  type ListPage = { data: unknown[]; has_more: boolean; next_cursor: string };
  const LISTS = [TRANSACTIONS, "/api/v1/events"];
  const pageOf = async (reader: Client, path: string) =>
    jsonOf<ListPage>(await ask(path, { key: reader.key }));

  it("A query is refused when its cursor is not one of this list", async () => {
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

  it("The feed's tail has the last events, oldest first, and its cursor leads to later ones", async () => {
    const reader = await newClient();
    const none = await pageOf(reader, "/api/v1/events?tail=true");
    expect(none.data).toEqual([]);
    const made: string[] = [];
    for (let count = 0; count < 3; count++) made.push((await reader.created()).id);
    const tail = "/api/v1/events?tail=true&limit=2";
    const idsOf = ({ data }: ListPage) =>
      (data as { transaction_id: string }[]).map(({ transaction_id }) => transaction_id);
    const page = await pageOf(reader, tail);
    expect(page.has_more).toBe(false);
    expect(idsOf(page)).toHaveLength(2);
    expect(made).toEqual(expect.arrayContaining(idsOf(page)));
    const later = await reader.created();
    expect(idsOf(await pageOf(reader, `${tail}&cursor=${page.next_cursor}`))).toEqual([later.id]);
    expect(idsOf(await pageOf(reader, `${tail}&cursor=${none.next_cursor}`))).toHaveLength(2);
    const refused = await ask("/api/v1/events?tail=yes", { key: reader.key });
    expect(parametersOf(await expectRefusal(refused, "invalid_request"))).toEqual(["tail"]);
  });

  it("A cursor of another merchant shows none of that merchant's rows", async () => {
    const [reader, thief] = [await newClient(), await newClient()];
    for (let made = 0; made < 2; made++) await reader.created();
    for (const list of LISTS) {
      const { next_cursor } = await pageOf(reader, `${list}?limit=1`);
      const stolen = await ask(`${list}?cursor=${next_cursor}`, { key: thief.key });
      await expectRefusal(stolen, "invalid_request");
    }
  });

  it("A page has at most as many rows as its limit, which is 10 by default", async () => {
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

  it("A customer's name that contains SQL finds nothing", async () => {
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

  it("Times in a query are compared exactly, in any offset", async () => {
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
  ])("A query takes %s as %s now", async (time, side) => {
    await shop.created({ user_id: "timely" });
    const own = `${TRANSACTIONS}?user_id=timely`;
    const after = await pageOf(shop, `${own}&created_after=${time}`);
    const before = await pageOf(shop, `${own}&created_before=${time}`);
    expect([after.data.length > 0, before.data.length > 0]).toEqual([
      side === "before",
      side === "after",
    ]);
  });

  it("A time after the year 9999 is not before all others", async () => {
    const response = await get(`${TRANSACTIONS}?created_after=9999-12-31T23:59:59-23:59`);
    if (response.status === 400) await expectRefusal(response, "invalid_request");
    else expect(await jsonOf<ListPage>(response)).toMatchObject({ data: [] });
  });
});

checkWholeFile();
