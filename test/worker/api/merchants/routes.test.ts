/** Merchants and their API keys. */
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { forgetKeys, KEY_FRESH_MS } from "../../../../src/api/middleware/authenticate";
import { SCOPES } from "../../../../src/domain/identity/api-key";
import { newClient } from "../../../support/api";
import {
  ask,
  checkWholeFile,
  expectRefusal,
  jsonOf,
  pointersOf,
  textOf,
} from "../../../support/contract";
import { env } from "../../../support/env";
import {
  asAdmin,
  create,
  DAY_MS,
  keysOf,
  listed,
  MERCHANTS,
  type NewKey,
  newKey,
  revoke,
  roll,
  shop,
  statusWith,
  travel,
} from "../../../support/merchants-api";

afterEach(() => {
  vi.useRealTimers();
  forgetKeys(); // What was remembered in another time.
});

describe("a merchant", () => {
  it("A merchant is created and listed, the newest first", async () => {
    const names = ["First", "'; DROP TABLE merchants; --", "💳", "n".repeat(200)];
    const made: { id: string }[] = [];
    for (const name of names) {
      const response = await asAdmin(MERCHANTS, { name });
      expect(response.status).toBe(201);
      const merchant = await jsonOf<{ id: string; name: string }>(response);
      expect(merchant).toMatchObject({ id: expect.stringMatching(/^mer_[a-z2-7]{26}$/), name });
      made.push(merchant);
      await scheduler.wait(2); // Two in one millisecond would have no order.
    }
    const { data } = await jsonOf<{ data: { id: string }[] }>(await asAdmin(MERCHANTS));
    expect(data.slice(0, names.length)).toEqual(made.reverse());
  });

  it.each([
    ["#/name", "{}"],
    ["#/name", '{"name":""}'],
    ["#/name", '{"name":null}'],
    ["#/name", '{"name":5}'],
    ["#/name", '{"name":["a"]}'],
    ["#/name", `{"name":"${"n".repeat(201)}"}`],
    ["#/name", '{"name":"\\u0000"}'],
    ["#/name", '{"name":"\\ud800"}'],
    ["#/id", '{"name":"a","id":"mer_mine"}'],
    ["#/__proto__", '{"name":"a","__proto__":{}}'],
  ])("A merchant is refused when %s is not valid", async (pointer, body) => {
    const headers = { "Content-Type": "application/json" };
    const response = await ask(MERCHANTS, { key: env.ADMIN_TOKEN, body, headers });
    expect(pointersOf(await expectRefusal(response, "invalid_request"))).toEqual([pointer]);
  });

  it("A merchant that does not exist has no keys and gets none", async () => {
    for (const id of ["mer_none", "x", "%00", "'--", `mer_${"a".repeat(26)}`]) {
      await expectRefusal(await asAdmin(keysOf(id)), "merchant_not_found");
      await expectRefusal(await asAdmin(keysOf(id), {}), "merchant_not_found");
      await expectRefusal(await roll(id, shop.key_id, {}), "merchant_not_found");
      await expectRefusal(await revoke(id, shop.key_id), "merchant_not_found");
    }
    expect(await statusWith(shop.key)).toBe(200);
  });
});

describe("an API key", () => {
  let merchantId: string;
  beforeAll(async () => {
    ({ merchant_id: merchantId } = await newClient());
  });

  it("An API key is shown once, works at once, and is listed without its secret, the newest first", async () => {
    const made = await newKey(merchantId, { name: "Till 1", scopes: [SCOPES[0], SCOPES[0]] });
    const { key, ...shown } = made;
    expect(key).toMatch(/^sk_[a-z2-7]{58}$/);
    expect(shown).toEqual({
      id: expect.stringMatching(/^key_[a-z2-7]{26}$/),
      merchant_id: merchantId,
      name: "Till 1",
      last_four: key.slice(-4),
      scopes: ["transactions:read"],
      created_at: expect.stringMatching(/^\d{4}-.*Z$/),
      expires_at: null,
      last_used_at: null,
    });
    expect(await statusWith(key)).toBe(200);
    const list = await asAdmin(keysOf(merchantId));
    const { last_used_at: _, ...lasting } = shown;
    expect((await jsonOf<{ data: unknown[] }>(list)).data[0]).toMatchObject(lasting);
    expect(await textOf(list)).not.toMatch(/sk_|hash/);
    const all = await newKey(merchantId);
    // What cannot be undone is given by name only.
    expect(all.scopes).toEqual(SCOPES.filter((scope) => scope !== "customers:erase"));
    expect(all.key).not.toBe(key);
  });

  it.each([
    ["#/scopes", '{"scopes":[]}'],
    ["#/scopes", '{"scopes":null}'],
    ["#/scopes", '{"scopes":"transactions:read"}'],
    [
      "#/scopes",
      `{"scopes":[${Array(SCOPES.length + 1)
        .fill('"transactions:read"')
        .join()}]}`,
    ],
    ["#/scopes/0", '{"scopes":["admin"]}'],
    ["#/scopes/1", '{"scopes":["transactions:read","TRANSACTIONS:WRITE"]}'],
    ["#/name", '{"name":""}'],
    ["#/name", '{"name":5}'],
    ["#/key", '{"key":"sk_mine"}'],
    ["#/expires_at", '{"expires_at":null}'],
  ])("An API key is refused when %s is not valid", async (pointer, body) => {
    const before = await listed(merchantId);
    const headers = { "Content-Type": "application/json" };
    const response = await ask(keysOf(merchantId), { key: env.ADMIN_TOKEN, body, headers });
    expect(pointersOf(await expectRefusal(response, "invalid_request"))).toEqual([pointer]);
    expect(await listed(merchantId)).toEqual(before);
  });

  it("Only an API key's hash is in D1", async () => {
    const made = await newKey(merchantId);
    await create(made.key);
    const secret = made.key.slice(3, -6);
    const { results: tables } = await env.DB.prepare(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'",
    ).all<{ name: string }>();
    expect(tables.map(({ name }) => name)).toContain("api_keys");
    const rows: string[] = [];
    for (const { name } of tables) {
      const { results } = await env.DB.prepare(`SELECT * FROM "${name}"`).all();
      rows.push(...results.map((row) => JSON.stringify(row)));
    }
    const bytes = new Uint8Array(
      await crypto.subtle.digest("SHA-256", new TextEncoder().encode(made.key)),
    );
    const hash = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    expect(rows.filter((row) => row.includes(hash))).toHaveLength(1);
    for (const row of rows) {
      expect(row).not.toMatch(/\bsk_/);
      expect(row).not.toContain(secret);
      expect(row).not.toContain(env.ADMIN_TOKEN);
    }
  });

  it("A revoked API key stops working at once in the same isolate, and stays so", async () => {
    const { id, key } = await newKey(merchantId);
    expect(await statusWith(key)).toBe(200);
    const answer = await revoke(merchantId, id);
    expect([answer.status, await textOf(answer)]).toEqual([204, ""]);
    expect(await statusWith(key)).toBe(401);
    const ended = (await listed(merchantId)).find((one) => one.id === id);
    expect(Date.parse(ended?.expires_at ?? "")).toBeLessThanOrEqual(Date.now());
    expect((await revoke(merchantId, id)).status).toBe(204);
    expect((await listed(merchantId)).find((one) => one.id === id)).toEqual(ended);
    await expectRefusal(await roll(merchantId, id, {}), "api_key_not_found");
    forgetKeys();
    expect(await statusWith(key)).toBe(401);
  });

  it("A revoked API key stops working in other isolates within the documented time", async () => {
    const { id, key } = await newKey(merchantId);
    expect(await statusWith(key)).toBe(200);
    // As a revocation in another isolate: this isolate gets no notice of it.
    await env.DB.prepare("UPDATE api_keys SET expires_at = ? WHERE id = ?")
      .bind(Date.now(), id)
      .run();
    expect(KEY_FRESH_MS).toBeLessThanOrEqual(10_000);
    travel(KEY_FRESH_MS + 1);
    expect(await statusWith(key)).toBe(401);
  });

  it("A revoked API key stops working within that time, although the clock has stepped back a day since it was used", async () => {
    travel(DAY_MS);
    const { id, key } = await newKey(merchantId);
    expect(await statusWith(key)).toBe(200);
    travel(-DAY_MS);
    await env.DB.prepare("UPDATE api_keys SET expires_at = ? WHERE id = ?")
      .bind(Date.now(), id)
      .run();
    expect(await statusWith(key)).toBe(401);
  });

  it("A rolled API key has a successor at once and works for another day", async () => {
    travel(0);
    const old = await newKey(merchantId, { name: "Till 2", scopes: ["transactions:read"] });
    const rolled = await roll(merchantId, old.id);
    expect(rolled.status).toBe(201);
    const next = await jsonOf<NewKey>(rolled);
    expect(next).toMatchObject({ name: "Till 2", scopes: ["transactions:read"], expires_at: null });
    expect([next.id === old.id, next.key === old.key]).toEqual([false, false]);
    expect([await statusWith(old.key), await statusWith(next.key)]).toEqual([200, 200]);

    const ends = (await listed(merchantId)).find(({ id }) => id === old.id)?.expires_at ?? "";
    const left = Date.parse(ends) - Date.now();
    expect(left).toBe(DAY_MS);
    travel(left - 1_000);
    expect([await statusWith(old.key), await statusWith(next.key)]).toEqual([200, 200]);
    travel(1_000);
    expect([await statusWith(old.key), await statusWith(next.key)]).toEqual([401, 200]);
  });

  it("An API key that is rolled without overlap stops working at once", async () => {
    const old = await newKey(merchantId);
    expect(await statusWith(old.key)).toBe(200);
    const next = await jsonOf<NewKey>(await roll(merchantId, old.id, { overlap_s: 0 }));
    expect([await statusWith(old.key), await statusWith(next.key)]).toEqual([401, 200]);
    await expectRefusal(await roll(merchantId, old.id), "api_key_not_found");
  });

  it("An API key expires on time while it is cached, to the second", async () => {
    const old = await newKey(merchantId);
    await roll(merchantId, old.id, { overlap_s: 5 });
    expect(await statusWith(old.key)).toBe(200);
    travel(5_001); // Less than a key is remembered.
    expect(await statusWith(old.key)).toBe(401);
  });

  it("An API key cannot be rolled twice, so its life is never longer, and a revocation ends it earlier", async () => {
    const old = await newKey(merchantId);
    await roll(merchantId, old.id, { overlap_s: 60 });
    const ends = async () => (await listed(merchantId)).find(({ id }) => id === old.id)?.expires_at;
    const first = await ends();
    const again = await roll(merchantId, old.id, { overlap_s: 604_800 });
    await expectRefusal(again, "api_key_rolled");
    expect(await ends()).toBe(first);
    await revoke(merchantId, old.id);
    expect(Date.parse((await ends()) ?? "")).toBeLessThanOrEqual(Date.now());
    expect(await statusWith(old.key)).toBe(401);
  });

  it("An API key does not change when the request to roll it is invalid", async () => {
    const { id, key } = await newKey(merchantId);
    const path = `${keysOf(merchantId)}/${id}/roll`;
    const json = { "Content-Type": "application/json" };
    const before = await listed(merchantId);
    for (const overlap of ["-1", "1.5", "604801", '"5"', "null", "1e309", "[]"]) {
      const body = `{"overlap_s":${overlap}}`;
      const response = await ask(path, { key: env.ADMIN_TOKEN, body, headers: json });
      const said = await expectRefusal(response, "invalid_request", overlap);
      expect(pointersOf(said)).toEqual(["#/overlap_s"]);
    }
    const unknown = await roll(merchantId, id, { overlap: 0 });
    expect(pointersOf(await expectRefusal(unknown, "invalid_request"))).toEqual(["#/overlap"]);
    const broken = await ask(path, { key: env.ADMIN_TOKEN, body: "{", headers: json });
    await expectRefusal(broken, "malformed_json");
    expect(await listed(merchantId)).toEqual(before);
    expect(await statusWith(key)).toBe(200);
  });

  it("An API key is not given another day when the request to end it at once lacks a media type", async () => {
    const { id, key } = await newKey(merchantId);
    const path = `${keysOf(merchantId)}/${id}/roll`;
    const response = await ask(path, { key: env.ADMIN_TOKEN, body: '{"overlap_s":0}' });
    if (response.status === 201) expect(await statusWith(key)).toBe(401);
    else await expectRefusal(response, "unsupported_media_type");
  });

  it("A client that names a media type and sends no body can roll an API key", async () => {
    const { id } = await newKey(merchantId);
    const response = await ask(`${keysOf(merchantId)}/${id}/roll`, {
      method: "POST",
      key: env.ADMIN_TOKEN,
      headers: { "Content-Type": "application/json" },
    });
    expect(response.status).toBe(201);
  });

  it("An API key of another merchant cannot be rolled or revoked", async () => {
    const other = await newKey((await newClient()).merchant_id);
    for (const id of [other.id, "key_none", "%00", "'--"]) {
      await expectRefusal(await roll(merchantId, id, {}), "api_key_not_found");
      await expectRefusal(await revoke(merchantId, id), "api_key_not_found");
    }
    expect(await statusWith(other.key)).toBe(200);
  });
});

checkWholeFile();
