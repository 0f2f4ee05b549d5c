/** One unit of length: code points. Text as long as openapi.json allows is taken, also when each character is two
 *  UTF-16 units, and one more is refused. */
import { beforeAll, expect, it } from "vitest";
import document from "../../../../openapi.json";
import { admin, type Client, newClient } from "../../../support/api";
import { ask, createWith, expectRefusal, jsonOf, pointersOf } from "../../../support/contract";

const EMOJI = "😀";
const json = { "Content-Type": "application/json" };
let shop: Client;
beforeAll(async () => {
  shop = await newClient();
});

type Body = Record<string, unknown>;
const payment = { user_id: "u", amount: 1 };
let creates = 0;
const create = (body: Body) => createWith(shop.key, `length-${creates++}`, JSON.stringify(body));
const post = (path: string, body: Body) =>
  ask(path, { key: shop.key, headers: json, body: JSON.stringify(body) });
const list = (body: Body) => post("/api/v1/risk/lists", { list: "block", ...body });

/** Each field of free text: how it is sent, and the pointer of its fault. */
const FIELDS: Record<string, [number, string, (text: string) => Promise<Response>]> = {
  user_id: [128, "#/user_id", (user_id) => create({ ...payment, user_id })],
  description: [500, "#/description", (description) => create({ ...payment, description })],
  "a metadata name": [
    40,
    "#/metadata",
    (name) => create({ ...payment, metadata: { [name]: "x" } }),
  ],
  "a metadata value": [500, "#/metadata/a", (a) => create({ ...payment, metadata: { a } })],
  "a listed customer": [128, "#/value", (value) => list({ field: "customer", value })],
  "a listed fingerprint": [500, "#/value", (value) => list({ field: "card_fingerprint", value })],
  "a list's note": [500, "#/note", (note) => list({ field: "ip", value: "203.0.113.7", note })],
  "an endpoint's description": [
    500,
    "#/description",
    (description) =>
      post("/api/v1/webhook-endpoints", { url: "https://example.com/", description }),
  ],
  "a merchant's name": [200, "#/name", (name) => admin("/api/v1/merchants", { name })],
};

it.each(Object.entries(FIELDS))(
  "%s is counted in code points",
  async (_, [most, pointer, send]) => {
    const taken = await send(EMOJI.repeat(most));
    expect([200, 201], await taken.clone().text()).toContain(taken.status);
    const refused = await send(EMOJI.repeat(most + 1));
    const [place = ""] = pointersOf(await expectRefusal(refused, "invalid_request"));
    expect(place.startsWith(pointer)).toBe(true);
  },
);

it("openapi.json has a maxLength of each of these fields", () => {
  const { CreateTransaction, CreateRiskListEntry, CreateMerchant } = document.components.schemas;
  expect([
    CreateTransaction.properties.user_id.maxLength,
    CreateTransaction.properties.description.maxLength,
    CreateRiskListEntry.properties.value.maxLength,
    CreateRiskListEntry.properties.note.maxLength,
    CreateMerchant.properties.name.maxLength,
  ]).toEqual([128, 500, 500, 500, 200]);
});

it("A customer named by 128 emoji can pay, be named in a rule and in a query, and be blocked", async () => {
  const user_id = EMOJI.repeat(128);
  const rules = [
    { id: "named", points: 1, when: { metadata: "customer", in: [EMOJI.repeat(500)] } },
  ];
  const put = await ask("/api/v1/risk/rules", {
    key: shop.key,
    method: "PUT",
    headers: json,
    body: JSON.stringify({ version: 0, rules }),
  });
  expect(put.status).toBe(200);
  const made = await create({ ...payment, user_id });
  const { id } = await jsonOf<{ id: string }>(made);
  const found = await ask(`/api/v1/transactions?user_id=${encodeURIComponent(user_id)}`, {
    key: shop.key,
  });
  expect((await jsonOf<{ data: { id: string }[] }>(found)).data.map((one) => one.id)).toContain(id);
  expect([200, 201]).toContain((await list({ field: "customer", value: user_id })).status);
});
