/** What can be done with a payment in the console: in two steps, once, and never on what has changed meanwhile. */
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { forgetSessions } from "../../../../src/console/access/session";
import { type Client, newClient, processorDid } from "../../../support/api";
import { newVisitor, type Page, type Visitor } from "../../../support/console";
import { env } from "../../../support/env";
import { newKey } from "../../../support/merchants-api";
import { rule, USD, written } from "../../../support/risk-api";

const path = (id: string, action = "") => `/console/payments/${id}${action && `/${action}`}`;
let shop: Client;
let visitor: Visitor;

beforeAll(async () => {
  shop = await newClient();
  visitor = await newVisitor(shop.key);
});

afterEach(forgetSessions);

/** The fields of the action's form on a page, as they are. */
function fieldsOf({ text }: Page): Record<string, string> {
  const form = /<form[^>]*class="card stack action-form".*?<\/form>/s.exec(text)?.[0] ?? "";
  const inputs = [...form.matchAll(/<input[^>]*name="(\w+)"[^>]*value="([^"]*)"/g)];
  const textarea = /<textarea[^>]*name="(\w+)"[^>]*>([^<]*)</.exec(form);
  const fields = [...inputs, ...(textarea ? [textarea] : [])];
  return Object.fromEntries(fields.map(([, name = "", value = ""]) => [name, value]));
}

const words = (html: string): string => html.replace(/<[^>]+>/g, " ").replace(/\s+/g, " ");

/** Opens the form, enters something, and comes to the confirmation. */
async function confirmation(
  id: string,
  action: string,
  entered: Record<string, string> = {},
  by = visitor,
) {
  const form = await by.get(path(id, action));
  expect(form.status, form.text).toBe(200);
  return by.post(path(id, action), { ...fieldsOf(form), ...entered });
}

const charged = async (fields: object = {}) => {
  const { id } = await shop.created({ amount: "100.00", currency: "USD", ...fields });
  await shop.process(id);
  return id;
};
const authorized = () => charged({ capture_method: "manual" });
const refundsOf = async (id: string) =>
  (
    (await (await shop.get(`/api/v1/transactions/${id}/refunds`)).json()) as {
      data: { amount_minor: number }[];
    }
  ).data;

describe("the buttons", () => {
  const buttonsOn = async (id: string, by = visitor) => {
    const { text } = await by.get(path(id));
    return [...text.matchAll(/href="\/console\/payments\/txn_\w+\/(\w+)"/g)].map(
      ([, name]) => name,
    );
  };

  it("A payment's page offers what its status allows", async () => {
    const { id: pending } = await shop.created();
    expect(await buttonsOn(pending)).toEqual(["process", "cancel"]);
    expect(await buttonsOn(await authorized())).toEqual(["capture", "cancel"]);
    const completed = await charged();
    expect(await buttonsOn(completed)).toEqual(["refund"]);
    await shop.refund(completed);
    expect(await buttonsOn(completed)).toEqual([]);
  });

  it("A key that may not change payments sees no buttons, and is refused", async () => {
    const { id } = await shop.created();
    const { key } = await newKey(shop.merchant_id, { scopes: ["transactions:read"] });
    const reader = await newVisitor(key);
    expect(await buttonsOn(id, reader)).toEqual([]);
    expect((await reader.get(path(id, "process"))).status).toBe(403);
    expect((await reader.post(path(id, "process"), { confirm: "yes" })).status).toBe(403);
    expect((await shop.find(id)).status).toBe("pending");
  });
});

describe("a refund", () => {
  it("The confirmation names the amount, the currency and the customer, and nothing is done before it", async () => {
    const id = await charged({ user_id: "customer_1" });
    const page = await confirmation(id, "refund", { amount: "12.50", reason: "Damaged" });
    expect(page.status).toBe(200);
    expect(words(page.text)).toContain("Refund 12.50 USD of 100.00 USD to customer_1");
    expect(words(page.text)).toContain("Reason: Damaged");
    expect(await refundsOf(id)).toEqual([]);
  });

  it("A confirmed refund is made once, however often the form is sent", async () => {
    const id = await charged();
    const fields = fieldsOf(
      await confirmation(id, "refund", { amount: "12.50", reason: "Damaged" }),
    );
    const [one, other] = await Promise.all([
      visitor.post(path(id, "refund"), fields),
      visitor.post(path(id, "refund"), fields),
    ]);
    const later = await visitor.post(path(id, "refund"), fields);
    for (const page of [one, other, later]) {
      expect(page).toMatchObject({ status: 303, location: `${path(id)}?notice=refunded` });
    }
    expect(await refundsOf(id)).toEqual([
      expect.objectContaining({
        amount_minor: 1250,
        reason: "Damaged",
        idempotency_key: fields.key,
      }),
    ]);
    expect((await processorDid(id)).done.refund).toBe(1);
  });

  it("A form that failed because of a fault can be sent again, and makes one refund", async () => {
    const id = await charged();
    const fields = fieldsOf(await confirmation(id, "refund", { amount: "5" }));
    const failing = {
      getByName: (name: string) => {
        const owner = env.TRANSACTIONS.getByName(name);
        return {
          find: (...given: Parameters<typeof owner.find>) => owner.find(...given),
          refunds: (...given: Parameters<typeof owner.refunds>) => owner.refunds(...given),
          refund: async (...given: Parameters<typeof owner.refund>) => {
            await owner.refund(...given);
            throw Object.assign(new Error("lost"), { overloaded: true });
          },
        };
      },
    };
    const page = await visitor.post(path(id, "refund"), fields, { env: { TRANSACTIONS: failing } });
    expect(page.status).toBe(503);
    expect(page.text).toMatch(/role="alert"[^>]*>[^<]*unavailable/);
    expect(fieldsOf(page)).toEqual(fields);
    const again = await visitor.post(path(id, "refund"), fieldsOf(page));
    expect(again.location).toBe(`${path(id)}?notice=refunded`);
    expect(await refundsOf(id)).toHaveLength(1);
  });

  it("The form has one key from the first step to the last, and another form has another", async () => {
    const id = await charged();
    const form = await visitor.get(path(id, "refund"));
    const { key = "" } = fieldsOf(form);
    expect(key).toMatch(/^console_[a-z2-7]{26}$/);
    const faulty = await visitor.post(path(id, "refund"), { ...fieldsOf(form), amount: "x" });
    const confirm = await visitor.post(path(id, "refund"), { ...fieldsOf(faulty), amount: "1" });
    expect([fieldsOf(faulty).key, fieldsOf(confirm).key]).toEqual([key, key]);
    expect(fieldsOf(await visitor.get(path(id, "refund"))).key).not.toBe(key);
  });

  it("A form that was sent is not used for another amount", async () => {
    const id = await charged();
    const fields = fieldsOf(await confirmation(id, "refund", { amount: "1" }));
    await visitor.post(path(id, "refund"), fields);
    const page = await visitor.post(path(id, "refund"), { ...fields, amount: "2" });
    expect(page.status).toBe(422);
    expect(words(page.text)).toContain("This form was already sent");
    expect(words(page.text)).toContain("Refund of 1.00 USD");
    expect(await refundsOf(id)).toHaveLength(1);
  });

  it.each([
    ["USD", "100.00", "100.01", "must be at most 100.00 USD, which is left to refund."],
    ["USD", "100.00", "1.005", "must have at most 2 decimal places in USD."],
    ["USD", "100.00", "", "must be a decimal number"],
    ["USD", "100.00", "-1", "must be greater than 0."],
    ["JPY", "1500", "1.5", "must have at most 0 decimal places in JPY."],
    ["KWD", "1.505", "1.5051", "must have at most 3 decimal places in KWD."],
  ])(
    "A faulty amount is named beside its field, and kept: %s %s, %s",
    async (currency, amount, entered, message) => {
      const id = await charged({ currency, amount });
      const page = await confirmation(id, "refund", { amount: entered, reason: "Kept" });
      expect(page.status).toBe(400);
      expect(/id="amount-fault"[^>]*>([^<]*)</.exec(page.text)?.[1]).toContain(
        `The amount ${message}`,
      );
      expect(page.text).toMatch(/id="amount"[^>]*aria-invalid="true"/);
      expect(fieldsOf(page)).toMatchObject({ amount: entered, reason: "Kept" });
    },
  );

  it("A fault that only the API finds is shown beside its field", async () => {
    const id = await charged();
    const card = "4242 4242 4242 4242";
    const fields = fieldsOf(await confirmation(id, "refund", { amount: "1", reason: card }));
    const page = await visitor.post(path(id, "refund"), fields);
    expect(page.status).toBe(400);
    expect(/id="reason-fault"[^>]*>([^<]*)</.exec(page.text)?.[1]).toContain("card number");
    expect(await refundsOf(id)).toEqual([]);
  });
});

describe("a stale page", () => {
  it("A refund by a second operator is refused, with what has happened since", async () => {
    const id = await charged();
    const [first, second] = [
      fieldsOf(await confirmation(id, "refund", { amount: "80" })),
      fieldsOf(await confirmation(id, "refund", { amount: "20" })),
    ];
    await visitor.post(path(id, "refund"), first);
    const page = await visitor.post(path(id, "refund"), second);
    expect(page.status).toBe(412);
    expect(words(page.text)).toContain("The payment has changed");
    expect(words(page.text)).toContain("What has happened since");
    expect(words(page.text)).toContain("Refund of 80.00 USD");
    expect(words(page.text)).not.toContain("transaction.completed");
    expect(page.text).toContain(`href="${path(id)}">To the payment as it is now`);
    expect(await refundsOf(id)).toHaveLength(1);
  });

  it("A form that was opened before a change is refused before its confirmation", async () => {
    const id = await charged();
    const fields = fieldsOf(await visitor.get(path(id, "refund")));
    await shop.refund(id, { amount: "1" });
    const page = await visitor.post(path(id, "refund"), fields);
    expect(page.status).toBe(409);
    expect(words(page.text)).toContain("Refund of 1.00 USD");
  });

  it("A charge of a payment that was cancelled meanwhile is refused", async () => {
    const { id } = await shop.created();
    const fields = fieldsOf(await visitor.get(path(id, "process")));
    await shop.cancel(id);
    const page = await visitor.post(path(id, "process"), fields);
    expect([409, 412]).toContain(page.status);
    expect(words(page.text)).toMatch(/Cancelled \S+ \S+ UTC transaction.cancelled/);
    expect((await processorDid(id)).done.charge).toBe(0);
  });

  it("What is not possible any more is said when its page is opened", async () => {
    const id = await charged();
    const page = await visitor.get(path(id, "cancel"));
    expect(page.status).toBe(409);
    expect(words(page.text)).toContain("is not possible while the status is completed");
  });
});

describe("charging and capturing", () => {
  it("A charge is confirmed and made once", async () => {
    const { id } = await shop.created({
      amount: "1234567",
      currency: "JPY",
      user_id: "customer_2",
    });
    const form = await visitor.get(path(id, "process"));
    expect(words(form.text)).toContain("Charge 1,234,567 JPY to customer_2");
    const sent = await Promise.all([
      visitor.post(path(id, "process"), fieldsOf(form)),
      visitor.post(path(id, "process"), fieldsOf(form)),
    ]);
    for (const page of sent) expect(page.location).toBe(`${path(id)}?notice=charged`);
    expect(await processorDid(id)).toMatchObject({ taken: 1234567, done: { charge: 1 } });
  });

  it("A declined charge leads to the payment, which shows the failure and no success", async () => {
    const { id } = await shop.created({ metadata: { processor: "decline:no_funds" } });
    const sent = await visitor.post(
      path(id, "process"),
      fieldsOf(await visitor.get(path(id, "process"))),
    );
    const page = await visitor.follow(sent);
    expect(words(page.text)).toContain("Failed: No. no_funds");
    expect(page.text).not.toContain('class="notice done"');
  });

  it("A charge without an outcome leads to the payment, which says so and offers to load it again", async () => {
    const { id } = await shop.created({ metadata: { processor: "pending" } });
    const sent = await visitor.post(
      path(id, "process"),
      fieldsOf(await visitor.get(path(id, "process"))),
    );
    expect(sent.location).toBe(path(id));
    const page = await visitor.follow(sent);
    expect(words(page.text)).toContain("The outcome of the charge is not known yet.");
  });

  it("A part is captured, and the confirmation says what is released", async () => {
    const id = await authorized();
    const page = await confirmation(id, "capture", { amount: "60.00" });
    expect(words(page.text)).toContain("Capture 60.00 USD of 100.00 USD");
    expect(words(page.text)).toContain("the rest, 40.00 USD, is released");
    const sent = await visitor.post(path(id, "capture"), fieldsOf(page));
    expect(sent.location).toBe(`${path(id)}?notice=captured`);
    expect(await processorDid(id)).toMatchObject({ taken: 6000, done: { capture: 1 } });
  });

  it("A refused cancellation leaves the payment authorized, and says why", async () => {
    const id = await charged({
      capture_method: "manual",
      metadata: { processor_void: "decline:late" },
    });
    const sent = await visitor.post(
      path(id, "cancel"),
      fieldsOf(await visitor.get(path(id, "cancel"))),
    );
    const page = await visitor.follow(sent);
    expect(words(page.text)).toContain("The processor refused the last request: No. late");
  });
});

describe("a review", () => {
  const held = async () => {
    const client = await newClient();
    await written(client, { rules: [rule(USD, { outcome: "review" })] });
    const payment = await client.created({ user_id: "customer_3", amount: "100.00" });
    expect(payment.status).toBe("review");
    return { client, id: payment.id, reviewer: await newVisitor(client.key) };
  };

  it("The buttons of a review lead to its pages, for keys that may decide", async () => {
    const { client, id, reviewer } = await held();
    const { text } = await reviewer.get(path(id));
    for (const decision of ["approve", "reject"]) {
      const href = `/console/reviews/${id}/${decision}?from=payment`;
      expect(text).toContain(`href="${href}"`);
      expect((await reviewer.get(href)).status).toBe(200);
    }
    const { key } = await newKey(client.merchant_id, { scopes: ["transactions:read"] });
    expect((await (await newVisitor(key)).get(path(id))).text).not.toContain("/console/reviews/");
  });
});

describe("a form", () => {
  it("A form without its version or key does nothing", async () => {
    const { id } = await shop.created();
    for (const fields of [
      {},
      { version: "1" },
      { version: "x", key: `console_${"a".repeat(26)}` },
    ]) {
      const page = await visitor.post(path(id, "process"), { confirm: "yes", ...fields });
      expect(page.status).toBe(400);
    }
    expect((await shop.find(id)).status).toBe("pending");
  });

  it("Another merchant's payment and a missing one are the same page", async () => {
    const other = await (await newClient()).created();
    const fields = { confirm: "yes", version: "1", key: `console_${"a".repeat(26)}` };
    const pages = await Promise.all(
      [other.id, `txn_${"a".repeat(26)}`].flatMap((id) => [
        visitor.get(path(id, "process")),
        visitor.post(path(id, "process"), fields),
      ]),
    );
    const texts = pages.map(({ text }) => text.replace(/Request <code>.*?<\/code>/, ""));
    expect(pages.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    expect(new Set(texts).size).toBe(1);
  });

  it("Hostile text is text, also in a confirmation", async () => {
    const id = await charged({ user_id: "<b>\u202E" });
    const page = await confirmation(id, "refund", {
      amount: "1",
      reason: `"><script>alert(1)</script>`,
    });
    expect(page.text).not.toMatch(/<script>alert|<b>/);
    expect(page.text).toContain("<bdi>&lt;b&gt;\u202E</bdi>");
  });
});
