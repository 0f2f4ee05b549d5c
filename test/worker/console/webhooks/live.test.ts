/** The live tail: the newest events, the rows that its script polls for, and what it says when it is refused. */
import { describe, expect, it } from "vitest";
import { newClient } from "../../../support/api";
import { newVisitor, Visitor } from "../../../support/console";
import { env } from "../../../support/env";
import { type Billed, recordedD1 } from "../../../support/recorded-d1";

const LIVE = "/console/webhooks/live";
const ROWS = `${LIVE}/rows`;
const idsIn = (text: string) => [...text.matchAll(/<tr data-id="(evt_\w+)"/g)].map(([, id]) => id);
const cursorIn = (text: string) =>
  encodeURIComponent(/data-cursor="([^"]+)"/.exec(text)?.[1] ?? "");

describe("the live tail", () => {
  it("The page has the newest events, newest first, with the exact amount of each currency", async () => {
    const client = await newClient();
    await client.created({ amount: "1234567.891", currency: "KWD" });
    await client.created({ amount: "9876543", currency: "JPY" });
    const { status, text } = await (await newVisitor(client.key)).get(LIVE);
    expect(status).toBe(200);
    expect(text.match(/<td data-label="Event">transaction.created<\/td>/g)).toHaveLength(2);
    expect(text).toContain("1,234,567.891");
    expect(text).toContain("9,876,543 ");
    expect(text).toContain("updated every 2 seconds");
    expect(text).toContain("list request of the merchant&#39;s quota");
  });

  it("A poll has what arrived after its cursor, once, and a link without JavaScript has the same", async () => {
    const client = await newClient();
    const visitor = await newVisitor(client.key);
    const empty = await visitor.get(LIVE);
    expect(empty.text).toContain("No events yet");
    const first = await client.created();
    const poll = await visitor.get(`${ROWS}?cursor=${cursorIn(empty.text)}`);
    expect(poll.text).toContain(`/console/payments/${first.id}`);
    expect(poll.text).not.toContain("<html");
    expect(idsIn((await visitor.get(`${ROWS}?cursor=${cursorIn(poll.text)}`)).text)).toEqual([]);
    const link = /id="newer" href="([^"]+)"/.exec(empty.text)?.[1] ?? "";
    expect(idsIn((await visitor.get(link)).text)).toEqual(idsIn(poll.text));
  });

  it("A poll without a session leads to the sign-in, and one over the quota or with D1 down says so by its status", async () => {
    const client = await newClient();
    // The overview would read lists too.
    const visitor = new Visitor();
    await visitor.post("/console/sign-in", { credential: client.key, next: "/console" });
    const limited = { env: { RATE_LIMIT_LISTS: "1" } };
    expect((await visitor.get(ROWS, limited)).status).toBe(200);
    expect((await visitor.get(ROWS, limited)).status).toBe(429);
    const down = {
      env: {
        DB: {
          prepare() {
            throw new Error("down");
          },
        },
      },
    };
    const other = await newVisitor((await newClient()).key);
    expect((await other.get(ROWS, down)).status).toBe(503);
    visitor.cookie = undefined;
    const page = await visitor.get(ROWS);
    expect([page.status, page.location]).toEqual([303, expect.stringContaining("/sign-in")]);
  });

  it("A key that may not read payments sees no live events", async () => {
    const { key } = await newClient(["webhooks:read"]);
    const visitor = await newVisitor(key);
    expect((await visitor.get(ROWS)).status).toBe(403);
    expect((await visitor.get("/console/webhooks")).text).not.toContain("Live events");
  });

  it("A poll makes fewer than ten queries of D1", async () => {
    const client = await newClient();
    await client.created();
    const visitor = await newVisitor(client.key);
    const billed: Billed[] = [];
    const { status } = await visitor.get(ROWS, { env: { DB: recordedD1(env.DB, billed) } });
    expect(status).toBe(200);
    expect(billed.length).toBeLessThan(10);
  });
});
