/** A processor over HTTP, played by a real server. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createProcessor } from "../../../src/processor/create";
import { httpProcessor } from "../../../src/processor/http";
import { type Answer, callWithin } from "../../../src/processor/processor";
import { DONE, LONG_MS, requestOf } from "../../support/charge-request";
import { DECLINED } from "../../support/examples";

describe("a processor over HTTP", () => {
  type Call = { path: string; method: string; headers: IncomingHttpHeaders; body: unknown };
  type Play = (response: ServerResponse, call: Call) => void;
  let calls: Call[] = [];
  let play: Play = () => {};
  let closed: Promise<void> = Promise.resolve();
  const server = createServer(async (request, response) => {
    const { url: path = "", method = "", headers } = request;
    const body = await text(request);
    const call = { path, method, headers, body: body === "" ? null : JSON.parse(body) };
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
    (status: number, body: string, headers: Record<string, string> = {}): Play =>
    (response) => {
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
          ? answering(status, '{"status":"settled"}', { Location: `${base}/elsewhere` })(
              response,
              call,
            )
          : answering(200, '{"status":"settled"}')(response, call);
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
