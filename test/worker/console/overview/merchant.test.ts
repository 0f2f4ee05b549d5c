/** The overview of a merchant. */
import { beforeAll, describe, expect, it } from "vitest";
import type { Transaction } from "../../../../src/domain/transaction/transaction";
import { type Client, newClient } from "../../../support/api";
import { newVisitor, type Visitor } from "../../../support/console";
import { env } from "../../../support/env";
import { type Billed, recordedD1 } from "../../../support/recorded-d1";
import { written } from "../../../support/risk-api";

const HOUR_MS = 3_600_000;
const DOWN = {
  DB: {
    prepare() {
      throw new Error("down");
    },
  },
};

/** The text of a page without its tags. */
const wordsOf = (text: string) =>
  text
    .replace(/<head>.*<\/head>/s, "")
    .replaceAll(/<[^>]+>/g, " ")
    .replaceAll("&lt;", "<")
    .replaceAll(/\s+/g, " ");

/** Value and hint of a tile. */
const tile = (text: string, label: string) => {
  const found = new RegExp(`<dt>${label}</dt><dd[^>]*>([^<]*)</dd><dd[^>]*>(.*?)</dd>`).exec(text);
  return found && [found[1]?.replace("&lt;", "<"), found[2]];
};
/** The cells of a currency's row. */
const currencyRow = (text: string, currency: string) => {
  const row = new RegExp(`<tr><th scope="row"><a [^>]*>${currency}</a>.*?</tr>`).exec(text)?.[0];
  return (
    row && [...row.matchAll(/<td[^>]*>(.*?)<\/td>/g)].map(([, cell = ""]) => wordsOf(cell).trim())
  );
};
/** The numbers that a chart draws, by the begin of each point. */
const drawn = (text: string, id: string) => {
  const table = new RegExp(`<table id="${id}-table">.*?</table>`, "s").exec(text)?.[0] ?? "";
  return [...table.matchAll(/<tr data-at-ms="(\d+)">(.*?)<\/tr>/gs)].map(([, at, cells = ""]) => ({
    at: Number(at),
    values: [...cells.matchAll(/data-value="(-?\d+)"/g)].map(([, value]) => Number(value)),
  }));
};

/** Payments of every outcome. */
async function payments(shop: Client): Promise<void> {
  const pay = async (body: object, outcome: string): Promise<Transaction> => {
    const { id } = await shop.created({ ...body, metadata: { processor: outcome } });
    return (await (await shop.process(id)).json()) as Transaction;
  };
  const paid = await pay({ amount: 1_234.5 }, "settle");
  await pay({ amount: 2_000 }, "settle");
  await pay({ amount: 1_000_000, currency: "JPY" }, "settle");
  await pay({ amount: 3 }, "decline:expired_card");
  await shop.created({ amount: 20_000 }); // Blocked.
  await shop.cancel((await shop.created({ amount: 4 })).id);
  expect((await shop.refund(paid.id, { amount: 34.5 })).status).toBe(201);
}

describe("a merchant with payments", () => {
  let shop: Client;
  let visitor: Visitor;
  beforeAll(async () => {
    shop = await newClient();
    await payments(shop);
    visitor = await newVisitor(shop.key);
  });

  it("The tiles say how many payments there were and what became of them", async () => {
    const { status, text } = await visitor.get("/console");
    expect(status).toBe(200);
    expect(tile(text, "Payments")).toEqual(["6", "created in this time"]);
    expect(tile(text, "Success rate")).toEqual([
      "50.0 %",
      "completed, of 6 that ended: completed, declined, blocked, rejected or cancelled",
    ]);
    expect(tile(text, "Decline rate")).toEqual([
      "25.0 %",
      "declined, of 4 that the processor completed or declined",
    ]);
    expect(tile(text, "Blocked")?.[0]).toBe("1");
    expect(tile(text, "Held")?.[0]).toBe("0");
    expect(tile(text, "Refunds")).toEqual(["1", "that succeeded"]);
    expect(tile(text, "Disputes")?.[0]).toBe("0");
  });

  it("Each currency has its own amounts, which are not added up", async () => {
    const { text } = await visitor.get("/console?range=7d");
    expect(currencyRow(text, "USD")).toEqual([
      "5",
      "2",
      "3,234.50 USD",
      "1",
      "34.50 USD",
      "0.00 USD",
    ]);
    expect(currencyRow(text, "JPY")).toEqual(["1", "1", "1,000,000 JPY", "0", "0 JPY", "0 JPY"]);
  });

  it.each([
    ["", 24, 1],
    ["?range=24h", 24, 1],
    ["?range=7d", 28, 6],
    ["?range=30d", 30, 24],
    ["?range=wrong", 24, 1],
    ["?range=toString", 24, 1],
  ])(
    "The charts have a point for each part of the time, the last one under way: %s",
    async (query, count, hours) => {
      const { text } = await visitor.get(`/console${query}`);
      const outcomes = drawn(text, "outcomes");
      expect(outcomes).toHaveLength(count);
      const lengthMs = hours * HOUR_MS;
      for (const [at, point] of outcomes.entries()) {
        expect(point.at % lengthMs).toBe(0);
        if (at > 0) expect(point.at - (outcomes[at - 1]?.at ?? 0)).toBe(lengthMs);
      }
      expect((outcomes.at(-1)?.at ?? 0) + lengthMs).toBeGreaterThan(Date.now());
      const sums = [0, 1, 2].map((column) =>
        outcomes.reduce((sum, { values }) => sum + (values[column] ?? 0), 0),
      );
      expect(sums).toEqual([3, 1, 1]);
      const volume = drawn(text, "volume").reduce((sum, { values }) => sum + (values[0] ?? 0), 0);
      expect([volume, text]).toEqual([323_450, expect.stringContaining("Volume in USD")]);
    },
  );

  it("The chart of the volume shows the chosen currency, in its minor units", async () => {
    const { text } = await visitor.get("/console?range=7d&currency=JPY");
    expect(text).toContain("Volume in JPY");
    const values = drawn(text, "volume").flatMap(({ values }) => values);
    expect(values.filter((value) => value !== 0)).toEqual([1_000_000]);
    expect(text).toContain('data-chart="volume" data-length-ms="21600000" data-decimals="0"');
    const other = await visitor.get("/console?range=7d&currency=%3Cb%3E");
    expect(other.text).toContain("Volume in USD");
  });

  it("An hour is shown as the two whole hours that it lies in, without a chart", async () => {
    const { text } = await visitor.get("/console?range=1h");
    expect(text).not.toContain("data-chart");
    expect(wordsOf(text)).toContain(
      "Payments are counted by whole hours: this is the hour under way and the one before.",
    );
    const rows = [...text.matchAll(/<th scope="row"><time datetime="([^"]+)"/g)].map(
      ([, at]) => at,
    );
    const hour = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
    expect(rows).toEqual([hour - HOUR_MS, hour].map((ms) => new Date(ms).toISOString()));
  });

  it("The page reads D1 fewer than ten times, whatever it shows", async () => {
    for (const query of ["", "?range=1h", "?range=30d&currency=JPY"]) {
      const billed: Billed[] = [];
      const page = await visitor.get(`/console${query}`, {
        env: { DB: recordedD1(env.DB, billed) },
      });
      expect(page.status).toBe(200);
      expect(billed.length).toBeLessThan(10);
      expect(billed.filter(({ sql }) => sql.includes("hourly_totals"))).toHaveLength(1);
    }
  });

  it("Without D1 the page says so, and shows what comes from elsewhere", async () => {
    await shop.ask("POST", "/api/v1/webhook-endpoints", {
      url: "https://receiver.example.com/hooks",
    });
    const { status, text } = await visitor.get("/console", { env: DOWN });
    expect(status).toBe(200);
    const words = wordsOf(text);
    expect(words).toContain("The totals cannot be read at the moment");
    expect(words).toContain("The queue cannot be read at the moment");
    expect(words).toContain("https://receiver.example.com/hooks");
  });

  it("Another merchant sees none of it", async () => {
    const other = await newVisitor((await newClient()).key);
    const { text } = await other.get("/console");
    expect(text).toContain("No payments yet");
    expect(text).not.toContain("3,234.50");
  });
});

describe("a merchant without payments", () => {
  it("The first use shows how to create a payment", async () => {
    const { text } = await (await newVisitor((await newClient()).key)).get("/console");
    expect(text).toContain("No payments yet");
    expect(text).toContain("curl -i");
    expect(text).not.toMatch(/data-chart|Success rate/);
  });

  it("A time without payments is not a merchant without payments", async () => {
    const shop = await newClient();
    await shop.created();
    const visitor = await newVisitor(shop.key);
    await visitor.get("/console");
    await env.DB.prepare("DELETE FROM hourly_totals WHERE merchant_id = ?")
      .bind(shop.merchant_id)
      .run();
    const { text } = await visitor.get("/console");
    expect(text).toContain("Nothing happened in this time");
    expect(text).not.toContain("No payments yet");
  });
});

describe("what a key may see", () => {
  it("A key that may not read payments sees no totals and no reviews", async () => {
    const shop = await newClient();
    await shop.created({ amount: 77.25 });
    const limited = await newClient(["webhooks:read"]);
    const { text } = await (await newVisitor(limited.key)).get("/console");
    const words = wordsOf(text);
    expect(words).toContain("does not have the scope transactions:read");
    expect(words).toContain("No endpoint receives events.");
    expect(text).not.toMatch(/Success rate|review-queue|No payments yet/);
  });

  it("A key that may not read webhooks sees no endpoints", async () => {
    const limited = await newClient(["transactions:read"]);
    const { text } = await (await newVisitor(limited.key)).get("/console");
    expect(text).not.toContain("webhook-health");
    expect(text).toContain("review-queue");
  });
});

describe("the review queue", () => {
  it("It says how many payments are held, for how long, and when the next one expires", async () => {
    const shop = await newClient();
    const rules = [{ id: "all", outcome: "review", when: { amount: { above: "1" } } }];
    await written(shop, { rules, review_expires_after_s: 10_800 });
    await shop.created();
    await shop.created();
    const visitor = await newVisitor(shop.key);
    const words = wordsOf((await visitor.get("/console")).text);
    expect(words).toContain(
      "Held 2 The oldest held for less than a minute Next expiry expires in 2 h, then rejected",
    );
  });

  it("Hundreds of held payments are counted, and the expiry is of the oldest hundred", async () => {
    const shop = await newClient();
    const rules = [{ id: "all", outcome: "review", when: { amount: { above: "1" } } }];
    await written(shop, { rules, review_expires_after_s: 10_800 });
    const one = (at: number) => ({
      idempotency_key: `order-${at}`,
      user_id: `user-${at}`,
      amount: 5,
      currency: "USD",
    });
    for (const first of [0, 60]) {
      const items = Array.from({ length: 60 }, (_, at) => one(first + at));
      expect((await shop.batch(items)).status).toBe(200);
    }
    const words = wordsOf((await (await newVisitor(shop.key)).get("/console")).text);
    expect(words).toContain("Held 120 ");
    expect(words).toContain("then rejected, of the oldest 100");
  });
});
