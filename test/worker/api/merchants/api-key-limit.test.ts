/** How many API keys a merchant may have. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { MAX_API_KEYS } from "../../../../src/api/merchants/api-key-routes";
import { forgetKeys } from "../../../../src/api/middleware/authenticate";
import { resetFailedAuthLimits } from "../../../../src/api/middleware/failed-auth-limit";
import type { Client } from "../../../support/api";
import { ask, expectRefusal, jsonOf } from "../../../support/contract";
import { env } from "../../../support/env";
import { shop, statusesOf } from "../../../support/limited-requests";

afterEach(() => {
  vi.useRealTimers();
  forgetKeys();
  resetFailedAuthLimits();
});

describe("a merchant's API keys", () => {
  const keysOf = ({ merchant_id }: Client) => `/api/v1/merchants/${merchant_id}/api-keys`;
  const post = (path: string, body: object = {}) =>
    ask(path, {
      key: env.ADMIN_TOKEN,
      body: JSON.stringify(body),
      headers: { "Content-Type": "application/json" },
    });
  type Key = { id: string; expires_at: string | null };
  const living = async () => {
    const answer = await ask(keysOf(shop), { key: env.ADMIN_TOKEN });
    const { data } = await jsonOf<{ data: Key[] }>(answer);
    return data.filter(({ expires_at }) => expires_at === null);
  };

  it(`A merchant has at most ${MAX_API_KEYS} API keys, also when requests race for the last places`, async () => {
    for (let count = 1; count < MAX_API_KEYS - 5; count++) await post(keysOf(shop));
    const racing = await Promise.all(Array.from({ length: 20 }, () => post(keysOf(shop))));
    expect(statusesOf(racing)).toEqual({ 201: 5, 409: 15 });
    const keys = await living();
    expect(keys).toHaveLength(MAX_API_KEYS);
    // Full as it is, each can be replaced, because the old one makes room; raced for, once.
    const [one, other] = keys.map(({ id }) => `${keysOf(shop)}/${id}`);
    const rolls = [`${one}/roll`, `${one}/roll`, `${other}/roll`].map((path) =>
      post(path, { overlap_s: 3_600 }),
    );
    expect(statusesOf(await Promise.all(rolls))).toEqual({ 201: 2, 409: 1 });
    expect(await living()).toHaveLength(MAX_API_KEYS);
    await expectRefusal(await post(keysOf(shop)), "too_many_api_keys");
    const [last] = await living();
    const path = `${keysOf(shop)}/${last?.id}`;
    expect((await ask(path, { method: "DELETE", key: env.ADMIN_TOKEN })).status).toBe(204);
    expect((await post(keysOf(shop))).status).toBe(201);
  });
});
