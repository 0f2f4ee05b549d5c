/** Creating a payment in the console: in two steps, once, and with each fault beside its field. */
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { forgetSessions } from "../../../../src/console/access/session";
import { type Client, newClient, processorDid, TRANSACTIONS } from "../../../support/api";
import { newVisitor, type Page, type Visitor } from "../../../support/console";
import { env } from "../../../support/env";
import { newKey } from "../../../support/merchants-api";
import { rule, written } from "../../../support/risk-api";

const PAYMENTS = "/console/payments";
const NEW = `${PAYMENTS}/new`;
const ENTRY = { user_id: "customer_1", amount: "12.50", currency: "USD" };

type Fields = Record<string, string>;
type Stored = {
  id: string;
  status: string;
  amount_minor: number;
  idempotency_key: string;
  metadata: Fields;
};

let shop: Client;
let visitor: Visitor;

beforeAll(async () => {
  shop = await newClient();
  await written(shop, { rules: [rule({ currency: ["EUR"] }, { outcome: "review" })] });
  visitor = await newVisitor(shop.key);
});

afterEach(forgetSessions);

const decode = (html: string): string =>
  html
    .replaceAll("&quot;", '"')
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
const words = ({ text }: Page): string =>
  decode(text.replace(/<[^>]+>/g, " ").replace(/\s+/g, " "));

/** The fields of the page's form as a browser sends them. */
function fieldsOf({ text }: Page): Fields {
  const form = /<form[^>]*class="card stack action-form".*?<\/form>/s.exec(text)?.[0] ?? "";
  const fields: Fields = {};
  for (const [input] of form.matchAll(/<input[^>]*>/g)) {
    const name = /name="(\w+)"/.exec(input)?.[1] ?? "";
    const isSent = !input.includes('type="checkbox"') || / checked/.test(input);
    if (isSent) fields[name] = decode(/ value="([^"]*)"/.exec(input)?.[1] ?? "");
  }
  for (const [, name = "", value = ""] of form.matchAll(
    /<textarea[^>]*name="(\w+)"[^>]*>([^<]*)</g,
  ))
    fields[name] = decode(value);
  for (const [, name = "", options = ""] of form.matchAll(
    /<select[^>]*name="(\w+)"[^>]*>(.*?)<\/sel/gs,
  ))
    fields[name] = /value="(\w+)" selected/.exec(options)?.[1] ?? "";
  return fields;
}

/** Enters a payment and comes to its confirmation. */
async function confirmation(entered: Fields = {}, by = visitor): Promise<Page> {
  const form = await by.get(NEW);
  expect(form.status, form.text).toBe(200);
  return by.post(NEW, { ...fieldsOf(form), ...ENTRY, ...entered });
}
const confirm = (fields: Fields) => visitor.post(NEW, { ...fields, step: "create" });
const faultOf = ({ text }: Page, name: string) =>
  decode(new RegExp(`id="${name}-fault"[^>]*>([^<]*)<`).exec(text)?.[1] ?? "");

async function paymentsOf(user_id: string): Promise<Stored[]> {
  const response = await shop.get(`${TRANSACTIONS}?user_id=${user_id}`);
  return ((await response.json()) as { data: Stored[] }).data;
}
const idIn = ({ location }: Page): string => /txn_\w+/.exec(location ?? "")?.[0] ?? "";

describe("the way to the form", () => {
  it("The list, an empty list and an empty overview lead to the form", async () => {
    const { key } = await newClient();
    const empty = await newVisitor(key);
    expect((await empty.get(PAYMENTS)).text.split(`href="${NEW}"`)).toHaveLength(3);
    expect((await empty.get("/console")).text).toContain(`href="${NEW}"`);
    expect(fieldsOf(await empty.get(NEW))).toMatchObject({
      currency: "USD",
      capture_method: "automatic",
      process: "yes",
    });
  });

  it("A key that may not create payments sees no way to the form, and is refused", async () => {
    const { key } = await newKey(shop.merchant_id, { scopes: ["transactions:read"] });
    const reader = await newVisitor(key);
    expect((await reader.get(PAYMENTS)).text).not.toContain(NEW);
    expect((await reader.get(NEW)).status).toBe(403);
    const fields = { ...ENTRY, user_id: "reader", once: "a".repeat(32), step: "create" };
    expect((await reader.post(NEW, fields)).status).toBe(403);
    expect(await paymentsOf("reader")).toEqual([]);
  });
});

describe("a payment", () => {
  it("The confirmation names the amount, the currency and the customer, and nothing is done before it", async () => {
    const page = await confirmation({
      user_id: "named",
      description: "Two books",
      currency: "usd",
    });
    expect(page.status).toBe(200);
    expect(words(page)).toContain("Charge 12.50 USD to named");
    expect(words(page)).toContain("Two books");
    expect(page.text).toContain("Create and charge");
    expect(await paymentsOf("named")).toEqual([]);
  });

  it("A confirmed payment is created and charged once, however often the form is sent", async () => {
    const fields = fieldsOf(await confirmation({ user_id: "once", metadata: "order_id=1001" }));
    const pages = [
      ...(await Promise.all([confirm(fields), confirm(fields)])),
      await confirm(fields),
    ];
    const id = idIn(pages[0] as Page);
    for (const page of pages) {
      expect(page).toMatchObject({ status: 303, location: `${PAYMENTS}/${id}?notice=charged` });
    }
    const [payment, ...others] = await paymentsOf("once");
    expect(others).toEqual([]);
    expect(payment).toMatchObject({
      ...{ id, status: "completed", amount_minor: 1250, idempotency_key: fields.once },
      metadata: { order_id: "1001" },
    });
    expect((await processorDid(id)).done.charge).toBe(1);
  });

  it.each([
    [
      "is only created",
      { process: "" },
      "Create a payment of 12.50 USD",
      "pending",
      "payment_created",
    ],
    [
      "is authorized",
      { capture_method: "manual" },
      "Authorize 12.50 USD",
      "authorized",
      "authorized",
    ],
    ["is held for review", { currency: "EUR" }, "Charge 12.50 EUR", "review", "payment_held"],
  ])(
    "A payment that %s leads to its page, with a notice",
    async (_, entered, said, status, notice) => {
      const page = await confirmation({ user_id: status, ...entered } as Fields);
      expect(words(page)).toContain(said);
      const created = await confirm(fieldsOf(page));
      expect(created.location).toBe(`${PAYMENTS}/${idIn(created)}?notice=${notice}`);
      expect(await paymentsOf(status)).toMatchObject([{ status }]);
      expect((await visitor.follow(created)).text).toContain('class="notice done"');
    },
  );

  it("What was entered can be changed before it is confirmed", async () => {
    const entered = { user_id: '<b>"changed"', metadata: "a=1\nb=2=3", process: "" };
    const confirmed = fieldsOf(await confirmation(entered));
    const form = await visitor.post(NEW, { ...confirmed, step: "change" });
    const { process: _, ...kept } = entered;
    expect(fieldsOf(form)).toMatchObject({ ...ENTRY, ...kept, once: confirmed.once });
    expect(fieldsOf(form).process).toBeUndefined();
  });

  it("A form that failed because of a fault can be sent again, and makes one payment", async () => {
    const fields = fieldsOf(await confirmation({ user_id: "lost" }));
    const lose = async (done: Promise<unknown>) => {
      await done;
      throw Object.assign(new Error("lost"), { overloaded: true });
    };
    const failing = {
      getByName: (name: string) => {
        const owner = env.TRANSACTIONS.getByName(name);
        return {
          executeBatch: (...given: Parameters<typeof owner.executeBatch>) =>
            lose(owner.executeBatch(...given)),
          create: (...given: Parameters<typeof owner.create>) => lose(owner.create(...given)),
        };
      },
    };
    const sent = { env: { TRANSACTIONS: failing } };
    const page = await visitor.post(NEW, { ...fields, step: "create" }, sent);
    expect(page.status).toBe(503);
    expect(page.headers.get("Retry-After")).toBe("2");
    expect(page.text).toMatch(/role="alert"[^>]*>[^<]*unavailable/);
    expect(fieldsOf(page)).toEqual(fields);
    expect((await confirm(fieldsOf(page))).location).toContain("notice=charged");
    expect(await paymentsOf("lost")).toHaveLength(1);
  });

  it("A form that was sent is not used for another payment, and leads to the one that it made", async () => {
    const fields = fieldsOf(await confirmation({ user_id: "twice", process: "" }));
    const id = idIn(await confirm(fields));
    const page = await confirm({ ...fields, amount: "13" });
    expect(page.status).toBe(422);
    expect(words(page)).toContain("This form was already sent");
    expect(page.text).toContain(`href="${PAYMENTS}/${id}"`);
    expect(await paymentsOf("twice")).toMatchObject([{ amount_minor: 1250 }]);
  });

  it("A form without its token is refused, and does nothing", async () => {
    const { once: _, ...fields } = fieldsOf(await confirmation({ user_id: "tokenless" }));
    expect((await confirm(fields)).status).toBe(400);
    expect(await paymentsOf("tokenless")).toEqual([]);
  });
});

describe("a faulty entry", () => {
  it.each([
    ["user_id", "", "1 character"],
    ["amount", "1.005", "must have at most 2 decimal places in USD"],
    ["amount", "1,000", "decimal number"],
    ["amount", "0", "greater than 0"],
    ["currency", "XYZ", "ISO 4217"],
    ["capture_method", "later", "automatic, manual"],
    ["description", "4242 4242 4242 4242", "card number"],
    ["payment_method", "pm-1", "token"],
    ["metadata", "order 1001", "Line 1 is not name=value."],
    ["metadata", "a=1\n\n a = 2", "Line 3 repeats the name a."],
    ["metadata", "__proto__=1", "not an allowed name"],
    ["metadata", `long=${"x".repeat(501)}`, "500"],
  ])(
    "It is named beside its field before the confirmation, and kept: %s %j",
    async (name, value, said) => {
      const page = await confirmation({ user_id: "faulty", description: "Kept", [name]: value });
      expect(page.status).toBe(400);
      expect(faultOf(page, name).toLowerCase()).toContain(said.toLowerCase());
      expect(page.text).toMatch(new RegExp(`id="${name}"[^>]*aria-invalid="true"`));
      const kept = name === "capture_method" ? {} : { [name]: value };
      expect(fieldsOf(page)).toMatchObject({ description: "Kept", ...kept });
      expect(await paymentsOf("faulty")).toEqual([]);
    },
  );

  it("A fault that only the API finds is shown beside its field", async () => {
    const fields = fieldsOf(await confirmation({ user_id: "withdrawn", currency: "HRK" }));
    const page = await confirm(fields);
    expect(page.status).toBe(400);
    expect(faultOf(page, "currency")).not.toBe("");
    expect(fieldsOf(page)).toMatchObject({ user_id: "withdrawn", currency: "HRK" });
  });
});
