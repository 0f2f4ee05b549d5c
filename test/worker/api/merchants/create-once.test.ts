/** Creates of merchants and API keys under an idempotency key, and pages of merchants. */
import { describe, expect, it } from "vitest";
import { ask, expectRefusal, jsonOf, pointersOf } from "../../../support/contract";
import { env } from "../../../support/env";
import {
  asAdmin,
  keysOf,
  listed,
  MERCHANTS,
  shop,
  statusWith,
} from "../../../support/merchants-api";

type Merchant = { id: string; name: string; created_at: string };
type MerchantPage = { data: Merchant[]; has_more: boolean; next_cursor: string | null };

let count = 0;
const freshKey = () => {
  count += 1;
  return `create-once-${count}`;
};

const createUnder = (path: string, idempotencyKey: string, body: object) =>
  ask(path, {
    key: env.ADMIN_TOKEN,
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", "Idempotency-Key": idempotencyKey },
  });

describe("a merchant under an idempotency key", () => {
  it("Repeated and concurrent creates make one merchant, and a repetition says so", async () => {
    const key = freshKey();
    const body = { name: "Once", default_currency: "EUR" };
    const racing = await Promise.all([1, 2, 3, 4].map(() => createUnder(MERCHANTS, key, body)));
    expect(racing.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    const replays = racing.filter(({ headers }) => headers.get("Idempotent-Replayed") === "true");
    expect(replays).toHaveLength(3);
    const made = await Promise.all(racing.map((response) => jsonOf<Merchant>(response)));
    expect(new Set(made.map((merchant) => JSON.stringify(merchant))).size).toBe(1);
    const { data } = await jsonOf<MerchantPage>(await asAdmin(MERCHANTS));
    expect(data.filter(({ name }) => name === "Once")).toHaveLength(1);
  });

  it("The same key with another name or currency is refused, and names the field", async () => {
    const key = freshKey();
    await createUnder(MERCHANTS, key, { name: "First" });
    const other = await createUnder(MERCHANTS, key, { name: "Second", default_currency: "EUR" });
    const problem = await expectRefusal(other, "idempotency_key_reused");
    expect(pointersOf(problem)).toEqual(["#/name", "#/default_currency"]);
  });

  it("An idempotency key that is not valid is refused", async () => {
    await expectRefusal(
      await createUnder(MERCHANTS, "a".repeat(256), { name: "Long" }),
      "idempotency_key_invalid",
    );
  });
});

describe("an API key under an idempotency key", () => {
  it("Repeated and concurrent creates make one key, which the first response alone shows", async () => {
    const key = freshKey();
    const before = (await listed(shop.merchant_id)).length;
    const create = () => createUnder(keysOf(shop.merchant_id), key, { name: "till" });
    const racing = await Promise.all([create(), create(), create()]);
    expect(racing.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    const made = racing.find(({ status }) => status === 201);
    const { id, key: secret } = await jsonOf<{ id: string; key: string }>(made ?? racing[0]);
    expect(await statusWith(secret)).toBe(200);
    const problem = await expectRefusal(await create(), "api_key_exists");
    expect(JSON.stringify(problem)).toContain(id);
    expect(JSON.stringify(problem)).not.toContain(secret);
    expect(await listed(shop.merchant_id)).toHaveLength(before + 1);
  });

  it("The same idempotency key makes a key of its own for each merchant", async () => {
    const key = freshKey();
    const other = await jsonOf<Merchant>(await asAdmin(MERCHANTS, { name: "Other" }));
    for (const id of [shop.merchant_id, other.id]) {
      expect((await createUnder(keysOf(id), key, {})).status).toBe(201);
    }
  });
});

describe("the list of merchants", () => {
  it("Pages have each merchant once, the newest first", async () => {
    const made: string[] = [];
    for (const name of ["P1", "P2", "P3", "P4", "P5"]) {
      made.unshift((await jsonOf<Merchant>(await asAdmin(MERCHANTS, { name }))).id);
    }
    const seen: Merchant[] = [];
    let query = "?limit=2";
    do {
      const page = await jsonOf<MerchantPage>(await asAdmin(`${MERCHANTS}${query}`));
      expect(page.has_more).toBe(page.next_cursor !== null);
      seen.push(...page.data);
      query = `?limit=2&cursor=${page.next_cursor}`;
    } while (!query.endsWith("null"));
    expect(
      seen
        .map(({ id }) => id)
        .filter((id) => made.includes(id))
        .sort(),
    ).toEqual(made.sort());
    expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
    const times = seen.map(({ created_at }) => created_at);
    expect(times).toEqual(times.toSorted().reverse());
  });

  it("A cursor that is none, or that is of another list, is refused", async () => {
    for (const cursor of ["abc", "ZXZlbnQgMTg"]) {
      const response = await asAdmin(`${MERCHANTS}?cursor=${cursor}`);
      await expectRefusal(response, "invalid_request");
    }
  });

  it("One merchant can be read by its id, and one that does not exist is not found", async () => {
    const merchant = await jsonOf<Merchant>(await asAdmin(MERCHANTS, { name: "Alone" }));
    expect(await jsonOf(await asAdmin(`${MERCHANTS}/${merchant.id}`))).toEqual(merchant);
    await expectRefusal(await asAdmin(`${MERCHANTS}/mer_none`), "merchant_not_found");
  });
});
