/** Bodies that are accepted, and what is kept of them. */
import { describe, expect, it } from "vitest";
import type { Transaction as TransactionBody } from "../../../../src/domain/transaction/transaction";
import { TRANSACTIONS } from "../../../support/api";
import {
  CANARY,
  CANARY_AMOUNT,
  CANARY_AMOUNT_MINOR,
  checkWholeFile,
  expectRefusal,
  jsonOf,
  textOf,
  utf8,
} from "../../../support/contract";
import { body, create, get, pairs, streamOf } from "../../../support/shop";

describe("a body that is taken", () => {
  it("Every text is kept exactly as it was sent, in the response, at its owner and in lists", async () => {
    const texts = ["'; DROP TABLE transactions; --", '" OR ""="', "%_\\", "", "null", "__proto__"];
    texts.push(
      "💳👩‍👩‍👧 e\u0301 é",
      "\u202eright to left",
      "line\u2028break\r\n\ttab",
      "\u0001\u007f\uffff",
    );
    texts.push("<script>alert(1)</script>", "{{7*7}} #{7*7} %s %00", "../../etc/passwd");
    for (const text of texts) {
      const userId = `${CANARY} ${text}`;
      const metadata = { [`k ${text}`]: text, constructor: text, toString: text };
      const sent = JSON.stringify({ user_id: userId, amount: 1, description: text, metadata });
      const response = await create(sent);
      const answer = await textOf(response);
      expect(response.status, answer).toBe(201);
      const made = JSON.parse(answer) as TransactionBody;
      expect(made).toMatchObject({ user_id: userId, description: text });
      expect(made.metadata).toEqual(metadata);
      expect(await textOf(await get(`${TRANSACTIONS}/${made.id}`))).toBe(answer);
      const found = await get(`${TRANSACTIONS}?user_id=${encodeURIComponent(userId)}`);
      const end = `"has_more":false,"next_cursor":null,"stale_since":null`;
      expect(await textOf(found)).toBe(`{"data":[${answer}],${end}}`);
    }
  });

  it.each(["__proto__", "constructor", "prototype", "hasOwnProperty", "toJSON"])(
    "No metadata pair is lost, not even one named %s",
    async (name) => {
      const response = await create(body(`"metadata":{"${name}":"kept","other":"1"}`));
      if (response.status !== 400) expect(await textOf(response)).toContain(`"${name}":"kept"`);
      const other = await create(body(`"metadata":{"${name}":{"a":1}}`));
      await expectRefusal(other, "invalid_request");
    },
  );

  const EXACT = `1E2 USD 10000, 1e+2 USD 10000, 1e-2 USD 1, 0.01 USD 1, 0.10 USD 10, 100.5 USD 10050,
    100.500000 USD 10050, 1.15 USD 115, 4.35 USD 435, 8.2 USD 820, 100.0 JPY 100, 1.234 KWD 1234,
    1234567890123.45 USD 123456789012345, 9999999999999.99 USD 999999999999999,
    999999999999999 JPY 999999999999999, ${CANARY_AMOUNT} EUR ${CANARY_AMOUNT_MINOR}`;
  it.each(EXACT.split(/,\s+/))(
    "An amount is exact, as a number and as a string: %s",
    async (row) => {
      const [text = "", currency = "", minor = ""] = row.split(" ");
      for (const sent of [text, `"${text}"`, `  ${text}\n`]) {
        const made = await jsonOf(await create(body(`"currency":"${currency}"`, sent)));
        const expected = { amount: Number(text), amount_minor: Number(minor), currency };
        expect(made).toMatchObject(expected);
      }
    },
  );

  it("A body's amount is that of its own field, not of the metadata, and escaped names are read alike", async () => {
    const sent = '{"metadata":{"amount":"5"},"user_id":"misled","amount":2.50}';
    expect(await jsonOf(await create(sent))).toMatchObject({ amount_minor: 250 });
    const escaped = '{"user_id":"u","\\u0061mount":100.000000000000001}';
    await expectRefusal(await create(escaped), "invalid_request");
  });

  const FINE: Record<string, string> = {
    "a name of 128 characters": `{"user_id":"${"u".repeat(128)}","amount":1}`,
    "a description of 500 characters": body(`"description":"${"d".repeat(500)}"`),
    "nulls for what may be left out": body('"description":null,"metadata":null,"webhook_url":null'),
    "50 metadata pairs": body(`"metadata":{${pairs(50)}}`),
    "a metadata key of 40 characters": body(`"metadata":{"${"k".repeat(40)}":""}`),
    "a metadata value of 500 characters": body(`"metadata":{"k":"${"v".repeat(500)}"}`),
    "a webhook URL": body('"webhook_url":"https://example.com/hook?a=1#b"'),
    "a byte order mark": `\ufeff${body()}`,
    "white space around": `\r\n\t ${body()} \n`,
    "digits that are no card number": body('"description":"4242424242424241"'),
  };
  it.each(Object.entries(FINE))("A body may have %s", async (_, sent) => {
    expect((await create(sent)).status).toBe(201);
  });

  it("A body may name its media type in other letters and with a charset", async () => {
    for (const type of [
      "application/json; charset=utf-8",
      "Application/JSON",
      "application/json ;a=b",
    ]) {
      expect((await create(body(), { "Content-Type": type })).status).toBe(201);
    }
  });

  it("A body may come in pieces that cut characters in half", async () => {
    const sent = utf8(body('"description":"💳é💳"'));
    expect(await jsonOf(await create(streamOf(sent, 1)))).toMatchObject({ description: "💳é💳" });
  });
});

checkWholeFile();
