/** The list of payments in the console: its filters, its pages and its search. */
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { forgetSessions } from "../../../../src/console/access/session";
import { type Client, freshKey, newClient } from "../../../support/api";
import { newVisitor, type Visitor } from "../../../support/console";
import { env } from "../../../support/env";
import { type Billed, recordedD1 } from "../../../support/recorded-d1";

const PAYMENTS = "/console/payments";
let shop: Client;
let visitor: Visitor;

beforeAll(async () => {
  shop = await newClient();
  visitor = await newVisitor(shop.key);
});

afterEach(forgetSessions);

/** The ids of the payments on a page, in its order. */
const idsIn = (text: string): string[] =>
  [...text.matchAll(/<a class="id" href="\/console\/payments\/(txn_\w+)"/g)].map(
    ([, id = ""]) => id,
  );
const nextIn = (text: string): string | undefined =>
  /href="([^"]+)" rel="next"/.exec(text)?.[1]?.replaceAll("&amp;", "&");

describe("an empty list", () => {
  it("A merchant without payments sees how to create the first one, and with a filter that none match", async () => {
    const { key } = await newClient();
    const empty = await newVisitor(key);
    const { status, text } = await empty.get(PAYMENTS);
    expect(status).toBe(200);
    expect(text).toContain("No payments yet");
    expect(text).toContain("curl -i https://payments.example/api/v1/transactions");
    expect((await empty.get(`${PAYMENTS}?status=failed`)).text).toContain("No payment matches");
  });
});

describe("pages", () => {
  it("The pages have every payment once, newest first, and keep the filters", async () => {
    const client = await newClient();
    const made: string[] = [];
    for (let at = 0; at < 27; at++) made.push((await client.created({ user_id: "many" })).id);
    await client.created({ user_id: "another" });
    const page = await newVisitor(client.key);
    const first = await page.get(`${PAYMENTS}?user_id=many`);
    const next = nextIn(first.text) ?? "";
    expect(next).toMatch(/^\/console\/payments\?user_id=many&cursor=/);
    const second = await page.get(next);
    expect(second.text).toContain('href="/console/payments?user_id=many">Back to the first page');
    expect([...idsIn(first.text), ...idsIn(second.text)]).toEqual(made.toReversed());
    const oldest = await page.get(`${PAYMENTS}?user_id=many&order=asc`);
    expect(idsIn(oldest.text)).toEqual(made.slice(0, 25));
  });

  it("A cursor that is not valid is refused", async () => {
    expect(await visitor.get(`${PAYMENTS}?cursor=nonsense`)).toMatchObject({ status: 400 });
  });
});

describe("a search that has not come to its end", () => {
  it("A page without a match says how far it has searched, and the next one continues", async () => {
    const client = await newClient();
    const pay = (at: number) => ({ user_id: "many", amount: 1, idempotency_key: `k${at}` });
    await client.created({ user_id: "many", amount: 1, currency: "JPY" }, "first");
    // Of a customer's payments of one status 250 are examined for a page.
    for (const from of [0, 100, 200]) {
      const items = Array.from({ length: from === 200 ? 51 : 100 }, (_, at) => pay(from + at));
      expect((await client.batch(items)).status).toBe(200);
    }
    const page = await newVisitor(client.key);
    const first = await page.get(`${PAYMENTS}?user_id=many&currency=JPY`);
    expect(first.text).toMatch(/No payment matches so far. The search has come back to <time/);
    expect(first.text).toContain('rel="next">Continue the search');
    const second = await page.get(nextIn(first.text) ?? "");
    expect(idsIn(second.text)).toHaveLength(1);
    expect(second.text).not.toContain("The search has come");
  });
});

describe("filters", () => {
  it("Each filter restricts the list, and amounts are in major units of the currency", async () => {
    const client = await newClient();
    const page = await newVisitor(client.key);
    const yen = await client.created({ user_id: "a", amount: 1500, currency: "JPY" });
    const dinar = await client.created({ user_id: "b", amount: "1.505", currency: "KWD" });
    const dollar = await client.created({ user_id: "b", amount: "15.00", currency: "USD" });
    await client.cancel(dollar.id);
    const list = async (query: string) => idsIn((await page.get(`${PAYMENTS}?${query}`)).text);
    expect(await list("user_id=b")).toEqual([dollar.id, dinar.id]);
    expect(await list("status=cancelled")).toEqual([dollar.id]);
    expect(await list("currency=jpy")).toEqual([yen.id]);
    expect(await list("currency=JPY&amount_from=1500&amount_to=1500")).toEqual([yen.id]);
    expect(await list("currency=KWD&amount_from=1.505")).toEqual([dinar.id]);
    expect(await list("currency=KWD&amount_from=1.506")).toEqual([]);
    expect(await list("currency=USD&amount_to=14.99")).toEqual([]);
    expect(await list("created_from=2020-01-01T00:00")).toHaveLength(3);
    expect(await list("created_before=2020-01-01T00:00:01")).toEqual([]);
  });

  it.each([
    ["amount_from=1", "currency", "Currency is needed to read the amounts."],
    ["currency=XXX&amount_from=1", "currency", "which is not a payment currency"],
    ["currency=JPY&amount_from=1.5", "amount_from", "at most 0 decimal places in JPY"],
    ["currency=USD&amount_to=1%2C000", "amount_to", "must be a decimal number"],
    ["currency=USD&amount_from=2&amount_to=1", "amount_to", "is less than “Amount from”"],
    ["currency=dollars", "currency", "must be an ISO 4217 currency code"],
    ["status=lost", "status", "must be one of pending"],
    ["created_from=yesterday", "created_from", "must be an RFC 3339 time"],
    [
      "created_from=2026-02-02T00:00&created_before=2026-02-01T00:00",
      "created_before",
      "is before “From (UTC)”",
    ],
  ])("A fault is named beside its field: %s", async (query, field, message) => {
    const { status, text } = await visitor.get(`${PAYMENTS}?${query}`);
    expect(status).toBe(400);
    const fault = new RegExp(`id="${field}-fault"[^>]*>([^<]*)<`).exec(text)?.[1];
    expect(fault).toContain(message);
    expect(text).toMatch(new RegExp(`id="${field}"[^>]*aria-invalid="true"`));
    expect(text).toMatch(new RegExp(`id="${field}"[^>]*aria-describedby="${field}-fault"`));
  });

  it("What was entered is kept, also when it is hostile", async () => {
    const entered = '"><script>alert(1)</script>';
    const { text } = await visitor.get(`${PAYMENTS}?user_id=${encodeURIComponent(entered)}`);
    expect(text).toContain("&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(text).not.toContain("<script>alert");
  });
});

describe("the search", () => {
  const search = (name: string) => visitor.get(`${PAYMENTS}?find=${encodeURIComponent(name)}`);

  it("An id, a refund's id and an idempotency key lead to the payment", async () => {
    const key = freshKey("order/../ä".replace("ä", "?"));
    const payment = await shop.created({ user_id: "found" }, key);
    await shop.process(payment.id);
    const refund = (await (await shop.refund(payment.id)).json()) as { id: string };
    const path = `${PAYMENTS}/${payment.id}`;
    expect(await search(payment.id)).toMatchObject({ status: 303, location: path });
    expect(await search(` ${key} `)).toMatchObject({ status: 303, location: path });
    expect(await search(refund.id)).toMatchObject({
      status: 303,
      location: `${path}#${refund.id}`,
    });
  });

  it("An idempotency key that looks like an id is found", async () => {
    const key = `txn_${"b".repeat(26)}`;
    const payment = await shop.created({}, key);
    expect((await search(key)).location).toBe(`${PAYMENTS}/${payment.id}`);
  });

  it("Everything else is a customer, whose payments are shown and named as such", async () => {
    const page = await visitor.follow(await search("found & lost"));
    expect(page.text).toContain("No payment, refund or idempotency key has this name.");
    expect(page.text).toContain('value="found &amp; lost"');
    for (const name of [".", ".."]) {
      expect((await search(name)).location).toBe(
        `${PAYMENTS}?user_id=${name}&notice=shown_as_customer`,
      );
    }
  });

  it("An id of another merchant is not found, like one that does not exist", async () => {
    const other = await (await newClient()).created();
    const missing = `txn_${"a".repeat(26)}`;
    const [foreign, none] = [await search(other.id), await search(missing)];
    expect([foreign.status, none.status]).toEqual([404, 404]);
    expect(foreign.text).toContain("No payment has this id.");
    expect(foreign.text.replaceAll(other.id, missing)).toBe(none.text);
  });
});

describe("D1", () => {
  it("A page makes fewer than ten queries", async () => {
    const billed: Billed[] = [];
    await visitor.get(PAYMENTS, { env: { DB: recordedD1(env.DB, billed) } });
    expect(billed.length).toBeGreaterThan(0);
    expect(billed.length).toBeLessThan(10);
  });

  it("While a shard cannot be reached the page says that changes may be missing", async () => {
    const refreshBook = () => Promise.reject(new Error("dead"));
    const getByName = (name: string) =>
      name === "shard-3" ? { refreshBook } : env.TRANSACTIONS.getByName(name);
    const { status, text } = await visitor.get(PAYMENTS, { env: { TRANSACTIONS: { getByName } } });
    expect(status).toBe(200);
    expect(text).toContain("The database does not have the newest changes");
  });

  it("While D1 fails the page says so, and the search by id works", async () => {
    const payment = await shop.created();
    await visitor.get(PAYMENTS);
    const failing = {
      env: {
        DB: {
          prepare() {
            throw new Error("down");
          },
        },
      },
    };
    const { status, text } = await visitor.get(PAYMENTS, failing);
    expect([status, text]).toEqual([503, expect.stringContaining("The list is not available")]);
    expect(await visitor.get(`${PAYMENTS}?find=${payment.id}`, failing)).toMatchObject({
      status: 303,
    });
  });
});

it("A key without transactions:read is refused, and the admin token is sent elsewhere", async () => {
  const { key } = await newClient(["webhooks:read"]);
  for (const credential of [key, env.ADMIN_TOKEN]) {
    const stranger = await newVisitor(credential);
    expect((await stranger.get(PAYMENTS)).status).toBe(403);
    expect((await stranger.get("/console")).text).not.toContain(`href="${PAYMENTS}"`);
  }
});
