/** Decisions of reviewers in the console. */
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { forgetKeys } from "../../../../src/api/middleware/authenticate";
import { admin, type Client, clientOf, newClient } from "../../../support/api";
import { newVisitor, type Visitor } from "../../../support/console";
import { jsonOf } from "../../../support/contract";
import { written } from "../../../support/risk-api";

const REVIEWS = "/console/reviews";
const HELD = { rules: [{ id: "all", outcome: "review", when: { amount: { above: "5" } } }] };

let shop: Client;
let other: Client;
let ann: Visitor;
let ben: Visitor;

beforeAll(async () => {
  shop = await newClient();
  await written(shop, HELD);
  const made = await admin(`/api/v1/merchants/${shop.merchant_id}/api-keys`, { name: "ben" });
  const key = await jsonOf<{ id: string; key: string }>(made);
  other = clientOf(shop.merchant_id, key.id, key.key);
  ann = await newVisitor(shop.key);
  ben = await newVisitor(other.key);
});

afterEach(() => {
  vi.useRealTimers();
  forgetKeys();
});

const path = (id: string, decision: string) => `${REVIEWS}/${id}/${decision}`;

describe("a decision", () => {
  it.each([
    ["approve", "pending", "Approved."],
    ["reject", "failed", "Rejected."],
  ])(
    "%s: it names the amount before, and is stored with reviewer and note",
    async (verb, status, said) => {
      const { id, version } = await shop.created({ amount: 12.5 });
      const asked = await ann.post(path(id, verb), { version: String(version), note: "a note" });
      expect([asked.status, asked.text]).toEqual([200, expect.stringContaining("12.50 USD?</h1>")]);
      expect(asked.text).toContain('value="a note"');
      expect((await shop.find(id)).status).toBe("review");

      const sent = { version: String(version), note: "a note", confirm: "yes" };
      const page = await ann.follow(await ann.post(path(id, verb), sent));
      expect(page.text).toContain(said);
      const { review, ...payment } = await shop.find(id);
      expect(payment.status).toBe(status);
      expect(review).toMatchObject({ reviewer: shop.key_id, note: "a note" });
    },
  );

  it("It leads back to where it began: the page of the queue, or the payment", async () => {
    const [first, second] = [await shop.created(), await shop.created()];
    const queue = await ann.post(path(first.id, "approve"), {
      confirm: "yes",
      version: "2",
      cursor: "a b",
    });
    expect(queue.location).toBe(`${REVIEWS}?cursor=a%20b&notice=review_approved`);
    const asked = await ann.get(`${path(second.id, "reject")}?from=payment`);
    expect(asked.text).toContain('name="from" value="payment"');
    const payment = await ann.post(path(second.id, "reject"), {
      confirm: "yes",
      version: "2",
      from: "payment",
    });
    expect(payment.location).toBe(`/console/payments/${second.id}?notice=review_rejected`);
  });

  it.each(["approve", "reject"])(
    "A second reviewer is shown what the first did, and changes nothing: %s",
    async (verb) => {
      const { id, version } = await shop.created();
      await ann.post(path(id, "approve"), {
        confirm: "yes",
        version: String(version),
        note: "<b>known</b>",
      });
      const decided = await shop.find(id);
      const page = await ben.post(path(id, verb), { confirm: "yes", version: String(version) });
      expect(page.status).toBe(409);
      for (const part of [
        "already approved",
        "Your decision changed nothing",
        shop.key_id,
        "&lt;b&gt;known&lt;/b&gt;",
        decided.review?.decided_at ?? "?",
      ]) {
        expect(page.text).toContain(part);
      }
      expect(await shop.find(id)).toEqual(decided);
    },
  );

  it("A form that is sent twice decides once, and both say so", async () => {
    const { id, version } = await shop.created();
    const sent = { confirm: "yes", version: String(version), note: "twice" };
    const pages = await Promise.all([1, 2].map(() => ann.post(path(id, "reject"), sent)));
    expect(pages.map(({ location }) => location)).toEqual(
      [1, 2].map(() => `${REVIEWS}?notice=review_rejected`),
    );
    expect((await shop.find(id)).version).toBe(version + 1);
  });

  it.each(["", "0", "1e3", "x"])(
    "A form that does not name the version that was seen decides nothing: '%s'",
    async (version) => {
      const { id } = await shop.created();
      const page = await ann.post(path(id, "approve"), { confirm: "yes", version });
      expect([page.status, page.text]).toEqual([400, expect.stringContaining("Nothing was done.")]);
      expect((await shop.find(id)).status).toBe("review");
    },
  );

  it("A note that the API refuses is kept, with the reason beside it", async () => {
    const { id } = await shop.created();
    const note = "card 4242424242424242";
    const page = await ann.post(path(id, "approve"), { confirm: "yes", version: "2", note });
    expect(page.status).toBe(400);
    expect(page.text).toContain('id="note-fault" class="fault" role="alert"');
    expect(page.text).toContain("must not contain a card number");
    expect(page.text).toContain(`value="${note}"`);
    expect((await shop.find(id)).status).toBe("review");
  });

  it("A payment that was cancelled, or never held, has no decision", async () => {
    const { id } = await shop.created();
    await shop.cancel(id);
    const cancelled = await ann.post(path(id, "approve"), { confirm: "yes", version: "2" });
    expect([cancelled.status, cancelled.text]).toEqual([
      409,
      expect.stringContaining("cancelled before a decision"),
    ]);
    const small = await shop.created({ amount: 1 });
    expect((await ann.get(path(small.id, "approve"))).text).toContain("not held for review");
  });

  it("Another merchant's payment, a missing one and a wrong id give the same page", async () => {
    const stranger = await newVisitor((await newClient()).key);
    const { id } = await shop.created();
    const strip = (text: string) => text.replace(/req_\w+|[0-9a-f]{64}/g, "");
    const pages = [];
    for (const one of [id, `txn_${"a".repeat(26)}`, "nonsense", "..%2Frisk"]) {
      for (const page of [
        await stranger.get(path(one, "approve")),
        await stranger.post(path(one, "approve"), { confirm: "yes", version: "2" }),
      ]) {
        expect(page.status).toBe(404);
        pages.push(strip(page.text));
      }
    }
    expect(new Set(pages).size).toBe(1);
    expect((await shop.find(id)).status).toBe("review");
    expect((await ann.get(path(id, "destroy"))).status).toBe(404);
  });

  it("A form of another session decides nothing", async () => {
    const { id } = await shop.created();
    const page = await ann.post(path(id, "approve"), { confirm: "yes", csrf: ben.csrf });
    expect(page.status).toBe(403);
    expect((await shop.find(id)).status).toBe("review");
  });
});
