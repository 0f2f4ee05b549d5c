/** The Idempotency-Key header. */
import { describe, expect, it } from "vitest";
import type { Transaction as TransactionBody } from "../../../../src/domain/transaction/transaction";
import { TRANSACTIONS } from "../../../support/api";
import { ask, checkWholeFile, expectRefusal, jsonOf, textOf } from "../../../support/contract";
import { canaryKey, get, shop } from "../../../support/shop";

describe("the Idempotency-Key header", () => {
  const send = (headers: Record<string, string>, sent = '{"user_id":"keys","amount":1}') =>
    ask(TRANSACTIONS, {
      key: shop.key,
      body: sent,
      headers: { "Content-Type": "application/json", ...headers },
    });

  const NO_KEYS: Record<string, string> = {
    empty: "",
    "empty in quotes": '""',
    "256 characters": "k".repeat(256),
    "256 characters in quotes": `"${"k".repeat(256)}"`,
    "a blank inside": "a b",
    "a blank inside quotes": '"a b"',
    "a tab inside": "a\tb",
    "a control character": "a\u007fb",
    "a letter beyond ASCII": "schlüssel",
    "an emoji": "💳",
    "two values in one header": "one, two",
    "a card number": "4242424242424242",
    "a card number with dashes": "4242-4242-4242-4242",
    "a card number in quotes": '"4242424242424242"',
  };
  it.each(Object.entries(NO_KEYS))("The Idempotency-Key header is refused: %s", async (_, key) => {
    await expectRefusal(await send({ "Idempotency-Key": key }), "idempotency_key_invalid");
    await expectRefusal(await send({ "X-Idempotency-Key": key }), "idempotency_key_invalid");
    const both = { "Idempotency-Key": "one", "X-Idempotency-Key": key };
    await expectRefusal(await send(both), "idempotency_key_invalid");
    await expectRefusal(await get("/api/v1/idempotency-keys/one"), "idempotency_key_not_found");
  });

  it("The Idempotency-Key header is refused when it comes under both names and differs", async () => {
    const both = { "Idempotency-Key": "one", "X-Idempotency-Key": "One" };
    await expectRefusal(await send(both), "idempotency_key_invalid");
    await expectRefusal(await get("/api/v1/idempotency-keys/one"), "idempotency_key_not_found");
  });

  it("The Idempotency-Key header is required, whatever the body", async () => {
    await expectRefusal(await send({}), "idempotency_key_missing");
    await expectRefusal(await send({}, "{"), "idempotency_key_missing");
  });

  it("The Idempotency-Key header means the same bare, in quotes, under its older name and twice", async () => {
    const key = canaryKey();
    const first = await textOf(await send({ "Idempotency-Key": key }));
    for (const headers of [
      { "Idempotency-Key": `"${key}"` },
      { "X-Idempotency-Key": key },
      { "X-Idempotency-Key": `"${key}"` },
      { "Idempotency-Key": key, "X-Idempotency-Key": key },
      { "Idempotency-Key": `"${key}"`, "X-Idempotency-Key": key },
      { "Idempotency-Key": `  ${key}\t` },
    ]) {
      const again = await send(headers);
      expect([again.status, await textOf(again)]).toEqual([201, first]);
      expect(again.headers.get("Idempotent-Replayed")).toBe("true");
    }
  });

  const KEYS: Record<string, string> = {
    "255 characters": "k".repeat(255),
    "every visible character": String.fromCharCode(...[...Array(94).keys()].map((at) => at + 0x21)),
    slashes: "a/b//c/",
    dots: "../../x",
    "a question mark and a number sign": "a?b=1#c",
    "a percent sign": "100%",
    "what looks percent-encoded": "a%2Fb%25%zz",
    "a plus sign": "a+b",
    "quotes inside": 'a"b"c',
    "a backslash": "a\\b",
    SQL: "';DROP/**/TABLE/**/transactions;--",
    "a name of Object.prototype": "__proto__",
    "digits that are no card number": "4242424242424241",
  };
  it.each(Object.entries(KEYS))(
    "An idempotency key is kept and found again with %s",
    async (_, key) => {
      const made = await jsonOf<TransactionBody>(await send({ "Idempotency-Key": key }));
      expect(made.idempotency_key).toBe(key);
      const path = `/api/v1/idempotency-keys/${encodeURIComponent(key)}`;
      for (const one of [path, `${path}/`]) expect(await jsonOf(await get(one))).toEqual(made);
    },
  );

  it("An idempotency key is found by the name that the transaction shows, even when that looks quoted", async () => {
    const inner = await jsonOf<TransactionBody>(await send({ "Idempotency-Key": "quoted" }));
    const outer = await jsonOf<TransactionBody>(
      await send({ "Idempotency-Key": '"\\"quoted\\""' }),
    );
    expect(outer.idempotency_key).toBe('"quoted"');
    expect(outer.id).not.toBe(inner.id);
    const path = `/api/v1/idempotency-keys/${encodeURIComponent(outer.idempotency_key)}`;
    expect(await jsonOf(await get(path))).toEqual(outer);
  });

  it("An idempotency key that is not valid is refused or unknown in an address, but never a fault", async () => {
    const keys = ["a%20b", "%00", "%C3%BC", "%", "%zz", "%E0%A4%A", "k".repeat(256), "%22%22"];
    for (const key of keys) {
      const response = await get(`/api/v1/idempotency-keys/${key}`);
      expect([400, 404], key).toContain(response.status);
    }
  });
});

checkWholeFile();
