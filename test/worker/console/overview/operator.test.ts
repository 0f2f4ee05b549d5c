/** The overview of the operator: all merchants together, and the state of the deployment. */
import { beforeAll, describe, expect, it } from "vitest";
import { forgetReadiness } from "../../../../src/api/operations/readiness";
import { newClient } from "../../../support/api";
import { newVisitor, type Visitor } from "../../../support/console";
import { env } from "../../../support/env";
import { type Billed, recordedD1 } from "../../../support/recorded-d1";
import { endHanging } from "../../../support/with-timeout";

const DOWN = {
  DB: {
    prepare() {
      throw new Error("down");
    },
  },
};
const wordsOf = (text: string) =>
  text
    .replace(/<head>.*<\/head>/s, "")
    .replaceAll(/<[^>]+>/g, " ")
    .replaceAll("&lt;", "<")
    .replaceAll(/\s+/g, " ");

let visitor: Visitor;
beforeAll(async () => {
  visitor = await newVisitor(env.ADMIN_TOKEN);
});

const created = (words: string) =>
  Number(/Payments ([\d,]+) created in this time/.exec(words)?.[1]?.replaceAll(",", "") ?? 0);

describe("the operator's overview", () => {
  it("It has the payments of all merchants together", async () => {
    const before = created(wordsOf((await visitor.get("/console")).text));
    for (const shop of [await newClient(), await newClient()]) await shop.created();
    const { status, text } = await visitor.get("/console");
    expect(status).toBe(200);
    expect(created(wordsOf(text)) - before).toBe(2);
  });

  it("It shows dependencies, quotas, what waits, and the size of each shard", async () => {
    const { text } = await visitor.get("/console");
    const words = wordsOf(text);
    for (const part of [
      "Transaction shards ok Velocity objects ok D1 ok Processor ok",
      "Quotas of each merchant Requests 1,000,000,000 in 60 s",
      "Events for D1 0 – ok",
      "Events for the webhooks",
      "Operations of the processor without an outcome",
      "Events that the event stream refuses 0",
      "Responding 16 of 16",
      "of 10 GB, < 0.1 %",
      "Payments now, by status",
    ]) {
      expect(words).toContain(part);
    }
    expect(text.match(/<th scope="row">\d+<\/th>/g)).toHaveLength(16);
  });

  it("It shows a charge without an outcome", async () => {
    const shop = await newClient();
    const { id } = await shop.created({ metadata: { processor: "pending,pending,settle" } });
    expect((await shop.process(id)).status).toBe(202);
    const { text } = await visitor.get("/console");
    expect(wordsOf(text)).toMatch(/without an outcome [1-9]\d* less than a minute/);
  });

  it("A shard that does not respond is named, and the others are shown", async () => {
    const TRANSACTIONS = {
      getByName: (name: string) =>
        name === "shard-3"
          ? { metrics: () => new Promise(() => {}), ready: () => new Promise(() => {}) }
          : env.TRANSACTIONS.getByName(name),
    };
    forgetReadiness();
    let page = { status: 0, text: "" };
    const load = async () => {
      page = await visitor.get("/console", { env: { TRANSACTIONS } });
    };
    await endHanging("api/operations/read-shards", 1, () =>
      endHanging("api/operations/readiness", 1, load),
    );
    const words = wordsOf(page.text);
    expect(page.status).toBe(200);
    expect(words).toContain("Responding 15 of 16");
    expect(words).toContain("Transaction shards hanging");
    expect(words).toMatch(/ 3 failing – – –/);
    forgetReadiness();
  });

  it("The page reads D1 fewer than ten times", async () => {
    const billed: Billed[] = [];
    const page = await visitor.get("/console", { env: { DB: recordedD1(env.DB, billed) } });
    expect(page.status).toBe(200);
    expect(billed.length).toBeLessThan(10);
    expect(billed.filter(({ sql }) => sql.includes("hourly_totals"))).toHaveLength(1);
  });

  it("Without D1 the page says so, and shows the shards", async () => {
    const { status, text } = await visitor.get("/console", { env: DOWN });
    expect(status).toBe(200);
    const words = wordsOf(text);
    expect(words).toContain("The totals cannot be read at the moment");
    expect(words).toContain("The database does not respond");
    expect(words).toContain("Responding 16 of 16");
  });

  it("Without a fixed number of shards it says that objects cannot be listed", async () => {
    const { text } = await visitor.get("/console", { env: { TRANSACTION_SHARDS: "0" } });
    expect(wordsOf(text)).toContain("Each payment has an object of its own");
  });

  it("With more shards than it reads, it says so", async () => {
    const ready = {
      metrics: async () => ({
        bytes: 5_000_000_000,
        backlogs: { of: {}, parked: 0 },
        charges: { open: 0, overdue: 0, oldest_age_ms: 0 },
        counts: [],
      }),
      ready: async () => ({
        backlogs: { of: {}, parked: 0 },
        charges: { open: 0, overdue: 0, oldest_age_ms: 0 },
      }),
    };
    let calls = 0;
    const TRANSACTIONS = {
      getByName: () => {
        calls += 1;
        return ready;
      },
    };
    forgetReadiness();
    const { text } = await visitor.get("/console", {
      env: { TRANSACTIONS, TRANSACTION_SHARDS: "1000" },
    });
    const words = wordsOf(text);
    expect(words).toContain("Responding 256 of 256; 1,000 exist, of which the first 256 are read");
    expect(words).toContain("Largest database 5.0 GB of 10 GB, 50.0 %");
    expect(words).toContain("All databases 1280.0 GB");
    expect(calls).toBeLessThanOrEqual(256 + 64);
    forgetReadiness();
  });
});
