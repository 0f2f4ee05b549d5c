/** Cursors: what they reveal, for whom they are valid, and which of the previous release are accepted. */
import { beforeAll, describe, expect, it } from "vitest";
import { type Client, newClient, TRANSACTIONS } from "../../../support/api";
import { ask, expectRefusal, jsonOf, parametersOf } from "../../../support/contract";
import { env } from "../../../support/env";
import { recordedD1 } from "../../../support/recorded-d1";

const EVENTS = "/api/v1/events";
const LISTS = "/api/v1/risk/lists";
type Page = { data: { id: string }[]; has_more: boolean; next_cursor: string | null };

let shop: Client;
beforeAll(async () => {
  shop = await newClient();
  for (let made = 0; made < 3; made++) await shop.created();
  for (const value of ["203.0.113.1", "203.0.113.2"]) {
    await shop.ask("POST", LISTS, { list: "block", field: "ip", value });
  }
});

/** @param DB where the deployment's secret is read anew, as by another isolate */
const pageOf = async (path: string, { key } = shop, DB = env.DB) => {
  const response = await ask(path, { key, env: { DB } });
  expect(response.status, path).toBe(200);
  return jsonOf<Page>(response);
};

const nextOf = async (path: string, client = shop) => {
  const { next_cursor } = await pageOf(path, client);
  if (next_cursor === null) throw new Error(`${path} has no next page`);
  return next_cursor;
};

const bytesOf = (cursor: string) => atob(cursor.replaceAll("-", "+").replaceAll("_", "/"));
const anotherIsolate = () => recordedD1(env.DB, []);

describe("a cursor", () => {
  it.each([`${EVENTS}?limit=1`, `${LISTS}?limit=1`])(
    "A cursor of %s shows nothing of other merchants' volume",
    async (path) => {
      const before = await nextOf(path);
      // Words, since digits stand in sealed bytes by chance.
      expect(bytesOf(before)).not.toMatch(/event|entry/);
      const [version, ...sealed] = bytesOf(before);
      expect(version).toBe("\u0001");
      expect(sealed.length).toBeGreaterThan(28); // A nonce, a tag and the text.
      expect(before).toHaveLength((await nextOf(path)).length);
    },
  );

  it.each([`${TRANSACTIONS}?limit=1`, `${EVENTS}?limit=1`, `${LISTS}?limit=1`])(
    "A cursor of %s is the same for the same place, and opens in another isolate",
    async (path) => {
      const cursor = await nextOf(path);
      expect(await nextOf(path)).toBe(cursor);
      const rest = await pageOf(`${path}&cursor=${cursor}`, shop, anotherIsolate());
      expect(rest.data).toHaveLength(1);
      expect(rest.data).not.toEqual((await pageOf(path)).data);
    },
  );

  it.each([`${TRANSACTIONS}?limit=1`, `${EVENTS}?limit=1`, `${LISTS}?limit=1`])(
    "A cursor of %s is refused when any character of it is changed",
    async (path) => {
      const cursor = await nextOf(path);
      for (let at = 0; at < cursor.length; at += 5) {
        const other = cursor[at] === "A" ? "B" : "A";
        const changed = `${cursor.slice(0, at)}${other}${cursor.slice(at + 1)}`;
        const refused = await ask(`${path}&cursor=${changed}`, { key: shop.key });
        expect(parametersOf(await expectRefusal(refused, "invalid_request"))).toEqual(["cursor"]);
      }
    },
  );

  it("A cursor is refused on another list, and from another merchant", async () => {
    const thief = await newClient();
    const events = await nextOf(`${EVENTS}?limit=1`);
    for (const [path, key] of [
      [LISTS, shop.key],
      [TRANSACTIONS, shop.key],
      [EVENTS, thief.key],
    ]) {
      const refused = await ask(`${path}?cursor=${events}`, { key: `${key}` });
      expect(parametersOf(await expectRefusal(refused, "invalid_request"))).toEqual(["cursor"]);
    }
  });
});

describe("an empty feed", () => {
  it("An empty feed has a cursor from which all later events are read", async () => {
    const newcomer = await newClient();
    const empty = await pageOf(EVENTS, newcomer);
    expect(empty).toMatchObject({ data: [], has_more: false, next_cursor: expect.any(String) });
    const { id } = await newcomer.created();
    const later = await pageOf(`${EVENTS}?cursor=${empty.next_cursor}`, newcomer);
    expect(later.data.map((event) => event.id)).toHaveLength(1);
    expect(JSON.stringify(later.data)).toContain(id);
    const end = await pageOf(`${EVENTS}?cursor=${later.next_cursor}`, newcomer);
    expect(end).toMatchObject({ data: [], has_more: false, next_cursor: later.next_cursor });
  });
});

describe("a cursor of the previous release", () => {
  /** A database whose cursor secret was just generated: all earlier cursors were issued unsealed. Its events have the
   *  places that they had among those of all merchants. */
  let upgraded: D1Database;
  let last: number;
  beforeAll(async () => {
    await pageOf(EVENTS); // Brings D1 up to date.
    const feed = "(SELECT id * 4398046511104 FROM feeds WHERE merchant_id = ?1)";
    const own = await env.DB.prepare(
      `SELECT min(position) - ${feed} AS first, max(position) - ${feed} AS last FROM feed_events
       WHERE position > ${feed} AND position < ${feed} + 4398046511104`,
    )
      .bind(shop.merchant_id)
      .first<{ first: number; last: number }>();
    const shift = (own?.first ?? 0) - 100;
    last = (own?.last ?? 0) - shift;
    await env.DB.batch([
      env.DB.prepare(
        `UPDATE feed_events SET position = position - ${shift}
         WHERE position > ${feed} AND position < ${feed} + 4398046511104`,
      ).bind(shop.merchant_id),
      env.DB.prepare("DELETE FROM settings WHERE name = 'cursor_secret'"),
      env.DB.prepare("INSERT INTO settings VALUES ('shared_positions_through', ?)").bind(`${last}`),
    ]);
    upgraded = anotherIsolate();
    await pageOf(`${EVENTS}?limit=1`, shop, upgraded);
    for (let made = 0; made < 2; made++) await shop.created();
  });

  it("A cursor of the earlier release continues its list", async () => {
    const all = await pageOf(TRANSACTIONS, shop, upgraded);
    const [newest] = all.data as unknown as { id: string; created_at: string }[];
    const place = btoa(`${newest?.created_at} ${newest?.id}`).replace(/=+$/, "");
    const rest = await pageOf(`${TRANSACTIONS}?cursor=${place}`, shop, upgraded);
    expect(rest.data).toEqual(all.data.slice(1));
    // That release had this order alone.
    const other = `${TRANSACTIONS}?order=asc&cursor=${place}`;
    const refused = await ask(other, { key: shop.key, env: { DB: upgraded } });
    expect(parametersOf(await expectRefusal(refused, "invalid_request"))).toEqual(["cursor"]);
  });

  it("A cursor of the earlier release continues the feed, up to where the feed was", async () => {
    const rest = await pageOf(`${EVENTS}?cursor=${btoa(`event ${last}`)}`, shop, upgraded);
    expect(rest.data).toHaveLength(2);
    await pageOf(`${LISTS}?cursor=${btoa("list_entry 1")}`, shop, upgraded);
  });

  it("A cursor of the earlier release is refused beyond the place that it could have had", async () => {
    for (const cursor of [
      `${EVENTS}?cursor=${btoa(`event ${last + 1}`)}`,
      `${LISTS}?cursor=${btoa("list_entry 99")}`,
    ]) {
      const refused = await ask(cursor, { key: shop.key, env: { DB: upgraded } });
      expect(parametersOf(await expectRefusal(refused, "invalid_request"))).toEqual(["cursor"]);
    }
  });
});
