/** Authentication while D1 fails or hangs. */
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  forgetKeys,
  KEY_FRESH_MS,
  KEY_REFRESH_MS,
  KEY_STALE_MS,
} from "../../../../src/api/middleware/authenticate";
import type { Transaction } from "../../../../src/domain/transaction/transaction";
import { freshKey, newClient, TRANSACTIONS } from "../../../support/api";
import {
  ask,
  type Bindings,
  CANARY,
  checkWholeFile,
  expectRefusal,
  jsonOf,
} from "../../../support/contract";
import { env } from "../../../support/env";
import { until } from "../../../support/eventually";
import {
  asAdmin,
  create,
  DAY_MS,
  drawnKey,
  keysOf,
  listed,
  MERCHANTS,
  newKey,
  revoke,
  roll,
  shop,
  statusWith,
  travel,
} from "../../../support/merchants-api";
import { endHanging, waitingUnder } from "../../../support/with-timeout";

afterEach(() => {
  vi.useRealTimers();
  forgetKeys(); // What was remembered in another time.
});

describe("while D1 does not answer", () => {
  const fault = () => new Error(`${CANARY} fault`);
  const database = (fate: () => unknown): Bindings => {
    const statement = { bind: () => statement, raw: fate, all: fate, run: fate, first: fate };
    return { DB: { prepare: () => statement, batch: fate, exec: fate } };
  };
  const throwing: Bindings = {
    DB: {
      prepare() {
        throw fault();
      },
    },
  };
  const failing = database(() => Promise.reject(fault()));
  const hanging = database(() => new Promise(() => {}));
  /** Each with how much of what it is asked never answers. */
  const OUTAGES: [string, Bindings, 0 | 1][] = [
    ["throws", throwing, 0],
    ["fails", failing, 0],
    ["hangs", hanging, 1],
  ];

  const acted = (key: string, id: string, action: string, bindings: Bindings) =>
    ask(`${TRANSACTIONS}/${id}/${action}`, { method: "POST", key, env: bindings });

  it.each(OUTAGES)("While D1 %s, a key that was seen before still pays", async (_, down, hangs) => {
    const client = await newClient();
    const known = await client.created({ user_id: "regular" });
    travel(KEY_FRESH_MS + 1);
    const waits = await endHanging("d1/query", hangs, async () => {
      const sent = { user_id: freshKey("user"), amount: 1 };
      const made = await ask(TRANSACTIONS, {
        key: client.key,
        env: down,
        body: JSON.stringify(sent),
        headers: { "Content-Type": "application/json", "Idempotency-Key": freshKey(CANARY) },
      });
      expect(made.status).toBe(201);
      const { id, idempotency_key } = await jsonOf<Transaction>(made);
      expect((await acted(client.key, id, "process", down)).status).toBe(200);
      expect((await acted(client.key, known.id, "cancel", down)).status).toBe(200);
      for (const path of [`${TRANSACTIONS}/${id}`, `${TRANSACTIONS}/${id}/events`]) {
        expect((await ask(path, { key: client.key, env: down })).status).toBe(200);
      }
      const byKey = `/api/v1/idempotency-keys/${idempotency_key}`;
      const found = await ask(byKey, { key: client.key, env: down });
      expect(await jsonOf(found)).toMatchObject({ id, status: "completed" });
    });
    // Only the first of the six requests waits for D1.
    expect(waits).toBe(hangs);
  });

  it.each(OUTAGES)("While D1 %s, an unknown key gets 503, not 401", async (_, down, hangs) => {
    const { key } = await newKey(shop.merchant_id);
    for (const unknown of [key, drawnKey()]) {
      const waits = await endHanging("d1/query", hangs, async () => {
        await expectRefusal(await ask(TRANSACTIONS, { key: unknown, env: down }), "unavailable");
      });
      expect(waits).toBe(hangs);
    }
    await expectRefusal(await ask(TRANSACTIONS, { key: "sk_no", env: down }), "api_key_invalid");
    await expectRefusal(await ask(TRANSACTIONS, { env: down }), "api_key_missing");
    await expectRefusal(await ask(MERCHANTS, { key, env: down }), "admin_token_invalid");
    expect(await statusWith(key)).toBe(200);
    expect(await statusWith(drawnKey())).toBe(401);
  });

  it.each(OUTAGES)(
    "While D1 %s, routes that need it are unavailable, in time",
    async (_, down, hangs) => {
      expect(await statusWith(shop.key)).toBe(200);
      const before = await listed(shop.merchant_id);
      const at = keysOf(shop.merchant_id);
      const one = `${at}/${shop.key_id}`;
      let responses: Response[] = [];
      const waits = await endHanging("d1/query", 8 * hangs, async () => {
        responses = await Promise.all([
          ask(TRANSACTIONS, { key: shop.key, env: down }),
          ask("/api/v1/events", { key: shop.key, env: down }),
          asAdmin(MERCHANTS, undefined, "GET", down),
          asAdmin(MERCHANTS, { name: "Never made" }, "POST", down),
          asAdmin(at, undefined, "GET", down),
          asAdmin(at, {}, "POST", down),
          asAdmin(`${one}/roll`, {}, "POST", down),
          asAdmin(one, undefined, "DELETE", down),
        ]);
      });
      for (const response of responses) await expectRefusal(response, "unavailable");
      expect(waits).toBe(8 * hangs);
      expect(await listed(shop.merchant_id)).toEqual(before);
      expect(await statusWith(shop.key)).toBe(200);
    },
  );

  it("While D1 fails, known keys wait for it once and not with every request", async () => {
    const client = await newClient();
    const { id } = await client.created();
    travel(KEY_FRESH_MS + 1);
    let asked = 0;
    const counting = database(() => {
      asked += 1;
      return Promise.reject(fault());
    });
    const find = () => ask(`${TRANSACTIONS}/${id}`, { key: client.key, env: counting });
    for (let request = 0; request < 10; request++) expect((await find()).status).toBe(200);
    expect(asked).toBe(1);
    travel(10_000);
    expect((await find()).status).toBe(200);
    expect(asked).toBe(2);
  });

  it("While D1 hangs, a key in use is accepted without a wait, and read by one request at a time", async () => {
    const client = await newClient();
    const { id } = await client.created();
    let asked = 0;
    const counting = database(() => {
      asked += 1;
      return new Promise(() => {});
    });
    const find = () => ask(`${TRANSACTIONS}/${id}`, { key: client.key, env: counting });
    travel(KEY_REFRESH_MS);
    for (let request = 0; request < 10; request++) expect((await find()).status).toBe(200);
    expect(asked).toBe(1);
    // The read fails at its time limit, and D1 is known to fail when the key would be too old.
    await endHanging("d1/query", 1, () => until(async () => waitingUnder("d1/query") === 0));
    travel(KEY_FRESH_MS - KEY_REFRESH_MS - 1);
    for (let request = 0; request < 10; request++) expect((await find()).status).toBe(200);
    expect(asked).toBe(2);
    await endHanging("d1/query", 1, () => until(async () => waitingUnder("d1/query") === 0));
  });

  it("While D1 fails, no key counts as fresh that was seen in the future", async () => {
    travel(DAY_MS);
    const client = await newClient();
    const { id } = await client.created();
    travel(-DAY_MS);
    const find = (down: Bindings) => ask(`${TRANSACTIONS}/${id}`, { key: client.key, env: down });
    await expectRefusal(await find(failing), "unavailable");
    expect((await find({})).status).toBe(200);
  });

  it("While D1 fails, a key is trusted for a limited time", async () => {
    travel(0);
    const client = await newClient();
    const { id } = await client.created();
    const find = () => ask(`${TRANSACTIONS}/${id}`, { key: client.key, env: failing });
    travel(KEY_STALE_MS - 1_000);
    expect((await find()).status).toBe(200);
    travel(2_000);
    await expectRefusal(await find(), "unavailable");
  });

  it("While D1 fails, a key that was revoked or has expired in this isolate is refused", async () => {
    travel(0);
    const revoked = await newKey(shop.merchant_id);
    expect(await statusWith(revoked.key)).toBe(200);
    await revoke(shop.merchant_id, revoked.id);
    const response = await ask(TRANSACTIONS, { key: revoked.key, env: failing });
    expect([401, 503]).toContain(response.status);

    const rolled = await newKey(shop.merchant_id);
    await roll(shop.merchant_id, rolled.id, { overlap_s: 60 });
    expect(await statusWith(rolled.key)).toBe(200);
    travel(61_000);
    const late = await ask(TRANSACTIONS, { key: rolled.key, env: failing });
    await expectRefusal(late, "api_key_invalid");
  });

  it("While D1 fails, scopes are enforced", async () => {
    const reader = await newKey(shop.merchant_id, { scopes: ["transactions:read"] });
    expect(await statusWith(reader.key)).toBe(200);
    travel(KEY_FRESH_MS + 1);
    const path = `${TRANSACTIONS}/txn_${"a".repeat(26)}`;
    const known = await ask(path, { key: reader.key, env: failing });
    await expectRefusal(known, "transaction_not_found");
    const refused = await acted(reader.key, `txn_${"a".repeat(26)}`, "cancel", failing);
    await expectRefusal(refused, "scope_missing");
  });

  it("After D1 has recovered no trace of the outage is left", async () => {
    const client = await newClient();
    travel(KEY_FRESH_MS + 1);
    await endHanging("d1/query", 1, async () => {
      const refused = await ask(TRANSACTIONS, { key: drawnKey(), env: hanging });
      await expectRefusal(refused, "unavailable");
    });
    expect(await statusWith(client.key)).toBe(200);
    expect(await statusWith(drawnKey())).toBe(401);
    const fresh = await newKey(client.merchant_id);
    expect(await statusWith(fresh.key)).toBe(200);
    await revoke(client.merchant_id, fresh.id);
    expect(await statusWith(fresh.key)).toBe(401);
  });

  it("While D1 fails payments go on, and lists show them after the objects have written them to D1", async () => {
    const client = await newClient();
    await env.DB.exec("ALTER TABLE feed_events RENAME TO events_gone");
    let id = "";
    try {
      const made = await create(client.key);
      expect(made.status).toBe(201);
      ({ id } = await jsonOf<Transaction>(made));
      const list = await ask(TRANSACTIONS, { key: client.key });
      if (list.status !== 200) await expectRefusal(list, "unavailable");
    } finally {
      await env.DB.exec("ALTER TABLE events_gone RENAME TO feed_events");
    }
    const shown = async () =>
      (await jsonOf<{ data: Transaction[] }>(await ask(TRANSACTIONS, { key: client.key }))).data;
    await until(async () => (await shown()).length === 1);
    expect(await shown()).toMatchObject([{ id, status: "pending" }]);
  });
});

checkWholeFile();
