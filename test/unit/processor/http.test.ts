/** A processor over HTTP, played by a real server. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createProcessor } from "../../../src/processor/create";
import { httpProcessor } from "../../../src/processor/http";
import { type Answer, callWithin } from "../../../src/processor/processor";
import { DONE, LONG_MS, requestOf } from "../../support/charge-request";
import { DECLINED, TRACEPARENT } from "../../support/examples";

const EXTRA = ["authorize", "capture", "void", "refund", "find"] as const;

describe("a processor over HTTP", () => {
  type Call = {
    path: string;
    method: string;
    headers: IncomingHttpHeaders;
    sent: string;
    body: unknown;
  };
  type Play = (response: ServerResponse, call: Call) => void;
  let calls: Call[] = [];
  let play: Play = () => {};
  let closed: Promise<void> = Promise.resolve();
  const server = createServer(async (request, response) => {
    const { url: path = "", method = "", headers } = request;
    const sent = await text(request);
    const call = { path, method, headers, sent, body: sent === "" ? null : JSON.parse(sent) };
    calls.push(call);
    closed = new Promise((resolve) => response.once("close", resolve));
    play(response, call);
  });
  let base = "";
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // It listens on TCP.
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    calls = [];
  });

  const answering =
    (status: number, body: string, headers: Record<string, string> = {}) =>
    (response: ServerResponse) => {
      response.writeHead(status, { "Content-Type": "application/json", ...headers });
      response.end(body);
    };
  const charge = (limitMs = LONG_MS) =>
    callWithin(httpProcessor(base, "a-token", []), requestOf(), limitMs);
  const declineOf = (fields: object) =>
    JSON.stringify({ status: "declined", code: "card_declined", message: "No.", ...fields });

  it("A processor over HTTP gets the transaction's id as its key, and everything that it needs", async () => {
    play = answering(200, '{"status":"settled"}');
    expect(await charge()).toEqual(DONE);
    const [call] = calls;
    expect(calls).toHaveLength(1);
    expect([call?.method, call?.path]).toEqual(["POST", "/charges"]);
    expect(call?.headers).toMatchObject({
      "idempotency-key": "txn_abcdefghijklmnopqrstuvwxyz",
      authorization: "Bearer a-token",
      "content-type": "application/json",
    });
    expect(call?.body).toEqual({
      reference: "txn_abcdefghijklmnopqrstuvwxyz",
      amount_minor: 10_050,
      currency: "USD",
      user_id: "user_1",
      metadata: { order: "1001" },
    });
  });

  /** The headers that we set, without those that every request has. */
  const ownHeaders = (headers: IncomingHttpHeaders = {}) =>
    Object.keys(headers)
      .filter(
        (name) => !/^(accept|accept-.*|connection|host|sec-fetch-mode|user-agent)$/.test(name),
      )
      .sort();

  it("A charge over HTTP has exactly these bytes and headers, whatever the processor knows besides", async () => {
    play = answering(200, '{"status":"settled"}');
    for (const operations of [[], ["authorize", "capture", "void", "refund", "find"]]) {
      await callWithin(httpProcessor(base, "a-token", operations), requestOf(), LONG_MS);
      const call = calls.pop();
      expect(call?.sent).toBe(
        '{"reference":"txn_abcdefghijklmnopqrstuvwxyz","amount_minor":10050,"currency":"USD","user_id":"user_1","metadata":{"order":"1001"}}',
      );
      expect(ownHeaders(call?.headers)).toEqual([
        "authorization",
        "content-length",
        "content-type",
        "idempotency-key",
        "traceparent",
      ]);
    }
  });

  it("An authorization is sent as a charge is", async () => {
    play = answering(200, '{"status":"authorized"}');
    const processor = httpProcessor(base, "a-token", []);
    const authorized = await callWithin(processor, requestOf({ operation: "authorize" }), LONG_MS);
    expect(authorized).toEqual(DONE);
    await callWithin(processor, requestOf(), LONG_MS);
    expect(calls.map(({ path }) => path)).toEqual(["/authorizations", "/charges"]);
    expect(calls[0]?.sent).toBe(calls[1]?.sent);
    expect(ownHeaders(calls[0]?.headers)).toEqual(ownHeaders(calls[1]?.headers));
  });

  const LATER = [
    ["capture", "/captures", "captured"],
    ["void", "/voids", "voided"],
    ["refund", "/refunds", "refunded"],
  ] as const;
  it.each(LATER)(
    "A %s names its payment, and has a key of its own",
    async (operation, path, word) => {
      play = answering(200, JSON.stringify({ status: word }));
      const processor = httpProcessor(base, "a-token", []);
      const transaction_id = requestOf().transaction_id;
      const idempotency_key = `${transaction_id}:${operation}:4`;
      const request = requestOf({ operation, idempotency_key, amount_minor: 70 });
      const more = { processor_reference: "psp_1", reason: "requested" };
      expect(await callWithin(processor, request, LONG_MS)).toEqual(DONE);
      expect(await callWithin(processor, { ...request, ...more }, LONG_MS)).toEqual(DONE);
      const body = {
        reference: idempotency_key,
        payment: transaction_id,
        amount_minor: 70,
        currency: "USD",
        user_id: "user_1",
        metadata: { order: "1001" },
      };
      expect(calls.map((call) => [call.method, call.path, call.body])).toEqual([
        ["POST", path, body],
        ["POST", path, { ...body, ...more }],
      ]);
      expect(calls.map(({ headers }) => headers["idempotency-key"])).toEqual([
        idempotency_key,
        idempotency_key,
      ]);
    },
  );

  it("A repeated attempt looks the operation up under its key, without a body", async () => {
    play = answering(200, '{"status":"captured","reference":"txn_a:capture:3"}');
    const processor = httpProcessor(`${base}/v2/`, "a-token", ["find"]);
    const request = requestOf({
      operation: "capture",
      idempotency_key: "txn_a:capture:3",
      attempt: 2,
    });
    expect(await callWithin(processor, request, LONG_MS)).toEqual(DONE);
    expect(calls.map(({ method, path, sent }) => [method, path, sent])).toEqual([
      ["GET", "/v2/operations/txn_a:capture:3", ""],
    ]);
    expect(ownHeaders(calls[0]?.headers)).toEqual(["authorization", "traceparent"]);
    const parent = calls[0]?.headers.traceparent;
    expect(parent).toMatch(new RegExp(`^${TRACEPARENT.slice(0, 36)}`));
    expect(parent).not.toBe(TRACEPARENT);
  });

  const NOT_CLEAR: [string, number, string][] = [
    ["a 404 without a body", 404, ""],
    ["a 404 of another server", 404, '{"error":"not_found"}'],
    ["a 404 that says settled", 404, '{"status":"settled"}'],
    ["a 404 that says it twice", 404, '{"status":"not_found","status":"not_found"}'],
    ["a 404 in 65,537 characters", 404, '{"status":"not_found"}'.padEnd(65_537)],
    ["a 404 about another operation", 404, '{"status":"not_found","reference":"txn_b"}'],
    ["a 200 that says not_found", 200, '{"status":"not_found"}'],
    ["a 410", 410, '{"status":"not_found"}'],
    ["pending", 200, '{"status":"pending"}'],
    ["another word", 200, '{"status":"refunded"}'],
    ["a redirect", 302, ""],
    ["an error", 500, '{"status":"settled"}'],
  ];
  it.each(NOT_CLEAR)(
    "An operation is not repeated when it is looked up with %s",
    async (_, status, body) => {
      play = answering(status, body, { Location: `${base}/elsewhere` });
      const processor = httpProcessor(base, "a-token", ["find"]);
      const answer = await callWithin(processor, requestOf({ attempt: 2 }), LONG_MS);
      expect(answer).toMatchObject({ kind: "unknown" });
      expect(calls.map(({ method }) => method)).toEqual(["GET"]);
    },
  );

  it("An operation that was not found is called, under the same key", async () => {
    play = (response, { method }) =>
      method === "GET"
        ? answering(404, '{"status":"not_found","amount_minor":10050}')(response)
        : answering(200, '{"status":"settled"}')(response);
    const processor = httpProcessor(base, "a-token", ["find"]);
    expect(await callWithin(processor, requestOf({ attempt: 2 }), LONG_MS)).toEqual(DONE);
    expect(calls.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /operations/txn_abcdefghijklmnopqrstuvwxyz",
      "POST /charges",
    ]);
    expect(calls[1]?.headers["idempotency-key"]).toBe("txn_abcdefghijklmnopqrstuvwxyz");
  });

  it("A processor over HTTP knows charges, and what the settings name besides", () => {
    const names = ["charge", ...EXTRA] as const;
    for (const operations of [[], ["refund"], ["authorize", "capture", "void"], [...EXTRA]]) {
      const { supports } = httpProcessor(base, "a-token", operations);
      expect(names.filter((name) => supports(name))).toEqual([
        "charge",
        ...EXTRA.filter((name) => operations.includes(name)),
      ]);
    }
  });

  it("A processor over HTTP gets the same bytes and key in every call", async () => {
    play = answering(200, '{"status":"pending"}');
    const processor = httpProcessor(base, "a-token", []);
    for (const attempt of [1, 2, 3]) {
      await callWithin(processor, requestOf({ attempt }), LONG_MS);
    }
    const asked = calls.map(({ body, headers }) =>
      JSON.stringify([body, headers["idempotency-key"]]),
    );
    expect(new Set(asked).size).toBe(1);
    expect(calls).toHaveLength(3);
  });

  it.each([undefined, ""])(
    "A processor over HTTP gets no Authorization header when there is no token: %j",
    async (token) => {
      play = answering(200, '{"status":"settled"}');
      await callWithin(httpProcessor(base, token, []), requestOf(), LONG_MS);
      expect(calls[0]?.headers).not.toHaveProperty("authorization");
    },
  );

  it.each(["", "/", "/v2", "/v2/"])(
    "A processor over HTTP may live under the path %j",
    async (path) => {
      play = answering(200, '{"status":"settled"}');
      await callWithin(httpProcessor(base + path, undefined, []), requestOf(), LONG_MS);
      expect(calls[0]?.path).toBe(`${path.replace(/\/$/, "")}/charges`);
    },
  );

  it("The settings choose the processor", async () => {
    play = answering(200, '{"status":"settled"}');
    const config = {
      processor: { kind: "http", url: base, token: "chosen", operations: [] },
    } as const;
    type Config = Parameters<typeof createProcessor>[0]; // Nothing else of it is read.
    await callWithin(createProcessor(config as unknown as Config), requestOf(), LONG_MS);
    expect(calls[0]?.headers.authorization).toBe("Bearer chosen");
    const other = { processor: { kind: "sandbox" } } as unknown as Config;
    const named = requestOf({ metadata: { sandbox_outcome: "decline" } });
    expect(await callWithin(createProcessor(other), named, LONG_MS)).toMatchObject({
      kind: "declined",
    });
  });

  const words: [string, number, string, Answer][] = [
    ["settled", 200, '{"status":"settled"}', DONE],
    ["settled, with more than was asked for", 201, '{"status":"settled","id":"ch_1"}', DONE],
    ["settled, in 65,536 characters", 200, '{"status":"settled"}'.padEnd(65_536), DONE],
    ["declined", 200, declineOf({}), { kind: "declined", failure: DECLINED }],
    [
      "declined without a message",
      200,
      '{"status":"declined","code":"card_declined"}',
      {
        kind: "declined",
        failure: { code: "card_declined", message: "The processor declined the charge" },
      },
    ],
    [
      "declined with the longest code and message",
      200,
      declineOf({ code: "c".repeat(64), message: "m".repeat(500) }),
      { kind: "declined", failure: { code: "c".repeat(64), message: "m".repeat(500) } },
    ],
  ];
  it.each(words)(
    "A clear response of the processor decides the outcome: %s",
    async (_, status, body, answer) => {
      play = answering(status, body);
      expect(await charge()).toEqual(answer);
    },
  );

  const noWords: [string, number, string][] = [
    ["pending", 200, '{"status":"pending"}'],
    ["accepted and pending", 202, '{"status":"pending"}'],
    ["HTTP 500 that says settled", 500, '{"status":"settled"}'],
    ["HTTP 503 that says declined", 503, declineOf({})],
    ["HTTP 400 that says declined", 400, declineOf({})],
    ["HTTP 402 that says declined", 402, declineOf({})],
    ["HTTP 404", 404, ""],
    ["HTTP 409 that says settled", 409, '{"status":"settled"}'],
    ["HTTP 204 without a body", 204, ""],
    ["an empty answer", 200, ""],
    ["a page of HTML", 200, "<html>settled</html>"],
    ["half an answer", 200, '{"status":"settl'],
    ["a text", 200, '"settled"'],
    ["a list", 200, '[{"status":"settled"}]'],
    ["null", 200, "null"],
    ["another status", 200, '{"status":"authorized"}'],
    ["a status in capitals", 200, '{"status":"DONE"}'],
    ["no status", 200, '{"code":"card_declined"}'],
    ["settled, in 65,537 characters", 200, '{"status":"settled"}'.padEnd(65_537)],
  ];
  it.each(noWords)("The outcome is unknown with %s", async (_, status, body) => {
    play = answering(status, body);
    expect(await charge()).toMatchObject({ kind: "unknown", reason: expect.any(String) });
    expect(calls).toHaveLength(1);
  });

  it.each([301, 302, 303, 307, 308])(
    "A redirect of the processor is not followed: HTTP %i",
    async (status) => {
      play = (response, call) =>
        call.path === "/charges"
          ? answering(status, '{"status":"settled"}', { Location: `${base}/elsewhere` })(response)
          : answering(200, '{"status":"settled"}')(response);
      expect(await charge()).toMatchObject({ kind: "unknown" });
      expect(calls.map(({ path }) => path)).toEqual(["/charges"]);
    },
  );

  it("The outcome is unknown when the connection breaks", async () => {
    play = (response) => response.destroy();
    expect(await charge()).toMatchObject({ kind: "unknown" });
    play = (response) => {
      response.writeHead(200, { "Content-Length": "100" });
      response.write('{"status":"settled"}');
      setImmediate(() => response.destroy());
    };
    expect(await charge()).toMatchObject({ kind: "unknown" });
  });

  it("The outcome is unknown when the processor cannot be reached", async () => {
    const processor = httpProcessor("http://127.0.0.1:1", undefined, []);
    expect(await callWithin(processor, requestOf(), LONG_MS)).toMatchObject({ kind: "unknown" });
  });

  it.each<[string, Play]>([
    ["no answer", () => {}],
    ["half an answer", (response) => response.write('{"status":')],
  ])(
    "The connection is closed at the time limit when the processor sends %s",
    async (_, silence) => {
      play = silence;
      expect(await charge(100)).toEqual({ kind: "unknown", reason: "no answer within 100 ms" });
      await closed;
    },
  );

  it("A response of the processor is not read further than a response can be long", async () => {
    play = (response) => {
      response.writeHead(200);
      response.write(" ".repeat(1_000_000)); // And never an end.
    };
    expect(await charge(300)).toEqual({ kind: "unknown", reason: "an answer that is too long" });
  });
});
