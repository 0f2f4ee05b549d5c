/** Block and allow lists over HTTP. */
import { describe, expect, it } from "vitest";
import { readRisk } from "../../../../src/d1/risk/risk-rules";
import { MAX_LIST_ENTRIES } from "../../../../src/domain/risk/limits";
import { newClient } from "../../../support/api";
import { ask, checkWholeFile, expectRefusal, jsonOf } from "../../../support/contract";
import { env } from "../../../support/env";
import { fillLists } from "../../../support/lists";
import {
  add,
  added,
  CARD,
  db,
  type Entry,
  LISTS,
  listed,
  remove,
  shop,
} from "../../../support/risk-api";

describe("lists", () => {
  it.each([
    ["customer", "User_1", "User_1"],
    ["customer", " two words ", " two words "],
    ["card_fingerprint", "Fp_AbC", "Fp_AbC"],
    ["ip", " 203.0.113.7 ", "203.0.113.7"],
    ["ip", "2001:DB8:0:0::1", "2001:db8::1"],
    ["ip", "::ffff:203.0.113.8", "203.0.113.8"],
    ["email", "Ann@Shop.EXAMPLE", "ann@shop.example"],
    ["email_domain", "@Shop.Example", "shop.example"],
    ["email_domain", "mail.shop.example", "mail.shop.example"],
    ["email_domain", "BÜCHER。example.", "xn--bcher-kva.example"],
    ["email", "Ann@bu\u0308cher.example", "ann@xn--bcher-kva.example"],
    ["ip", "[2001:DB8::7%eth0]:443", "2001:db8::7"],
    ["country", "nl", "NL"],
  ])("Lists hold %s %j as %j, once", async (field, value, stored) => {
    const client = await newClient();
    const first = await add(client, { list: "block", field, value, note: "chargeback" });
    expect(first.status).toBe(201);
    const entry = await jsonOf<Entry>(first);
    expect(entry).toEqual({
      id: expect.stringMatching(/^rle_[a-z2-7]{26}$/),
      list: "block",
      field,
      value: stored,
      note: "chargeback",
      created_at: expect.any(String),
      expires_at: null,
    });
    const expires_at = new Date(Date.now() + 3_600_000).toISOString();
    const again = await add(client, { list: "block", field, value: stored, expires_at });
    expect(again.status).toBe(200);
    const updated = { ...entry, note: null, expires_at };
    expect(await jsonOf(again)).toEqual(updated);
    expect(await jsonOf(await ask(`${LISTS}/${entry.id}`, { key: client.key }))).toEqual(updated);
    expect((await listed(client)).data).toEqual([updated]);
    expect((await add(client, { list: "allow", field, value })).status).toBe(201);
  });

  const block = (field: string, value: unknown, more = {}) => ({
    list: "block",
    field,
    value,
    ...more,
  });
  it.each([
    [{}, "#/list", "is required, and must be one of allow, block"],
    [
      block("phone", "1"),
      "#/field",
      "must be one of customer, ip, card_fingerprint, email, email_domain, country",
    ],
    [block("ip", ""), "#/value", "must have at least 1 character"],
    [block("ip", 5), "#/value", "must be a string"],
    [block("ip", "203.0.113"), "#/value", "must be an IPv4 or IPv6 address"],
    [block("ip", "203.0.113.0/24"), "#/value", "must be an IPv4 or IPv6 address"],
    [block("ip", "0x7f.1"), "#/value", "must be an IPv4 or IPv6 address"],
    [block("email", "ann"), "#/value", "must be an email address"],
    [block("email", "@shop.example"), "#/value", "must be an email address"],
    [block("email", "a b@shop.example"), "#/value", "must be an email address"],
    [
      block("email_domain", "ann@shop.example"),
      "#/value",
      "must be a domain, such as shop.example",
    ],
    [block("email_domain", "shop."), "#/value", "must be a domain, such as shop.example"],
    [block("country", "NLD"), "#/value", "must be a two-letter country code, such as NL"],
    [block("customer", "x".repeat(129)), "#/value", "must have at most 128 characters"],
    [block("customer", "x\0"), "#/value", "must not contain NUL or unpaired surrogates"],
    [block("ip", "::1", { note: "x".repeat(501) }), "#/note", "must have at most 500 characters"],
    [
      block("ip", "::1", { expires_at: "soon" }),
      "#/expires_at",
      "must be an RFC 3339 time, such as 2026-11-22T21:00:00Z",
    ],
    [
      block("ip", "::1", { expires_at: "2020-01-01T00:00:00Z" }),
      "#/expires_at",
      "must be in the future",
    ],
    [block("ip", "::1", { until: 1 }), "#/until", "is not a known field"],
  ])("Lists refuse %j at %s: %s", async (entry, pointer, message) => {
    const said = await expectRefusal(await add(shop, entry), "invalid_request");
    expect(said.errors).toContainEqual({ pointer, message });
    expect((await listed(shop)).data).toEqual([]);
  });

  it.each([
    block("customer", CARD),
    block("customer", "4242 4242 4242 4242"),
    block("card_fingerprint", CARD),
    block("card_fingerprint", `card ${CARD}`),
    block("email", `${CARD}@shop.example`),
    block("ip", "::1", { note: `paid with ${CARD}` }),
  ])("Lists refuse a card number: %j", async (entry) => {
    const said = await expectRefusal(await add(shop, entry), "card_number_refused");
    // Twice, because one group of four may stand in a random id.
    expect(JSON.stringify(said)).not.toMatch(/4242.?4242/);
    expect((await listed(shop)).data).toEqual([]);
  });

  it("Lists are paged newest first, by list and field, whatever is added meanwhile", async () => {
    const client = await newClient();
    const made: string[] = [];
    for (let index = 0; index < 7; index++) {
      const list = index % 2 === 0 ? "block" : "allow";
      made.unshift((await added(client, { list, field: "customer", value: `c${index}` })).id);
    }
    made.unshift((await added(client, block("ip", "::1"))).id);
    const seen: string[] = [];
    let cursor = "";
    for (let page = 0; page < 4; page++) {
      const { data, has_more, next_cursor } = await listed(client, `?limit=3${cursor}`);
      seen.push(...data.map(({ id }) => id));
      expect(has_more).toBe(next_cursor !== null);
      if (!has_more) break;
      cursor = `&cursor=${next_cursor}`;
      await added(client, { list: "allow", field: "customer", value: `later${page}` });
    }
    expect(seen).toEqual(made);
    const blocked = await listed(client, "?list=block&limit=100");
    expect(blocked.data).toHaveLength(5);
    const ips = await listed(client, "?list=block&field=ip");
    expect(ips.data.map(({ value }) => value)).toEqual(["::1"]);
    for (const query of ["?list=grey", "?field=name", "?limit=0", "?cursor=x", "?more=1"]) {
      await expectRefusal(await ask(`${LISTS}${query}`, { key: client.key }), "invalid_request");
    }
  });

  it("A removed list entry is gone, and an entry that never existed is not found", async () => {
    const client = await newClient();
    const { id } = await added(client, block("ip", "::1"));
    expect((await remove(client, id)).status).toBe(204);
    await expectRefusal(await remove(client, id), "list_entry_not_found");
    await expectRefusal(await ask(`${LISTS}/${id}`, { key: client.key }), "list_entry_not_found");
    await expectRefusal(await ask(`${LISTS}/x`, { key: client.key }), "list_entry_not_found");
    expect((await added(client, block("ip", "::1"))).id).not.toBe(id);
  });

  it("An expired list entry is not shown, not read, and makes room", async () => {
    const client = await newClient();
    const expires_at = new Date(Date.now() + 3_600_000).toISOString();
    const { id } = await added(client, block("ip", "::1", { expires_at }));
    const now = Date.now();
    expect((await readRisk(db, client.merchant_id, now)).entries).toEqual([
      { list: "block", field: "ip", value: "::1", expires_at_ms: Date.parse(expires_at) },
    ]);
    expect((await readRisk(db, client.merchant_id, Date.parse(expires_at))).entries).toEqual([]);
    await fillLists(client.merchant_id, MAX_LIST_ENTRIES - 1);
    await expectRefusal(await add(client, block("ip", "::2")), "too_many_list_entries");
    await env.DB.prepare("UPDATE risk_list_entries SET expires_at = ? WHERE id = ?")
      .bind(now, id)
      .run();
    await expectRefusal(await ask(`${LISTS}/${id}`, { key: client.key }), "list_entry_not_found");
    await expectRefusal(await remove(client, id), "list_entry_not_found");
    expect((await listed(client, "?field=ip")).data).toEqual([]);
    expect((await add(client, block("ip", "::2"))).status).toBe(201);
    const row = env.DB.prepare("SELECT 1 FROM risk_list_entries WHERE id = ?").bind(id).first();
    expect(await row).toBeNull();
  });

  it(`Lists have room for ${MAX_LIST_ENTRIES} entries, however many are added at once`, async () => {
    const client = await newClient();
    await fillLists(client.merchant_id, MAX_LIST_ENTRIES - 2);
    const racing = Array.from({ length: 8 }, (_, index) => add(client, block("ip", `::${index}`)));
    const statuses = (await Promise.all(racing)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(2);
    expect(statuses.filter((status) => status === 409)).toHaveLength(6);
    // What is there can still be changed.
    expect((await add(client, block("customer", "customer-1", { note: "x" }))).status).toBe(200);
  });
});

checkWholeFile();
