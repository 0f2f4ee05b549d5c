/** Addresses that send wrong credentials are held back. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { forgetKeys } from "../../../../src/api/middleware/authenticate";
import { resetFailedAuthLimits } from "../../../../src/api/middleware/failed-auth-limit";
import { ask, type Bindings, expectRefusal } from "../../../support/contract";
import { env } from "../../../support/env";
import { MINUTE_MS, missing, shop, windowStartMs } from "../../../support/limited-requests";

afterEach(() => {
  vi.useRealTimers();
  forgetKeys();
  resetFailedAuthLimits();
});

describe("wrong credentials", () => {
  const FAILURES = 3;
  let clients = 0;
  /** An address of the test's own. */
  const freshAddress = () => `2001:db8::${(++clients).toString(16)}:0:0:0:1`;
  /** The platform's limiter, with a count that can be seen. */
  function limiter() {
    const counts = new Map<string, number>();
    return {
      counts,
      limit: async ({ key = "" }) => {
        counts.set(key, (counts.get(key) ?? 0) + 1);
        return { success: (counts.get(key) ?? 0) <= FAILURES };
      },
    };
  }
  type Attempt = { path?: string; key?: string; address: string; env?: Bindings };
  const attempt = ({ path = missing, key, address, env: bindings }: Attempt) =>
    ask(path, {
      ...(key === undefined ? {} : { key }),
      headers: { "CF-Connecting-IP": address },
      env: bindings ?? {},
    });

  it("After too many wrong credentials an address is refused before its credentials are checked", async () => {
    const [address, keys] = [freshAddress(), limiter()];
    const failing = (key?: string) =>
      attempt({ address, env: { FAILED_KEYS: keys }, ...(key ? { key } : {}) });
    await expectRefusal(await failing(), "api_key_missing");
    await expectRefusal(await failing("sk_wrong"), "api_key_invalid");
    await expectRefusal(await failing(`sk_${"a".repeat(58)}`), "api_key_invalid");
    const refused = await failing("sk_wrong");
    await expectRefusal(refused, "too_many_failed_authentications");
    expect(refused.headers.get("Retry-After")).toBe("45");
    // A good key that this isolate has not seen is not looked up any more: D1 is not asked.
    forgetKeys();
    const untouched = { FAILED_KEYS: keys, DB: undefined };
    const held = await attempt({ address, key: shop.key, env: untouched });
    await expectRefusal(held, "too_many_failed_authentications");
    expect([...keys.counts.values()]).toEqual([FAILURES + 1]);
  });

  it("Wrong credentials are forgotten when the period ends", async () => {
    const [address, keys] = [freshAddress(), limiter()];
    for (let count = 0; count <= FAILURES; count++) {
      await attempt({ address, key: "sk_wrong", env: { FAILED_KEYS: keys } });
    }
    forgetKeys();
    vi.setSystemTime(windowStartMs + MINUTE_MS);
    expect((await attempt({ address, key: shop.key })).status).toBe(404);
  });

  it("Wrong credentials are forgotten within a period although the clock has stepped back since", async () => {
    const [address, keys] = [freshAddress(), limiter()];
    for (let count = 0; count <= FAILURES; count++) {
      await attempt({ address, key: "sk_wrong", env: { FAILED_KEYS: keys } });
    }
    forgetKeys();
    vi.setSystemTime(windowStartMs - 60 * MINUTE_MS);
    expect((await attempt({ address, key: shop.key })).status).toBe(404);
  });

  it("Wrong credentials do not block a valid key that was seen before, nor other addresses", async () => {
    const [address, keys] = [freshAddress(), limiter()];
    const bindings = { FAILED_KEYS: keys };
    expect((await attempt({ address, key: shop.key, env: bindings })).status).toBe(404);
    for (let count = 0; count <= FAILURES; count++) {
      await attempt({ address, key: "sk_wrong", env: bindings });
    }
    expect((await attempt({ address, key: shop.key, env: bindings })).status).toBe(404);
    const elsewhere = await attempt({ address: freshAddress(), key: "sk_wrong", env: bindings });
    await expectRefusal(elsewhere, "api_key_invalid");
    const neighbour = address.replace(/1$/, "2");
    const sameNetwork = await attempt({ address: neighbour, key: "sk_wrong", env: bindings });
    await expectRefusal(sameNetwork, "too_many_failed_authentications");
  });

  it("A request with a valid key does not count as a wrong credential", async () => {
    const [address, keys] = [freshAddress(), limiter()];
    await attempt({ address, key: shop.key, env: { FAILED_KEYS: keys } });
    expect(keys.counts.size).toBe(0);
  });

  it.each([
    ["/api/v1/merchants", "admin_token_invalid", env.ADMIN_TOKEN],
    ["/metrics", "metrics_token_invalid", env.METRICS_TOKEN],
  ] as const)("Wrong credentials for %s block the right one, too", async (path, code, token) => {
    const [address, tokens] = [freshAddress(), limiter()];
    const bindings = { FAILED_TOKENS: tokens };
    for (let count = 0; count < FAILURES; count++) {
      await expectRefusal(await attempt({ path, key: "wrong", address, env: bindings }), code);
    }
    const refused = await attempt({ path, key: "wrong", address, env: bindings });
    await expectRefusal(refused, "too_many_failed_authentications");
    const right = await attempt({ path, key: token, address, env: bindings });
    await expectRefusal(right, "too_many_failed_authentications");
    expect((await attempt({ path, key: token, address: freshAddress() })).status).toBe(200);
    // API keys are another matter.
    expect((await attempt({ address, key: shop.key })).status).toBe(404);
  });

  it("Wrong credentials are only refused where there is no limiter, or it fails", async () => {
    const broken = { limit: () => Promise.reject(new Error("broken")) };
    for (const FAILED_KEYS of [undefined, broken]) {
      for (let count = 0; count < 20; count++) {
        const address = "198.51.100.7";
        const answer = await attempt({ address, key: "sk_wrong", env: { FAILED_KEYS } });
        await expectRefusal(answer, "api_key_invalid");
      }
    }
  });

  it("The limiter of wrangler.toml counts wrong credentials", async () => {
    expect(await env.FAILED_KEYS?.limit({ key: freshAddress() })).toEqual({ success: true });
    expect(await env.FAILED_TOKENS?.limit({ key: freshAddress() })).toEqual({ success: true });
  });
});
