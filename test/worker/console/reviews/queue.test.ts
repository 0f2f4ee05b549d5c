/** The review queue of the console. */
import { beforeAll, describe, expect, it } from "vitest";
import { type Client, newClient } from "../../../support/api";
import { newVisitor, type Visitor } from "../../../support/console";
import { env } from "../../../support/env";
import { type Billed, recordedD1 } from "../../../support/recorded-d1";
import { written } from "../../../support/risk-api";

const REVIEWS = "/console/reviews";
const HELD = {
  rules: [{ id: "large-amount", outcome: "review", when: { amount: { above: "5" } } }],
  review_expires_after_s: 10_800,
};

async function newShop(): Promise<Client> {
  const shop = await newClient();
  await written(shop, HELD);
  return shop;
}

/** A key of the same merchant with fewer scopes. */
const limited = (scopes: string[]) => newClient(scopes);

const ids = (text: string) => [...new Set(text.match(/(?<=href="\/console\/payments\/)txn_\w+/g))];

describe("the queue", () => {
  let shop: Client;
  let visitor: Visitor;
  beforeAll(async () => {
    shop = await newShop();
    visitor = await newVisitor(shop.key);
  });

  it("An empty queue says how a payment comes there", async () => {
    const { status, text } = await visitor.get(REVIEWS);
    expect([status, text]).toEqual([200, expect.stringContaining("No payment is held")]);
  });

  it("The oldest payment comes first, with amount, customer, score, reasons, and its expiry", async () => {
    const first = await shop.created({ user_id: "ann", amount: 1_234_567.5 });
    const second = await shop.created({ user_id: "ben", amount: 700, currency: "JPY" });
    await shop.created({ user_id: "cleo", amount: 1 });
    const { text } = await visitor.get(REVIEWS);
    expect(ids(text)).toEqual([first.id, second.id]);
    for (const part of [
      "1,234,567.50 ",
      ">ann<",
      "700 ",
      "1234567.5 USD is above 5",
      "<code>large-amount</code>, review",
      "expires in 2 h, then rejected · soonest",
      "Held for less than a minute",
    ]) {
      expect(text).toContain(part);
    }
    expect(text.match(/· soonest/g)).toHaveLength(1);
  });

  it("Text of customers stays text", async () => {
    await shop.created({ user_id: '"><script>alert(1)</script>', description: "\u202eevil" });
    const { text } = await visitor.get(REVIEWS);
    expect(text).not.toContain("<script>alert");
    expect(text).toContain("<bdi>\u202eevil</bdi>");
  });

  it("A page has 20 payments, and leads to the next and back", async () => {
    const many = await newShop();
    await Promise.all(Array.from({ length: 21 }, () => many.created()));
    const reader = await newVisitor(many.key);
    const page = await reader.get(REVIEWS);
    expect(ids(page.text)).toHaveLength(20);
    const next = /href="(\/console\/reviews\?cursor=[^"]+)"/.exec(page.text)?.[1] ?? "";
    const last = await reader.get(next);
    expect(ids(last.text)).toHaveLength(1);
    expect(last.text).toContain("Back to the first page");
    const wrong = await reader.get(`${REVIEWS}?cursor=wrong`);
    expect([wrong.status, wrong.text]).toEqual([400, expect.stringContaining("valid cursor")]);
  });

  it("It reads D1 a fixed number of times, whatever it shows", async () => {
    const billed: Billed[] = [];
    const page = await visitor.get(REVIEWS, { env: { DB: recordedD1(env.DB, billed) } });
    expect(page.status).toBe(200);
    expect(billed.map(({ sql }) => sql).length).toBeLessThan(10);
  });

  it("Without D1 the page says that payments stay held", async () => {
    const DB = {
      prepare() {
        throw new Error("down");
      },
    };
    const { status, text } = await visitor.get(REVIEWS, { env: { DB } });
    expect([status, text]).toEqual([503, expect.stringContaining("what is held stays held")]);
  });
});

describe("scopes", () => {
  it("A key without risk:write sees the queue without decisions, and cannot decide", async () => {
    const reader = await newVisitor((await limited(["transactions:read", "risk:read"])).key);
    const { status, text } = await reader.get(REVIEWS);
    expect([status, text]).toEqual([200, expect.stringContaining("may not decide")]);
    const path = `${REVIEWS}/txn_${"a".repeat(26)}/approve`;
    expect((await reader.get(path)).status).toBe(403);
    expect((await reader.post(path, { confirm: "yes" })).status).toBe(403);
  });

  it("A key without transactions:read, and the operator, see no queue", async () => {
    for (const credential of [(await limited(["risk:read"])).key, env.ADMIN_TOKEN]) {
      expect((await (await newVisitor(credential)).get(REVIEWS)).status).toBe(403);
    }
  });
});
