/** The pages of allow and block lists. */
import { beforeAll, expect, it } from "vitest";
import { type Client, newClient } from "../../../support/api";
import { newVisitor, type Visitor } from "../../../support/console";
import { added, CARD, listed } from "../../../support/risk-api";

const LISTS = "/console/risk/lists";
const ENTRY = {
  new_list: "block",
  new_field: "ip",
  value: "203.0.113.7",
  note: "",
  expires_at: "",
};

let shop: Client;
let visitor: Visitor;
beforeAll(async () => {
  shop = await newClient();
  visitor = await newVisitor(shop.key);
});

it("Empty lists say what would be here", async () => {
  const { status, text } = await visitor.get(LISTS);
  expect([status, text]).toEqual([200, expect.stringContaining("The lists are empty")]);
});

it("A value is added with note and expiry, added again, and removed after a confirmation", async () => {
  const sent = { ...ENTRY, note: "<i>stolen</i>", expires_at: "2030-01-01T10:30" };
  const first = await visitor.follow(await visitor.post(LISTS, sent));
  expect(first.text).toContain("Added. The lists are in force");
  expect(first.text).toContain("&lt;i&gt;stolen&lt;/i&gt;");
  expect(first.text).toContain('datetime="2030-01-01T10:30:00.000Z"');
  const again = await visitor.follow(await visitor.post(LISTS, ENTRY));
  expect(again.text).toContain("its note and expiry were replaced");

  const { id = "" } = (await listed(shop)).data[0] ?? {};
  const asked = await visitor.get(`${LISTS}/${id}/remove`);
  expect(asked.text).toContain("Remove this value from the block list?");
  expect((await listed(shop)).data).toHaveLength(1);
  const removed = await visitor.follow(await visitor.post(`${LISTS}/${id}/remove`));
  expect(removed.text).toContain("Removed.");
  expect((await listed(shop)).data).toEqual([]);
  expect((await visitor.post(`${LISTS}/${id}/remove`)).status).toBe(404);
});

it.each([
  [{ value: "not an address" }, "value-fault", "Must be an IPv4 or IPv6 address."],
  [{ new_field: "email", value: CARD }, "value-fault", "must not contain a card number"],
  [{ expires_at: "2020-01-01T00:00" }, "expires_at-fault", "Must be in the future."],
  [{ expires_at: "tomorrow" }, "expires_at-fault", "RFC 3339"],
  [{ new_list: "grey" }, "new_list-fault", "Must be one of allow, block."],
])("A refused value is kept, with the reason beside its field: %o", async (wrong, id, said) => {
  const sent = { ...ENTRY, note: "kept", ...wrong };
  const { status, text } = await visitor.post(LISTS, sent);
  expect(status).toBeGreaterThanOrEqual(400);
  const fault = new RegExp(`<p id="${id}" class="fault" role="alert">([^<]*)<`).exec(text)?.[1];
  expect(fault?.toLowerCase()).toContain(said.toLowerCase());
  expect(text).toContain('value="kept"');
  expect(text).toContain(`value="${sent.value}"`);
});

it("Lists are filtered, and a page leads to the next with its filter", async () => {
  const many = await newClient();
  await Promise.all(
    Array.from({ length: 51 }, (_, at) =>
      added(many, { list: "allow", field: "customer", value: `customer-${at}` }),
    ),
  );
  await added(many, { list: "block", field: "country", value: "NL" });
  const reader = await newVisitor(many.key);
  const { text } = await reader.get(`${LISTS}?list=allow`);
  expect(text).not.toContain(">NL</bdi>");
  expect(text.match(/>customer-\d+</g)).toHaveLength(50);
  const next = /href="(\/console\/risk\/lists\?list=allow&amp;cursor=[^"]+)"/.exec(text)?.[1];
  const last = await reader.get(next?.replace("&amp;", "&") ?? "");
  expect(last.text.match(/>customer-\d+</g)).toHaveLength(1);
  expect((await reader.get(`${LISTS}?field=country`)).text).toContain(">NL</bdi>");
  expect((await reader.get(`${LISTS}?list=grey`)).status).toBe(400);
});

it("Without risk:write the lists are shown without actions; another merchant's entry is not there", async () => {
  const { id } = await added(shop, { list: "block", field: "customer", value: "mallory" });
  const reader = await newVisitor((await newClient(["risk:read"])).key);
  expect((await reader.get(LISTS)).text).not.toContain("Add a value");
  expect((await reader.post(LISTS, ENTRY)).status).toBe(403);
  const stranger = await newVisitor((await newClient()).key);
  for (const one of [id, `rle_${"a".repeat(26)}`, "..%2Frules"]) {
    expect((await stranger.get(`${LISTS}/${one}/remove`)).status).toBe(404);
    expect((await stranger.post(`${LISTS}/${one}/remove`)).status).toBe(404);
  }
  expect((await listed(shop)).data).toMatchObject([{ id }]);
});

it("Without D1 the page says which lists decide", async () => {
  const DB = {
    prepare() {
      throw new Error("down");
    },
  };
  const { status, text } = await visitor.get(LISTS, { env: { DB } });
  expect([status, text]).toEqual([503, expect.stringContaining("by the last known ones")]);
});
