/** When an API key was last used: to the hour, written beside the requests and not for each of them. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { forgetKeys, KEY_FRESH_MS } from "../../../../src/api/middleware/authenticate";
import { TRANSACTIONS } from "../../../support/api";
import { ask, expectRefusal } from "../../../support/contract";
import { env } from "../../../support/env";
import { eventually } from "../../../support/eventually";
import { listed, type NewKey, newKey, revoke, shop, travel } from "../../../support/merchants-api";
import { type Billed, recordedD1 } from "../../../support/recorded-d1";

const HOUR_MS = 3_600_000;
const billed: Billed[] = [];
const recorded = { DB: recordedD1(env.DB, billed) };
let key: NewKey;

beforeEach(async () => {
  key = await newKey(shop.merchant_id);
  billed.length = 0;
});
afterEach(() => {
  vi.useRealTimers();
  forgetKeys(); // What was remembered in another time.
});

const use = (bindings = {}) =>
  ask(TRANSACTIONS, { key: key.key, env: { ...recorded, ...bindings } });
const lastUsed = async () =>
  (await listed(shop.merchant_id)).find(({ id }) => id === key.id)?.last_used_at;
const hourText = () => new Date(Date.now() - (Date.now() % HOUR_MS)).toISOString();
const isNote = ({ sql }: Billed) => sql.startsWith('update "api_keys" set "last_used_at"');
const notes = () => billed.filter(isNote);

/** A minute after the begin of an hour, so that a test does not pass into the next one. */
function travelToHour(hours = 0): void {
  travel(HOUR_MS - (Date.now() % HOUR_MS) + 60_000 + hours * HOUR_MS);
}

it("A key has no last use until it is used, and then the start of the hour", async () => {
  travelToHour();
  expect(key).toMatchObject({ last_used_at: null });
  expect(await lastUsed()).toBeNull();
  expect((await use()).status).toBe(200);
  await eventually(async () => expect(await lastUsed()).toBe(hourText()));
});

it("A key in use is written once in an hour, and again in the next", async () => {
  travelToHour();
  for (let times = 0; times < 4; times++) {
    expect((await use()).status).toBe(200);
    await eventually(() => expect(notes().length).toBeGreaterThan(0));
    travel(KEY_FRESH_MS + 1);
  }
  expect(notes().map(({ rows_written }) => rows_written)).toEqual([1]);
  travel(HOUR_MS);
  await use();
  await eventually(() => expect(notes()).toHaveLength(2));
  expect(await lastUsed()).toBe(hourText());
});

it("A use by an isolate whose clock is behind does not set the time back", async () => {
  travelToHour(3);
  await use();
  await eventually(() => expect(notes()).toHaveLength(1));
  const before = await lastUsed();
  vi.useRealTimers();
  forgetKeys();
  expect((await use()).status).toBe(200);
  expect(await lastUsed()).toBe(before);
  expect(notes()).toHaveLength(1);
});

it("Two isolates that see the first use at once write the later hour, in either order", async () => {
  travelToHour(1);
  const later = hourText();
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  // The first isolate is an hour behind, and its write arrives last.
  const db = recordedD1(env.DB, billed);
  const slow = {
    ...db,
    prepare: (sql: string) => {
      const statement = db.prepare(sql);
      if (!sql.startsWith('update "api_keys"')) return statement;
      const bind = (...values: unknown[]) => ({
        run: () => held.then(() => statement.bind(...values).run()),
      });
      return { bind };
    },
  };
  travel(-HOUR_MS);
  expect((await use({ DB: slow })).status).toBe(200);
  travel(HOUR_MS);
  forgetKeys();
  await use();
  await eventually(async () => expect(await lastUsed()).toBe(later));
  release();
  await eventually(() => expect(notes()).toHaveLength(2));
  expect(await lastUsed()).toBe(later);
});

it("A key that has been revoked is not used by a request that is refused", async () => {
  travelToHour();
  await revoke(shop.merchant_id, key.id);
  await expectRefusal(await use(), "api_key_invalid");
  expect(notes()).toEqual([]);
  expect(await lastUsed()).toBeNull();
});

it("A request does not wait for the write, and one that fails is repeated with the next read of the key", async () => {
  travelToHour();
  const db = recordedD1(env.DB, billed);
  const broken = (run: () => Promise<unknown>) => ({
    ...db,
    prepare: (sql: string) =>
      sql.startsWith('update "api_keys"') ? { bind: () => ({ run }) } : db.prepare(sql),
  });
  expect((await use({ DB: broken(() => new Promise(() => {})) })).status).toBe(200);
  travel(KEY_FRESH_MS + 1);
  expect((await use({ DB: broken(() => Promise.reject(new Error("down"))) })).status).toBe(200);
  expect(await lastUsed()).toBeNull();
  travel(KEY_FRESH_MS + 1);
  expect((await use()).status).toBe(200);
  await eventually(async () => expect(await lastUsed()).toBe(hourText()));
});
