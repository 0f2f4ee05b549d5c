/** The response to an invalid request: all faults at once, each with its place; and requests that
 *  race. */
import { beforeAll, describe, expect, it } from "vitest";
import { readConfig } from "../../../../src/config";
import type { Env } from "../../../../src/env";
import { type Client, freshKey, newClient, TRANSACTIONS } from "../../../support/api";
import {
  ask,
  createWith,
  expectRefusal,
  headersOf,
  jsonOf,
  operations,
  parametersOf,
  pointersOf,
  utf8,
} from "../../../support/contract";
import { env } from "../../../support/env";

let shop: Client;
beforeAll(async () => {
  shop = await newClient();
});

const JSON_TYPE = { "Content-Type": "application/json" };
const send = (path: string, body: object, method = "POST") =>
  ask(path, { method, key: shop.key, headers: JSON_TYPE, body: JSON.stringify(body) });
const create = (body: object, key = freshKey()) => createWith(shop.key, key, JSON.stringify(body));

async function gzip(text: string): Promise<Uint8Array> {
  const zipped = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(zipped).arrayBuffer());
}

describe("a body that is wrong in many ways", () => {
  it("A body is refused with all of its faults, also those between its fields", async () => {
    const wrong = {
      user_id: 5,
      amount: "1.005",
      currency: "USD",
      webhook_url: "http://localhost/",
      metadata: { "": "x" },
      surplus: 1,
    };
    const said = await expectRefusal(await create(wrong), "invalid_request");
    expect(pointersOf(said).sort()).toEqual([
      "#/amount",
      "#/metadata/",
      "#/surplus",
      "#/user_id",
      "#/webhook_url",
    ]);
  });

  it("A body without a customer is refused with the faults of its currency and its amount", async () => {
    const wrong = { amount: "-1", currency: "XXX" };
    const said = await expectRefusal(await create(wrong), "invalid_request");
    expect(pointersOf(said).sort()).toEqual(["#/amount", "#/currency", "#/user_id"]);
  });

  it("A body is refused for its card numbers with all other faults", async () => {
    const card = "4242 4242 4242 4242";
    const wrong = { amount: 1, description: card, metadata: { a: card, b: 5 } };
    const said = await expectRefusal(await create(wrong), "card_number_refused");
    expect(pointersOf(said).sort()).toEqual([
      "#/description",
      "#/metadata/a",
      "#/metadata/b",
      "#/user_id",
    ]);
  });

  it.each([
    ["a list for a text", { user_id: Array(200).fill("x") }, "must be a string"],
    ["an object with a length for a text", { user_id: { length: 200 } }, "must be a string"],
    ["a number for a text", { user_id: 5 }, "must be a string"],
    ["a text that is too long", { user_id: "x".repeat(200) }, "must have at most 128 characters"],
  ])(
    "A wrong field has one fault, and its length is no second one: %s",
    async (_, wrong, message) => {
      const said = await expectRefusal(await create({ amount: 1, ...wrong }), "invalid_request");
      expect(said.errors).toEqual([{ pointer: "#/user_id", message }]);
    },
  );

  it.each([
    ["#/items", "must be an array of 1 to 100 items", `${TRANSACTIONS}/batch`, { items: "" }],
    [
      "#/events",
      "must be a list of event types",
      "/api/v1/webhook-endpoints",
      { url: "https://example.com/", events: "transaction.completed" },
    ],
    [
      "#/cursor",
      "must be a string",
      "/api/v1/risk/backtest",
      { rule_set: { rules: [] }, cursor: [] },
    ],
    [
      "#/limit",
      "must be a whole number from 1 to 1000",
      "/api/v1/risk/backtest",
      { rule_set: { rules: [] }, limit: 1e300 },
    ],
  ])("A member has one fault, in our words: %s %s", async (pointer, message, path, body) => {
    const said = await expectRefusal(await send(path, body), "invalid_request");
    expect(said.errors).toEqual([{ pointer, message }]);
  });

  it("A list entry is refused for its value and its note at once", async () => {
    const wrong = { list: "block", field: "ip", value: "nowhere", note: 5 };
    const said = await expectRefusal(await send("/api/v1/risk/lists", wrong), "invalid_request");
    expect(pointersOf(said).sort()).toEqual(["#/note", "#/value"]);
  });
});

it.each(["[]", "5", "null"])("The body %s is refused in one form by every path", async (text) => {
  const { id } = await shop.created();
  const paths = ["capture", "refunds", "review"].map((action) => `${TRANSACTIONS}/${id}/${action}`);
  for (const path of [
    ...paths,
    TRANSACTIONS,
    `${TRANSACTIONS}/batch`,
    "/api/v1/webhook-endpoints",
  ]) {
    const headers = { ...JSON_TYPE, "Idempotency-Key": freshKey() };
    const response = await ask(path, { method: "POST", key: shop.key, headers, body: text });
    const { errors } = await expectRefusal(response, "invalid_request", path);
    expect(errors, path).toEqual([{ pointer: "#", message: "must be a JSON object" }]);
  }
});

it("A recovery whose end is before its beginning is refused by the name of its end", async () => {
  const url = "https://example.com/recovered";
  const made = await send("/api/v1/webhook-endpoints", { url, enabled: false });
  const path = `/api/v1/webhook-endpoints/${(await jsonOf<{ id: string }>(made)).id}/recover`;
  const [early, late] = ["2026-01-01T00:00:00.0001Z", "2026-01-01T00:00:00.0009Z"];
  const wrong = { since: late, until: "2025-12-31T23:59:59Z" };
  const said = await expectRefusal(await send(path, wrong), "invalid_request");
  expect(pointersOf(said)).toEqual(["#/until"]);
  for (const [since, until] of [
    [early, early],
    [early, late],
  ]) {
    expect((await send(path, { since, until })).status).toBe(202);
  }
});

describe("a request that has no body", () => {
  const withoutBody = operations.filter(
    ({ method, operation }) => method === "POST" && !operation.requestBody,
  );
  const post = async (
    pattern: string,
    body: string,
    headers: Record<string, string> = JSON_TYPE,
  ) => {
    const { id } = await shop.created();
    const url = "https://example.com/without-body";
    const endpoint = await send("/api/v1/webhook-endpoints", { url, enabled: false });
    const { id: endpointId } = await jsonOf<{ id: string }>(endpoint);
    const tested = await send(`/api/v1/webhook-endpoints/${endpointId}/test`, {});
    const { id: deliveryId } = await jsonOf<{ id: string }>(tested);
    const ids = {
      transactions: id,
      "webhook-endpoints": endpointId,
      "webhook-deliveries": deliveryId,
    };
    const path = pattern.replace(
      /([\w-]+)\/\{id\}/,
      (_, of: keyof typeof ids) => `${of}/${ids[of]}`,
    );
    const response = await ask(path, { method: "POST", key: shop.key, headers, body });
    await ask(`/api/v1/webhook-endpoints/${endpointId}`, { method: "DELETE", key: shop.key });
    return { response, transaction: await shop.find(id) };
  };

  it("Some operations have no body", () => {
    expect(withoutBody.map(({ path }) => path.replace("/api/v1", ""))).toEqual([
      "/transactions/{id}/process",
      "/transactions/{id}/cancel",
      "/webhook-endpoints/{id}/test",
      "/webhook-deliveries/{id}/redeliver",
    ]);
  });

  it.each(withoutBody)(
    "A body with a member is refused and changes nothing: $path",
    async ({ path }) => {
      const { response, transaction } = await post(path, '{"amount":1}');
      const { errors } = await expectRefusal(response, "invalid_request");
      expect(errors).toEqual([{ pointer: "#/amount", message: "is not a known field" }]);
      expect(transaction).toMatchObject({ status: "pending", version: 1 });
      const other = await post(path, "amount=1", { "Content-Type": "text/plain" });
      await expectRefusal(other.response, "unsupported_media_type");
      expect(other.transaction).toMatchObject({ status: "pending", version: 1 });
    },
  );

  it.each(withoutBody)("A body without members is accepted: $path", async ({ path }) => {
    for (const empty of ["", "{}"]) {
      expect((await post(path, empty)).response.status).toBeLessThan(300);
    }
  });
});

describe("a query that is wrong", () => {
  it("A query is refused with the names of its parameters", async () => {
    const query = "limit=0&status=none&surplus=1";
    const response = await ask(`${TRANSACTIONS}?${query}`, { key: shop.key });
    const said = await expectRefusal(response, "invalid_request");
    expect(parametersOf(said).sort()).toEqual(["limit", "status", "surplus"]);
    expect([pointersOf(said), headersOf(said)]).toEqual([[], []]);
  });

  it("A query is refused with the name of its cursor, and a body with a pointer to it", async () => {
    const listed = await ask(`${TRANSACTIONS}?cursor=x`, { key: shop.key });
    expect(parametersOf(await expectRefusal(listed, "invalid_request"))).toEqual(["cursor"]);
    const tried = await send("/api/v1/risk/backtest", { rule_set: { rules: [] }, cursor: "x" });
    expect(pointersOf(await expectRefusal(tried, "invalid_request"))).toEqual(["#/cursor"]);
  });
});

describe("an Idempotency-Key", () => {
  const body = '{"user_id":"keys","amount":1}';

  it("The parameters of an Idempotency-Key's structured field are ignored", async () => {
    const key = freshKey();
    const first = await createWith(shop.key, key, body);
    const again = await createWith(shop.key, `"${key}";x=1`, body);
    expect([again.status, again.headers.get("Idempotent-Replayed")]).toEqual([201, "true"]);
    expect(await again.text()).toBe(await first.text());
  });

  it.each(['"abc', '"abc";', '"abc"x', '"abc", "def"'])(
    "An Idempotency-Key that is quoted and no string is refused by the header's name: %s",
    async (key) => {
      const said = await expectRefusal(
        await createWith(shop.key, key, body),
        "idempotency_key_invalid",
      );
      expect(headersOf(said)).toEqual(["Idempotency-Key"]);
      expect(said.detail).toContain("RFC 9651");
    },
  );

  it("A missing Idempotency-Key is refused by the header's name", async () => {
    const response = await ask(TRANSACTIONS, { key: shop.key, body, headers: JSON_TYPE });
    const said = await expectRefusal(response, "idempotency_key_missing");
    expect(headersOf(said)).toEqual(["Idempotency-Key"]);
  });
});

describe("a compressed body", () => {
  const text = '{"user_id":"zipped","amount":1}';

  it("A compressed body is refused and changes nothing", async () => {
    const key = freshKey();
    for (const coding of ["gzip", "GZIP", "br", "deflate", "gzip, identity", "nonsense"]) {
      const sent = coding === "br" ? utf8(text) : await gzip(text);
      const response = await createWith(shop.key, key, sent, { "Content-Encoding": coding });
      const said = await expectRefusal(response, "unsupported_media_type", coding);
      expect(headersOf(said)).toEqual(["Content-Encoding"]);
      expect(response.headers.get("Accept-Encoding")).toBe("identity");
    }
    const found = await ask(`/api/v1/idempotency-keys/${key}`, { key: shop.key });
    await expectRefusal(found, "idempotency_key_not_found");
  });

  it("A compressed body is refused where a body is optional, too", async () => {
    const made = await ask(`/api/v1/merchants/${shop.merchant_id}/api-keys/${shop.key_id}/roll`, {
      key: env.ADMIN_TOKEN,
      headers: { ...JSON_TYPE, "Content-Encoding": "gzip" },
      body: await gzip('{"overlap_s":0}'),
    });
    await expectRefusal(made, "unsupported_media_type");
    expect((await shop.get(TRANSACTIONS)).status).toBe(200);
  });

  it("A body with the encoding identity is accepted", async () => {
    for (const coding of ["identity", "Identity"]) {
      const response = await createWith(shop.key, freshKey(), text, { "Content-Encoding": coding });
      expect(response.status).toBe(201);
    }
  });
});

describe("an API key", () => {
  it("An API key that is rolled ten times at once has one successor", async () => {
    const keys = `/api/v1/merchants/${shop.merchant_id}/api-keys`;
    const admin = { key: env.ADMIN_TOKEN, headers: JSON_TYPE };
    const { id } = await jsonOf<{ id: string }>(await ask(keys, { ...admin, body: "{}" }));
    const count = async () =>
      (await jsonOf<{ data: unknown[] }>(await ask(keys, admin))).data.length;
    const before = await count();
    const racing = Array.from({ length: 10 }, () =>
      ask(`${keys}/${id}/roll`, { ...admin, body: "{}" }),
    );
    const responses = await Promise.all(racing);
    const made = responses.filter(({ status }) => status === 201);
    expect(made).toHaveLength(1);
    for (const response of responses) {
      if (response.status !== 201) await expectRefusal(response, "api_key_rolled");
    }
    expect(await count()).toBe(before + 1);
  });
});

describe("the front page", () => {
  it.each(["GET", "HEAD"])("The front page leads to the documentation for %s", async (method) => {
    const response = await ask("/", { method });
    expect([response.status, response.headers.get("Location")]).toEqual([302, "/docs"]);
    expect(response.body).toBeNull();
  });
});

describe("PROCESSOR_URL", () => {
  const settings = (url: string) => ({ PROCESSOR: "http", PROCESSOR_URL: url }) as Partial<Env>;

  it.each([
    "ftp://processor.example",
    "https://user:secret@processor.example",
    "https://processor.example/?key=secret",
    "https://processor.example/#part",
    "https://processor.example/a b",
    "processor.example",
    "mailto:processor@example.com",
  ])("A wrong PROCESSOR_URL is refused at the start, without being shown: %s", (url) => {
    const check = () => readConfig(settings(url) as Env);
    expect(check).toThrow(/^PROCESSOR_URL: must be an http or https URL/);
    expect(check).not.toThrow(/secret/);
  });

  it.each(["https://processor.example", "http://127.0.0.1:8080/pay/"])(
    "PROCESSOR_URL may be %s",
    (url) => {
      expect(readConfig(settings(url) as Env).processor).toMatchObject({ kind: "http", url });
    },
  );
});
