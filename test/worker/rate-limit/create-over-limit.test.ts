/** Creates over a merchant's quota: a repeated one gets its stored response. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { forgetKeys } from "../../../src/api/middleware/authenticate";
import { resetFailedAuthLimits } from "../../../src/api/middleware/failed-auth-limit";
import type { Transaction } from "../../../src/domain/transaction/transaction";
import { freshKey, newClient, TRANSACTIONS } from "../../support/api";
import { ask, createWith, expectRefusal, jsonOf, textOf } from "../../support/contract";
import {
  burst,
  fieldOf,
  INTO_MS,
  leaseElsewhere,
  limited,
  MINUTE_MS,
  shop,
  statusesOf,
  windowStartMs,
} from "../../support/limited-requests";

afterEach(() => {
  vi.useRealTimers();
  forgetKeys();
  resetFailedAuthLimits();
});

describe("a create over the limit", () => {
  const body = (amount = 10) => JSON.stringify({ user_id: "user_1", amount });
  const used = limited(1);
  let first: Response;
  let idempotencyKey = "";
  beforeEach(async () => {
    idempotencyKey = freshKey();
    first = await createWith(shop.key, idempotencyKey, body(), {});
    await burst(20, used); // Another limit than the first create's, so the lease goes first.
    await exhaust();
  });
  /** The rest of the lease that the first create got, and of the window. */
  async function exhaust() {
    await leaseElsewhere(1);
    vi.setSystemTime(windowStartMs + MINUTE_MS + INTO_MS);
    expect(statusesOf(await burst(2, used))).toEqual({ 404: 1, 429: 1 });
  }
  const createOver = (key: string, sent = body(), bindings = used) =>
    ask(TRANSACTIONS, {
      key: shop.key,
      body: sent,
      headers: { "Content-Type": "application/json", "Idempotency-Key": key },
      env: bindings,
    });

  it("A repeated create over the limit gets its stored response", async () => {
    const repeated = await createOver(idempotencyKey);
    expect(repeated.status).toBe(201);
    expect(await textOf(repeated)).toBe(await textOf(first));
    expect(repeated.headers.get("Idempotent-Replayed")).toBe("true");
    expect(repeated.headers.get("Location")).toBe(first.headers.get("Location"));
    expect(fieldOf(repeated, "RateLimit")).toMatchObject({ requests: { r: 0 } });
  });

  it("A repeated create over the limit gets the first response, whatever has happened to the transaction", async () => {
    vi.setSystemTime(windowStartMs + 2 * MINUTE_MS);
    const { id } = await jsonOf<Transaction>(first);
    expect((await shop.cancel(id)).status).toBe(200);
    vi.setSystemTime(windowStartMs + 3 * MINUTE_MS);
    await burst(2, used);
    expect(await textOf(await createOver(idempotencyKey))).toBe(await textOf(first));
  });

  it("A create over the limit is refused with the fields when the key was used for something else", async () => {
    const problem = await expectRefusal(
      await createOver(idempotencyKey, body(11)),
      "idempotency_key_reused",
    );
    expect(problem.errors?.map(({ pointer }) => pointer)).toEqual(["#/amount"]);
  });

  it("A create over the limit under a new key is refused, and makes nothing", async () => {
    const key = freshKey();
    const refused = await createOver(key);
    await expectRefusal(refused, "rate_limited");
    expect(refused.headers.get("Retry-After")).toBe("45");
    vi.setSystemTime(windowStartMs + 2 * MINUTE_MS);
    const asked = await ask(`/api/v1/idempotency-keys/${key}`, { key: shop.key });
    await expectRefusal(asked, "idempotency_key_not_found");
  });

  it("A create over the limit does not find another merchant's transaction", async () => {
    const other = await newClient();
    await burst(2, used, other);
    const refused = await ask(TRANSACTIONS, {
      key: other.key,
      body: body(),
      headers: { "Content-Type": "application/json", "Idempotency-Key": idempotencyKey },
      env: used,
    });
    await expectRefusal(refused, "rate_limited");
  });

  it("Creates over the limit are looked up as often as the limit permits, and no more", async () => {
    expect((await createOver(idempotencyKey)).status).toBe(201);
    await expectRefusal(await createOver(idempotencyKey), "rate_limited");
  });
});
