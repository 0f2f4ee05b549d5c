/** The page of one payment in the console. */
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { forgetSessions } from "../../../../src/console/access/session";
import { type Client, newClient } from "../../../support/api";
import { newVisitor, type Visitor } from "../../../support/console";
import { env } from "../../../support/env";
import { completed, newEraser, startErasing } from "../../../support/erasure/erasing";
import { newKey } from "../../../support/merchants-api";
import { type Billed, recordedD1 } from "../../../support/recorded-d1";

const PAYMENTS = "/console/payments";
const path = (id: string) => `${PAYMENTS}/${id}`;
const MISSING = `txn_${"a".repeat(26)}`;
let shop: Client;
let visitor: Visitor;

beforeAll(async () => {
  shop = await newClient();
  visitor = await newVisitor(shop.key);
});

afterEach(forgetSessions);

/** The text of a page's content, without tags. */
const words = (html: string): string =>
  (/<main.*<\/main>/s.exec(html)?.[0] ?? html).replace(/<[^>]+>/g, " ").replace(/\s+/g, " ");

/** The value beside a name in a list of facts. */
const fact = (html: string, name: string): string | undefined =>
  new RegExp(`<dt>${name}</dt><dd[^>]*>(.*?)</dd>`)
    .exec(html)?.[1]
    ?.replace(/<[^>]+>/g, "")
    .trim();

describe("the amounts", () => {
  it("Captured, refunded and left to refund add up, with a refund that has no outcome", async () => {
    const { id } = await shop.created({ amount: "100.00", currency: "USD" });
    await shop.process(id);
    await shop.refund(id, { amount: "12.50" });
    await shop.refund(id, { amount: "7.50", metadata: { processor: "pending" } });
    await shop.refund(id, { amount: "5.00", metadata: { processor: "decline:closed" } });
    const { text } = await visitor.get(path(id));
    expect(fact(text, "Captured")).toBe("100.00 USD");
    expect(fact(text, "Refunded")).toBe("12.50 USD");
    expect(fact(text, "Refunds without an outcome")).toBe("7.50 USD");
    expect(fact(text, "Left to refund")).toBe("80.00 USD");
    expect(words(text)).toContain("The outcome of the refund of 7.50 USD is not known yet.");
    expect(words(text)).toContain("The refund of 5.00 USD failed: No.");
  });

  it.each([
    ["JPY", "1234567", "1,234,567 JPY"],
    ["KWD", "1234.505", "1,234.505 KWD"],
    ["USD", "9999999999.99", "9,999,999,999.99 USD"],
  ])("An amount has the decimals of its currency: %s", async (currency, amount, shown) => {
    const { id } = await shop.created({ amount, currency });
    const { text } = await visitor.get(path(id));
    expect(fact(text, "Amount")).toBe(shown);
  });

  it("An authorized payment shows what can be captured, and until when", async () => {
    const { id } = await shop.created({ amount: "60.00", capture_method: "manual" });
    await shop.process(id);
    const { text } = await visitor.get(path(id));
    expect(fact(text, "Can be captured")).toBe("60.00 USD");
    expect(fact(text, "Captured")).toBe("0.00 USD");
    expect(fact(text, "Capture before")).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/);
  });
});

describe("what has happened", () => {
  it("The timeline says what each event has changed, newest first", async () => {
    const { id } = await shop.created({ amount: "60.00", capture_method: "manual" });
    await shop.process(id);
    await shop.capture(id, "40.00");
    await shop.refund(id, { amount: "1.00", reason: "Damaged" });
    const { text } = await visitor.get(path(id));
    const events = [...text.slice(text.indexOf('class="timeline')).matchAll(/<li>(.*?)<\/li>/g)];
    expect(
      events.map(([, html = ""]) =>
        words(html)
          .trim()
          .replace(/ \S+ \S+ UTC/, ""),
      ),
    ).toEqual([
      expect.stringMatching(
        /^Refund succeeded refund.succeeded · event 7 succeeded Refund of 1.00/,
      ),
      expect.stringMatching(/^Refund sent .* pending Refund of 1.00 USD Damaged$/),
      expect.stringMatching(
        /^Captured transaction.captured · event 5 processing → to completed can be captured: 60.00 USD → to 0.00 USD captured: 0.00 USD → to 40.00 USD$/,
      ),
      expect.stringMatching(/^Sent to .* authorized → to processing to capture 40.00 USD$/),
      expect.stringMatching(/^Authorized .* can be captured: 0.00 USD → to 60.00 USD$/),
      expect.stringMatching(/^Sent to the processor .* pending → to processing$/),
      expect.stringMatching(/^Created transaction.created · event 1 pending 60.00 USD$/),
    ]);
  });

  it("A declined charge shows its failure", async () => {
    const { id } = await shop.created({ metadata: { processor: "decline:no_funds" } });
    await shop.process(id);
    expect(words((await visitor.get(path(id))).text)).toContain("Failed: No. no_funds");
  });

  it("An outcome that is not known is said, and the page can be loaded again", async () => {
    const { id } = await shop.created({ metadata: { processor: "pending" } });
    await shop.process(id);
    const { text } = await visitor.get(path(id));
    expect(words(text)).toContain("The outcome of the charge is not known yet.");
    expect(text).toContain("data-waiting");
    expect(text).toContain(`href="${path(id)}">Load again`);
  });

  it("A decision of the fraud rules shows its reasons and signals", async () => {
    const { id } = await shop.created({ amount: 6000 });
    const { text } = await visitor.get(path(id));
    expect(words(text)).toMatch(/Risk 40 of 100 approve By the default rules \./);
    expect(words(text)).toContain(
      "6000 USD is above 5000 USD · amount_above_threshold , 40 points",
    );
    expect(text).toContain("customer.count.24h");
  });

  it("Webhook deliveries are shown with their attempts, to keys that may read them", async () => {
    const { id } = await shop.created();
    const attempt = {
      number: 1,
      started_at: 0,
      duration_ms: 9,
      status_code: 500,
      error: "http_status",
    };
    const delivery = {
      ...{
        id: "whd_1",
        endpoint_id: "whe_1",
        message_id: "evt_1",
        event_type: "transaction.created",
      },
      ...{ transaction_id: id, url: "https://shop.example/hooks", status: "pending" },
      ...{ log: [attempt], next_at: 1_000, created_at: 0, finished_at: null },
    };
    const { text } = await visitor.get(
      path(id),
      dispatcherThat(async () => ({ deliveries: [delivery] })),
    );
    expect(text).toContain('href="/console/webhooks/deliveries/whd_1"');
    expect(words(text)).toMatch(
      /transaction.created pending 1 · HTTP 500 next 1970-01-01 00:00:01 UTC https:\/\/shop.example\/hooks/,
    );
    const key = await newKey(shop.merchant_id, { scopes: ["transactions:read"] });
    const reader = await newVisitor(key.key);
    expect((await reader.get(path(id))).text).not.toContain("Webhook deliveries");
  });

  it("The page is shown without its deliveries while the dispatcher cannot be reached", async () => {
    const { id } = await shop.created();
    const failing = dispatcherThat(async () => {
      throw Object.assign(new Error("down"), { overloaded: true });
    });
    const { status, text } = await visitor.get(path(id), failing);
    expect(status).toBe(200);
    expect(words(text)).toContain("The deliveries are not available at the moment");
  });
});

/** A merchant's dispatcher with this log. */
const dispatcherThat = (deliveries: () => Promise<unknown>) => ({
  env: { WEBHOOKS: { getByName: () => ({ deliveries }) } },
});

describe("hostile text", () => {
  const RTL = "\u202Eevil\u2066";
  it("A payment whose customer was erased says so, and links to no customer", async () => {
    const eraser = await newEraser();
    const seen = await newVisitor(eraser.key);
    const { id } = await eraser.created({ user_id: "forgotten", description: "of theirs" });
    const { text: before } = await seen.get(path(id));
    expect(before).toContain("user_id=forgotten");
    expect(before).toContain(`${path(id)}/process`);
    await completed(eraser, await startErasing(eraser, "forgotten"));
    const { status, text } = await seen.get(path(id));
    expect(status).toBe(200);
    expect(words(text)).toContain("Customer erased");
    expect(words(text)).toContain("Customer&#39;s data erased");
    expect(text).not.toContain(`${path(id)}/process`);
    const refused = await seen.get(`${path(id)}/process`);
    expect([refused.status, words(refused.text)]).toEqual([
      409,
      expect.stringContaining("data was erased before the payment was charged"),
    ]);
    expect(text).not.toMatch(/forgotten|of theirs|user_id=/);
  });

  it("Stored text is shown as text, and cannot turn the direction of what surrounds it", async () => {
    const script = `<script>alert(1)</script><b>"'&`;
    const long = "w".repeat(490);
    const { id } = await shop.created({
      user_id: `${RTL}${script}`,
      description: `${long}${RTL}`.slice(-500),
      metadata: { [`k${RTL}`.slice(0, 40)]: `${script}${RTL}` },
    });
    const { text } = await visitor.get(path(id));
    expect(text).not.toContain("<script>alert");
    expect(text).not.toContain("<b>");
    expect(text).toContain(long);
    for (const [, before = ""] of text.matchAll(/(<[^<>]*>)[^<>]*\u202E/g)) {
      expect(before).toMatch(/^<bdi/);
    }
  });
});

describe("a payment that cannot be seen", () => {
  it("Another merchant's payment and a missing one are the same page", async () => {
    const other = await (await newClient()).created();
    const [foreign, none, no] = [
      await visitor.get(path(other.id)),
      await visitor.get(path(MISSING)),
      await visitor.get(path("no-id")),
    ];
    const withoutRequest = ({ text }: { text: string }) =>
      text.replace(/Request <code>.*?<\/code>/, "");
    expect([foreign.status, none.status, no.status]).toEqual([404, 404, 404]);
    expect(withoutRequest(foreign)).toBe(withoutRequest(none));
    expect(withoutRequest(no)).toBe(withoutRequest(none));
  });
});

describe("D1", () => {
  it("The page of a payment needs D1 for the session alone", async () => {
    const { id } = await shop.created();
    const billed: Billed[] = [];
    const recorded = { env: { DB: recordedD1(env.DB, billed) } };
    expect((await visitor.get(path(id), recorded)).status).toBe(200);
    expect(billed.filter(({ sql }) => /\b(transactions|events|refunds)\b/.test(sql))).toEqual([]);
    expect(billed.length).toBeLessThan(10);
  });

  it("The page of a payment is complete while D1 fails", async () => {
    const { id } = await shop.created();
    await visitor.get(path(id));
    const prepare = () => {
      throw new Error("down");
    };
    const { status, text } = await visitor.get(path(id), { env: { DB: { prepare } } });
    expect(status).toBe(200);
    expect(text).toContain("Timeline");
  });
});
