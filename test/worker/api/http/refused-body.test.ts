/** Bodies that are refused: malformed, wrong, too large, or with card numbers. */
import { beforeAll, describe, expect, it } from "vitest";
import type { ProblemCode } from "../../../../src/api/http/problem";
import { MAX_BODY_BYTES } from "../../../../src/api/http/request-body";
import { type Client, newClient, TRANSACTIONS } from "../../../support/api";
import {
  type Asked,
  ask,
  CANARY,
  checkWholeFile,
  createWith,
  expectRefusal,
  jsonOf,
  logOf,
  pointersOf,
  textOf,
  utf8,
} from "../../../support/contract";
import { env } from "../../../support/env";
import {
  asAdmin,
  body,
  canaryKey,
  create,
  faulty,
  pairs,
  shop,
  streamOf,
} from "../../../support/shop";

describe("a body that is refused", () => {
  let victim: Client;
  beforeAll(async () => {
    victim = await newClient();
  });

  /** Refuses the body, and its owner has never heard of the key. */
  async function refused(sent: Asked["body"], code: ProblemCode, headers?: Record<string, string>) {
    const key = canaryKey();
    const response = await createWith(victim.key, key, sent, headers);
    const said = await expectRefusal(response, code, String(sent).slice(0, 200));
    const found = await ask(`/api/v1/idempotency-keys/${key}`, { key: victim.key });
    await expectRefusal(found, "idempotency_key_not_found");
    return said;
  }

  const bytes = (...parts: (string | number)[]) =>
    Uint8Array.from(parts.flatMap((part) => (typeof part === "number" ? part : [...utf8(part)])));
  const MALFORMED: Record<string, string | Uint8Array> = {
    nothing: "",
    blanks: " \n ",
    "half an object": `{"user_id":"${CANARY}`,
    NaN: body("", "NaN"),
    Infinity: body("", "-Infinity"),
    "a plus sign": body("", "+1"),
    "a leading zero": body("", "01"),
    "a hexadecimal number": body("", "0x10"),
    "a number that starts with a point": body("", ".5"),
    "a number that ends in a point": body("", "5."),
    "grouped digits": body("", "1_000"),
    "a comma too many": `${body().slice(0, -1)},}`,
    "a comment": `${body()}//`,
    "two objects": body() + body(),
    "single quotes": body().replaceAll('"', "'"),
    "a raw NUL in a string": body('"description":"\0"'),
    "a raw NUL after the end": `${body()}\0`,
    "a raw line break in a string": body('"description":"\n"'),
    "an unknown escape": body('"description":"\\x41"'),
    "invalid UTF-8": bytes('{"user_id":"', 0xc3, 0x28, '","amount":1}'),
    "overlong UTF-8": bytes('{"user_id":"', 0xc0, 0xaf, '","amount":1}'),
    "half a character in UTF-8": bytes('{"user_id":"', 0xed, 0xa0, 0x80, '","amount":1}'),
    "UTF-16": new Uint8Array(Uint16Array.from(body(), (unit) => unit.charCodeAt(0)).buffer),
    "two byte order marks": `\ufeff\ufeff${body()}`,
  };
  it.each(Object.entries(MALFORMED))("A body is refused as malformed: %s", async (_, sent) => {
    await refused(sent, "malformed_json");
  });

  const nested = (depth: number, open: string, close: string) =>
    `${open.repeat(depth)}1${close.repeat(depth)}`;
  const MONSTERS: Record<string, string> = {
    "30,000 nested arrays": nested(30_000, "[", "]"),
    "60,000 arrays that never end": "[".repeat(60_000),
    "30,000 nested arrays as metadata": body(`"metadata":${nested(30_000, "[", "]")}`),
    "10,000 nested objects": nested(10_000, '{"a":', "}"),
    "5,000 nested objects as an amount": body("", nested(5_000, '{"amount":', "}")),
    "6,000 unknown fields": `{${Array.from({ length: 6_000 }, (_, at) => `"f${at}":1`).join()}}`,
    "an unknown field of 60,000 characters": body(`"${"é".repeat(30_000)}":1`),
    "4,500 metadata pairs": body(`"metadata":{${pairs(4_500)}}`),
  };
  it.each(Object.entries(MONSTERS))(
    "A refusal is short, however large the body is: %s",
    async (_, sent) => {
      const response = await create(sent);
      expect(response.status).toBe(400);
      expect((await textOf(response)).length).toBeLessThan(5_000);
    },
  );

  it.each(["null", "[]", '[{"user_id":"u","amount":1}]', '"text"', "5", "true"])(
    "A body that is not an object is refused: %s",
    async (sent) => {
      // RFC 6901: the whole document is the empty pointer; as a URI fragment that is "#".
      expect(pointersOf(await refused(sent, "invalid_request"))).toEqual(["#"]);
    },
  );

  const INEXACT = `0 -0 0.0 0e5 -1 0.1000000000000000055 100.000000000000001 0.001 1e-3 1e-9999 1e309
    10000000000000.00 9007199254740993 1e9999 1e99999 ${"9".repeat(5_000)} 1.${"0".repeat(70)}`;
  /** By field, the values it does not take. */
  const WRONG: Record<string, string> = {
    user_id: String.raw`null 5 true [] ["a"] {} "" "\u0000" "a\ud800" "\udc00a" "${"u".repeat(129)}"`,
    amount: String.raw`${INEXACT} null true [] [1] ["1"] {} {"source":"1"} "" "\u0020" "1\u0020" "\u00201"
      "+1" "--1" "01" ".5" "5." "1,00" "1,000.00" "1_0" "1\n" "1\u0000" "0x10" "NaN" "Infinity" "$1"
      "1e" "e1" "1e1.5" "1e+-1" "１０" "١" "true" "null"`,
    currency: String.raw`5 true [] ["USD"] {} "" "usd" "Usd" "US" "USDX" "USD\u0020" "ABC" "XXX" "XAU"
      "CLF" "ＵＳＤ" "constructor" "__proto__" "toString"`,
    description: String.raw`5 false [] {} "\u0000" "\ud83d" "${"d".repeat(501)}"`,
    webhook_url: `5 true [] {} "" "example.com" "http://example.com/" "https://localhost/"
      "https://10.0.0.1/" "https://a:b@example.com/" "ftp://example.com/"`,
    metadata: `5 true "text" [] [["a","b"]] {${pairs(51)}}`,
    "metadata/order": String.raw`5 true null [] ["a"] {} "\u0000" "\ud800" "${"v".repeat(501)}"`,
    "metadata/amount": "5 0.10 100.000000000000001",
  };
  it.each(Object.entries(WRONG))("A body is refused because of its %s", async (field, values) => {
    const [name = "", inner] = field.split("/");
    const rest = Object.entries({ user_id: '"u"', amount: "1" }).filter(
      ([other]) => other !== name,
    );
    for (const value of values.split(/\s+/)) {
      const sent = [...rest, [name, inner ? `{"fine":"yes","${inner}":${value}}` : value]];
      const members = sent.map(([key, text]) => `"${key}":${text}`).join();
      const said = await refused(`{${members}}`, "invalid_request");
      expect(pointersOf(said), value).toEqual([`#/${field}`]);
    }
  });

  it("A body is refused because of an amount that is not exact, also as a string", async () => {
    for (const amount of INEXACT.split(/\s+/)) {
      const said = await refused(body("", `"${amount}"`), "invalid_request");
      expect(pointersOf(said), amount).toEqual(["#/amount"]);
    }
  });

  it("A body is refused when its currency has no such decimals", async () => {
    for (const each of ["JPY 100.5", "JPY 1e-1", "USD 1.005", "KWD 1.2345"]) {
      const [currency = "", amount = ""] = each.split(" ");
      for (const sent of [amount, `"${amount}"`]) {
        const said = await refused(body(`"currency":"${currency}"`, sent), "invalid_request");
        expect(said.errors?.[0]?.message).toContain(currency);
      }
    }
  });

  const PLACES: Record<string, string> = {
    "#/user_id": '{"amount":1}',
    "#/amount": '{"user_id":"u"}',
    "#/amount_minor": body('"amount_minor":5'),
    "#/Currency": body('"Currency":"EUR"'),
    "#/__proto__": body('"__proto__":{"currency":"EUR"}'),
    "#/constructor": body('"constructor":{"prototype":{}}'),
    "#/metadata/": body('"metadata":{"":"x"}'),
    [`#/metadata/${"k".repeat(41)}`]: body(`"metadata":{"${"k".repeat(41)}":""}`),
    "#/a~1b~0c": body('"a/b~c":1'),
    "#/metadata/%20": body('"metadata":{" ":5}'),
    "#/a%20b%2541": body('"a b%41":1'),
    "#/%C3%BC": body('"ü":1'),
  };
  it.each(Object.entries(PLACES))(
    "A body is refused with a JSON pointer to the place: %s",
    async (pointer, sent) => {
      expect(pointersOf(await refused(sent, "invalid_request"))).toEqual([pointer]);
    },
  );

  it("A body is refused with all of its faults at once, also with half characters", async () => {
    const many = '{"user_id":5,"amount":[],"currency":5,"x":1}';
    const named = pointersOf(await refused(many, "invalid_request"));
    expect(named.sort()).toEqual(["#/amount", "#/currency", "#/user_id", "#/x"]);
    await refused(body('"\\ud800":1'), "invalid_request");
    await refused(body('"metadata":{"a\\udfff":"x"}'), "invalid_request");
  });

  const CARD = "4242424242424242";
  const CARDS: Record<string, string> = {
    user_id: `{"user_id":"${CARD}","amount":1}`,
    description: body(`"description":"paid with 4242-4242-4242-4242, thanks"`),
    "description, in escapes": body('"description":"\\u0034242424242424242"'),
    "metadata value": body(`"metadata":{"card":"${CARD}"}`),
    "metadata key": body(`"metadata":{"${CARD}":"card"}`),
    "webhook URL": body(`"webhook_url":"https://example.com/${CARD}"`),
  };
  it.each(Object.entries(CARDS))(
    "A body is refused for a card number in its %s",
    async (_, sent) => {
      await refused(sent, "card_number_refused");
    },
  );

  it("Names of merchants, keys and endpoints are refused for a card number", async () => {
    const { merchant_id, key } = victim;
    const text = `${CANARY} ${CARD}`;
    const headers = { "Content-Type": "application/json" };
    const endpoint = (sent: object) =>
      ask("/api/v1/webhook-endpoints", { key, headers, body: JSON.stringify(sent) });
    for (const response of [
      await asAdmin("/api/v1/merchants", { name: text }),
      await asAdmin(`/api/v1/merchants/${merchant_id}/api-keys`, { name: text }),
      await endpoint({ url: "https://example.com/", description: text }),
      await endpoint({ url: `https://example.com/${CARD}` }),
    ]) {
      await expectRefusal(response, "card_number_refused");
    }
  });

  it("A body is refused when the last of two equal names is not valid, and not because the first is not", async () => {
    await refused(body('"amount":100.000000000000001', "5"), "invalid_request");
    const response = await create(body('"amount":5', "100.000000000000001"));
    expect([201, 400]).toContain(response.status);
    if (response.status === 201) {
      expect(await response.json()).toMatchObject({ amount_minor: 500 });
    }
  });

  it("A body is refused for its media type, or for having none", async () => {
    const types = ["", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded", "json"];
    types.push("multipart/form-data; boundary=x", "application/json-patch+json", "text/json");
    types.push("application/jsonp", "text/plain, application/json", "*/*");
    for (const type of types) {
      await refused(body(), "unsupported_media_type", { "Content-Type": type });
    }
    const headers = { "Idempotency-Key": canaryKey() };
    const response = await ask(TRANSACTIONS, { key: victim.key, body: body(), headers });
    await expectRefusal(response, "unsupported_media_type");
  });

  it("A body is refused for its size: 10 MB at once", async () => {
    const large = body(`"description":"${"x".repeat(10_000_000)}"`);
    await refused(large, "body_too_large");
    await refused(large, "body_too_large", { "Content-Length": String(large.length) });
    const outside = await shop.send(large, { "Idempotency-Key": canaryKey() });
    await expectRefusal(outside, "body_too_large");
  });

  /** A body of so many pieces, and what becomes of it. */
  function bodyOf(pieces: number) {
    const seen = { pulled: 0, isCancelled: false };
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (seen.pulled === pieces) return controller.close();
        seen.pulled += 1;
        controller.enqueue(new Uint8Array(8_192).fill(0x20));
      },
      cancel() {
        seen.isCancelled = true;
      },
    });
    return { stream, seen };
  }

  it("A body is refused for its size after all of it is read: 10 MB without a length", async () => {
    const { stream, seen } = bodyOf(1_280);
    await refused(stream, "body_too_large");
    expect(seen).toEqual({ pulled: 1_280, isCancelled: false });
  });

  it("A body without an end is refused for its size, and not read without end", async () => {
    const { stream, seen } = bodyOf(Number.POSITIVE_INFINITY);
    await refused(stream, "body_too_large");
    expect(seen.pulled).toBeLessThan(2_080);
    expect(seen.isCancelled).toBe(true);
  });

  it("A body that breaks off is refused as the client's fault", async () => {
    const broken = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(utf8('{"user_id":"u"')),
      pull: (controller) => controller.error(faulty({ retryable: true })),
    });
    const said = await refused(broken, "malformed_json");
    expect(said).toMatchObject({ detail: "The body is incomplete." });
    expect(logOf(said.request_id)).toMatchObject([{ event: "request", status: 400 }]);
  });

  it("A body is refused for one byte too many, and accepted without it", async () => {
    const padded = (length: number) => body().padEnd(length, " ");
    await refused(padded(MAX_BODY_BYTES + 1), "body_too_large");
    await refused(streamOf(utf8(padded(MAX_BODY_BYTES + 1)), 1_000), "body_too_large");
    expect((await create(padded(MAX_BODY_BYTES))).status).toBe(201);
    expect((await create(streamOf(utf8(padded(MAX_BODY_BYTES)), 1_000))).status).toBe(201);
  });

  it("A refused body leaves nothing behind in D1", async () => {
    for (const list of [TRANSACTIONS, "/api/v1/events"]) {
      expect(await jsonOf(await ask(list, { key: victim.key }))).toMatchObject({ data: [] });
    }
    const { results } = await env.DB.prepare("SELECT 1 FROM feeds WHERE merchant_id = ?")
      .bind(victim.merchant_id)
      .all();
    expect(results).toEqual([]);
  });
});

checkWholeFile();
