/** No field of any request can carry a card number to where it would be stored. The fields come from
 *  openapi.json: a new one without a row here fails. */
import { beforeAll, expect, it } from "vitest";
import document from "../../../../openapi.json";
import {
  admin,
  type Client,
  freshKey,
  newClient,
  problem,
  TRANSACTIONS,
} from "../../../support/api";

const CARD = "4242 4242 4242 4242";
const RUN = "4242424242424242";

let shop: Client;
beforeAll(async () => {
  shop = await newClient();
});

type Schema = {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  format?: string;
  pattern?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
};

const schemas = document.components.schemas as unknown as Record<string, Schema>;

/** The places in a schema where a client can put text of its own, as JSON pointers. */
function textsOf(given: Schema, pointer = "#", within: string[] = []): string[] {
  const name = given.$ref?.split("/").at(-1);
  if (name !== undefined && within.includes(name)) return [];
  const schema = name === undefined ? given : (schemas[name] ?? {});
  const inner = name === undefined ? within : [...within, name];
  const isText = [schema.type].flat().includes("string");
  // What these let through is no text of the client's.
  const isOurs = schema.enum !== undefined || schema.format === "date-time";
  const { properties = {}, additionalProperties: others, items } = schema;
  return [
    ...(isText && !isOurs ? [pointer] : []),
    ...[schema.anyOf, schema.oneOf, schema.allOf].flatMap((all = []) =>
      all.flatMap((one) => textsOf(one, pointer, inner)),
    ),
    ...Object.entries(properties).flatMap(([member, one]) =>
      textsOf(one, `${pointer}/${member}`, inner),
    ),
    ...(typeof others === "object"
      ? [`${pointer}/NAME`, ...textsOf(others, `${pointer}/VALUE`, inner)]
      : []),
    ...(items ? textsOf(items, `${pointer}/0`, inner) : []),
  ];
}

type Operation = { requestBody?: { content: { "application/json": { schema: Schema } } } };
const fields = Object.entries(
  document.paths as unknown as Record<string, Record<string, Operation>>,
)
  .flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { requestBody }]) => {
      const schema = requestBody?.content["application/json"].schema;
      const start = `${method.toUpperCase()} ${path.replace("/api/v1", "")}`;
      return schema ? textsOf(schema).map((pointer) => `${start} ${pointer}`) : [];
    }),
  )
  .filter((field, at, all) => all.indexOf(field) === at)
  .sort();

/** Texts that cannot hold more than what their form says, or that are not kept. */
const OTHERWISE: Record<string, RegExp> = {
  "a decimal number":
    /(#|\/items\/0)\/amount$|\/amount\/(above|multiple_of)(\/VALUE)?$|\/when\/above(\/VALUE)?$/,
  "a currency code": /\/(default_)?currency(\/0)?$|\/(above|multiple_of)\/NAME$/,
  "a time that is not looked at": /\/created_at$/,
  "a cursor of ours": /#\/cursor$/,
  "signed by Stripe, and cleaned before it is kept": /^POST \/processors\/stripe\/events /,
  "the id of a merchant, which is looked up and not kept": /#\/merchant_id$/,
  "an idempotency key, which is refused as one": /\/idempotency_key$/,
};

type Asked = { body: object; pointer?: string; send: (body: object) => Promise<Response> };
const create = (body: object) => shop.create(body);
const review = (body: object) =>
  shop.ask("POST", `${TRANSACTIONS}/txn_${"a".repeat(26)}/review`, body);
const list = (body: object) => shop.ask("POST", "/api/v1/risk/lists", body);
const rules = (body: object) => shop.ask("PUT", "/api/v1/risk/rules", body);
const backtest = (body: object) => shop.ask("POST", "/api/v1/risk/backtest", body);
const endpoint = (body: object) => shop.ask("POST", "/api/v1/webhook-endpoints", body);
const change = (body: object) =>
  shop.ask("PATCH", `/api/v1/webhook-endpoints/whe_${"a".repeat(26)}`, body);
const merchant = (body: object) => admin("/api/v1/merchants", body);
const apiKey = (body: object) => admin(`/api/v1/merchants/${shop.merchant_id}/api-keys`, body);
const resolve = (body: object) =>
  admin(`/api/v1/operations/charges/txn_${"a".repeat(26)}/resolve`, body);
const resolveRefund = (body: object) =>
  admin(`/api/v1/operations/refunds/re_${"a".repeat(26)}_${"a".repeat(16)}/resolve`, body);

const refund = (body: object) => shop.refund(`txn_${"a".repeat(26)}`, body);
/** An item of a batch: its own problem. */
const batch = async ({ items: [item] = [] }: { items?: object[] }): Promise<Response> => {
  const items = [{ idempotency_key: freshKey(), user_id: "user_1", amount: 1, ...item }];
  const { data } = (await (await shop.batch(items)).json()) as {
    data: { status: number; problem: object }[];
  };
  return Response.json(data[0]?.problem, { status: data[0]?.status ?? 0 });
};

const URL = `https://hooks.shop.com/${RUN}`;
const rule = (fields: object) => ({
  id: "a",
  outcome: "block",
  when: { listed: "block", field: "ip" },
  ...fields,
});

const ruleSet = (fields: object) => ({ version: 0, rules: [rule(fields)] });
const RULES: [string, object, string][] = [
  ["/id", { id: RUN }, "/id"],
  [
    "/when/velocity/of",
    { when: { velocity: { of: `metadata.${RUN}`, measure: "count", window: "1h" }, above: 1 } },
    "/when/velocity/of",
  ],
  ["/when/metadata", { when: { metadata: RUN, is_present: true } }, "/when/metadata"],
  ["/when/in/0", { when: { metadata: "ip", in: [CARD] } }, "/when/in/0"],
];

const said = { outcome: "settled", reason: "Known", resolved_by: "ann" };

/** The fields of a create, with a request's body that has a card number there, and its place. */
const CREATED: [string, object, string?][] = [
  ["/user_id", { user_id: RUN }],
  ["/description", { description: CARD }],
  ["/webhook_url", { webhook_url: URL }],
  ["/payment_method", { payment_method: `pm_${RUN}` }],
  ["/customer", { customer: RUN }],
  ["/return_url", { return_url: URL }],
  ["/metadata/NAME", { metadata: { [RUN]: "a" } }, `/metadata/${RUN}`],
  ["/metadata/VALUE", { metadata: { a: CARD } }, "/metadata/a"],
];

/** For each field a request that has a card number there and is right otherwise. */
const ASKED: Record<string, Asked> = {
  ...Object.fromEntries(
    CREATED.flatMap(([field, body, place = field]): [string, Asked][] => [
      [`POST /transactions #${field}`, { body, pointer: `#${place}`, send: create }],
      [
        `POST /transactions/batch #/items/0${field}`,
        { body: { items: [body] }, pointer: `#/items/0${place}`, send: batch },
      ],
    ]),
  ),
  "POST /transactions/{id}/refunds #/reason": { body: { reason: CARD }, send: refund },
  "POST /transactions/{id}/refunds #/metadata/NAME": {
    body: { metadata: { [RUN]: "a" } },
    pointer: `#/metadata/${RUN}`,
    send: refund,
  },
  "POST /transactions/{id}/refunds #/metadata/VALUE": {
    body: { metadata: { a: CARD } },
    pointer: "#/metadata/a",
    send: refund,
  },
  "POST /transactions/{id}/review #/reviewer": {
    body: { decision: "approve", reviewer: CARD },
    send: review,
  },
  "POST /transactions/{id}/review #/note": {
    body: { decision: "approve", note: CARD },
    send: review,
  },
  "POST /risk/lists #/value": {
    body: { list: "block", field: "card_fingerprint", value: RUN },
    send: list,
  },
  "POST /risk/lists #/note": {
    body: { list: "block", field: "ip", value: "203.0.113.7", note: CARD },
    send: list,
  },
  "POST /webhook-endpoints #/url": { body: { url: URL }, send: endpoint },
  "POST /webhook-endpoints #/description": {
    body: { url: "https://hooks.shop.com/", description: CARD },
    send: endpoint,
  },
  "PATCH /webhook-endpoints/{id} #/url": { body: { url: URL }, send: change },
  "PATCH /webhook-endpoints/{id} #/description": { body: { description: CARD }, send: change },
  "POST /merchants #/name": { body: { name: CARD }, send: merchant },
  "POST /merchants/{id}/api-keys #/name": { body: { name: CARD }, send: apiKey },
  "POST /operations/charges/{transaction_id}/resolve #/reason": {
    body: { ...said, reason: CARD },
    send: resolve,
  },
  "POST /operations/charges/{transaction_id}/resolve #/resolved_by": {
    body: { ...said, resolved_by: RUN },
    send: resolve,
  },
  "POST /operations/refunds/{refund_id}/resolve #/reason": {
    body: { ...said, reason: CARD },
    send: resolveRefund,
  },
  "POST /operations/refunds/{refund_id}/resolve #/resolved_by": {
    body: { ...said, resolved_by: RUN },
    send: resolveRefund,
  },
  ...Object.fromEntries(
    RULES.flatMap(([field, fields, pointer]) => [
      [
        `PUT /risk/rules #/rules/0${field}`,
        { body: ruleSet(fields), pointer: `#/rules/0${pointer}`, send: rules },
      ],
      [
        `POST /risk/backtest #/rule_set/rules/0${field}`,
        {
          body: { rule_set: ruleSet(fields) },
          pointer: `#/rule_set/rules/0${pointer}`,
          send: backtest,
        },
      ],
    ]),
  ),
};

it("Every text that a client may send in a body has a request here or a reason to have none", () => {
  const reasons = Object.values(OTHERWISE);
  const known = (field: string) => field in ASKED || reasons.some((form) => form.test(field));
  expect(fields.length).toBeGreaterThan(20);
  expect(fields.filter((field) => !known(field))).toEqual([]);
  expect(Object.keys(ASKED).filter((field) => !fields.includes(field))).toEqual([]);
  for (const form of reasons) expect(fields.some((field) => form.test(field))).toBe(true);
});

it.each(Object.keys(ASKED))("A card number is refused by name of the field: %s", async (field) => {
  const asked = ASKED[field];
  if (!asked) throw new Error("no such row");
  const { body, send, pointer = field.slice(field.indexOf("#")) } = asked;
  const response = await send(body);
  expect(await problem(response)).toMatchObject({
    status: 400,
    code: "card_number_refused",
    errors: expect.arrayContaining([expect.objectContaining({ pointer })]),
  });
});

it("A customer on a list that is a card number is refused", async () => {
  const refused = await list({ list: "block", field: "customer", value: RUN });
  expect(await problem(refused)).toMatchObject({
    code: "card_number_refused",
    errors: [{ pointer: "#/value" }],
  });
});

it("An idempotency key that is a card number is refused", async () => {
  const refused = await shop.create({}, RUN);
  expect(await problem(refused)).toMatchObject({ status: 400, code: "idempotency_key_invalid" });
  expect((await shop.create({}, freshKey())).status).toBe(201);
});
