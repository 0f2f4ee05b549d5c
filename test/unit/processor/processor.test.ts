/** Processors: a clear word counts, everything else is an unknown outcome. The HTTP one is asked
 *  over a real local server, the sandbox by its table. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { createProcessor } from "../../../src/processor/create";
import { httpProcessor } from "../../../src/processor/http";
import {
  type ChargeAnswer,
  type ChargeRequest,
  chargeWithin,
  type Processor,
} from "../../../src/processor/processor";
import { SANDBOX_OUTCOMES, sandbox } from "../../../src/processor/sandbox";
import { DECLINED, TRACEPARENT } from "../../support/examples";

const LONG_MS = 10_000;

function requestOf(fields: Partial<ChargeRequest> = {}): ChargeRequest {
  return {
    idempotency_key: "txn_abcdefghijklmnopqrstuvwxyz",
    amount_minor: 10_050,
    currency: "USD",
    user_id: "user_1",
    metadata: { order: "1001" },
    livemode: undefined,
    attempt: 1,
    traceparent: TRACEPARENT,
    ...fields,
  };
}

const never = () => new Promise<never>(() => {});
const SETTLED: ChargeAnswer = { kind: "settled" };

describe("charging within a time limit", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each<ChargeAnswer>([
    SETTLED,
    { kind: "declined", failure: DECLINED },
    { kind: "unknown", reason: "ask later" },
  ])("passes the answer on: $kind", async (answer) => {
    const seen: unknown[] = [];
    const processor: Processor = {
      charge: async (request) => {
        seen.push(request);
        return answer;
      },
    };
    expect(await chargeWithin(processor, requestOf({ attempt: 3 }), LONG_MS)).toEqual(answer);
    expect(seen).toEqual([requestOf({ attempt: 3 })]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("takes a throw for an unknown outcome, and tells nothing of its message", async () => {
    const secret = "connect to 10.0.0.1 with token abc";
    const throwing: Processor[] = [
      { charge: () => Promise.reject(new Error(secret)) },
      { charge: () => Promise.reject(undefined) },
      {
        charge: () => {
          throw new Error(secret);
        },
      },
    ];
    for (const processor of throwing) {
      const answer = await chargeWithin(processor, requestOf(), LONG_MS);
      expect(answer).toMatchObject({ kind: "unknown" });
      expect(JSON.stringify(answer)).not.toContain("10.0.0.1");
    }
  });

  it("takes silence for an unknown outcome at the limit, and stops the call", async () => {
    let signal: AbortSignal | undefined;
    const processor: Processor = {
      charge: (_, given) => {
        signal = given();
        return never();
      },
    };
    let answer: ChargeAnswer | undefined;
    const charge = chargeWithin(processor, requestOf(), 250).then((given) => {
      answer = given;
    });
    await vi.advanceTimersByTimeAsync(249);
    expect(answer).toBeUndefined();
    expect(signal?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await charge;
    expect(answer).toEqual({ kind: "unknown", reason: "no answer within 250 ms" });
    expect(signal?.aborted).toBe(true);
  });

  it("ignores a word that comes after the limit", async () => {
    const processor: Processor = {
      charge: (_, signal) =>
        new Promise((resolve) => signal().addEventListener("abort", () => resolve(SETTLED))),
    };
    const charge = chargeWithin(processor, requestOf(), 250);
    await vi.advanceTimersByTimeAsync(250);
    expect(await charge).toMatchObject({ kind: "unknown" });
  });
});

describe("the sandbox", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const signal = () => new AbortController().signal;
  const declined = (code: string, message: string): ChargeAnswer => ({
    kind: "declined",
    failure: { code, message },
  });
  const generic = declined("card_declined", "The card was declined");
  /** Outcome, ending of the amount, its final answer, and how many asks stay without one. */
  const TABLE: [string, string, ChargeAnswer, number][] = [
    ["settle", "9000", SETTLED, 0],
    ["decline", "9001", generic, 0],
    [
      "insufficient_funds",
      "9002",
      declined("insufficient_funds", "The account has insufficient funds"),
      0,
    ],
    ["expired_card", "9003", declined("expired_card", "The card has expired"), 0],
    ["do_not_honor", "9004", declined("do_not_honor", "The issuer declined without a reason"), 0],
    ["slow", "9010", SETTLED, 0],
    ["timeout_then_settle", "9011", SETTLED, 1],
    ["unknown_then_settle", "9012", SETTLED, 2],
    ["unknown_then_decline", "9013", generic, 2],
  ];

  /** The answers to the first asks, each within 5 seconds. */
  async function ask(fields: Partial<ChargeRequest>, asks: number): Promise<ChargeAnswer[]> {
    const answers: ChargeAnswer[] = [];
    for (let attempt = 1; attempt <= asks; attempt++) {
      const charge = chargeWithin(sandbox, requestOf({ ...fields, attempt }), 5_000);
      await vi.advanceTimersByTimeAsync(5_000);
      answers.push(await charge);
    }
    return answers;
  }

  it("has these outcomes and no others", () => {
    expect(
      Object.entries(SANDBOX_OUTCOMES).map(([name, { amount_ending }]) => [name, amount_ending]),
    ).toEqual(TABLE.map(([name, ending]) => [name, ending]));
  });

  for (const [name, ending, answer, unknowns] of TABLE) {
    const said = `${answer.kind} after ${unknowns} unknown`;
    const expected = [
      ...Array.from({ length: unknowns }, () => expect.objectContaining({ kind: "unknown" })),
      answer,
      answer,
    ];

    it(`answers ${said} when metadata asks for ${name}, whatever the amount`, async () => {
      for (const amount_minor of [1, 9_001, 9_012, 10_050]) {
        const metadata = { sandbox_outcome: name, order: "1" };
        expect(await ask({ metadata, amount_minor }, unknowns + 2)).toEqual(expected);
      }
    });

    it(`answers ${said} to amounts that end in ${ending}`, async () => {
      for (const prefix of ["", "1", "10", "99999999999"]) {
        const amount_minor = Number(prefix + ending);
        expect(await ask({ amount_minor }, unknowns + 2)).toEqual(expected);
      }
    });
  }

  it.each([
    ["an ordinary amount", { amount_minor: 10_050 }],
    ["one minor unit", { amount_minor: 1 }],
    ["an amount with a row's digits in front", { amount_minor: 90_010 }],
    ["an amount that has only the end of a row's digits", { amount_minor: 1 }],
    ["an outcome that is not in the table", { metadata: { sandbox_outcome: "explode" } }],
    ["the name of something every object has", { metadata: { sandbox_outcome: "constructor" } }],
    ["an empty name", { metadata: { sandbox_outcome: "" } }],
  ])("settles at once on %s", async (_, fields) => {
    expect(await sandbox.charge(requestOf(fields), signal)).toEqual(SETTLED);
  });

  it("goes by the amount when the name is not in the table", async () => {
    const request = requestOf({ metadata: { sandbox_outcome: "explode" }, amount_minor: 9_001 });
    expect(await sandbox.charge(request, signal)).toEqual(generic);
  });

  it("takes a second to settle slowly", async () => {
    let answer: ChargeAnswer | undefined;
    const charge = Promise.resolve(sandbox.charge(requestOf({ amount_minor: 9_010 }), signal)).then(
      (given) => {
        answer = given;
      },
    );
    await vi.advanceTimersByTimeAsync(999);
    expect(answer).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    await charge;
    expect(answer).toEqual(SETTLED);
  });

  it("says nothing at all before a time limit, the first time", async () => {
    const limit = new AbortController();
    let isOver = false;
    const request = requestOf({ amount_minor: 9_011 });
    const charge = Promise.resolve(sandbox.charge(request, () => limit.signal)).finally(() => {
      isOver = true;
    });
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(isOver).toBe(false);
    limit.abort();
    await charge;
    expect(isOver).toBe(true);
  });
});

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
    chargeWithin(httpProcessor(base, "a-token"), requestOf(), limitMs);
  const declineOf = (fields: object) =>
    JSON.stringify({ status: "declined", code: "card_declined", message: "No.", ...fields });

  it("is asked with the transaction's id as its key, and with everything it needs", async () => {
    play = answering(200, '{"status":"settled"}');
    expect(await charge()).toEqual(SETTLED);
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

  it("gets the same bytes and key however often it is asked", async () => {
    play = answering(200, '{"status":"pending"}');
    const processor = httpProcessor(base, "a-token");
    for (const attempt of [1, 2, 3]) {
      await chargeWithin(processor, requestOf({ attempt }), LONG_MS);
    }
    const asked = calls.map(({ body, headers }) =>
      JSON.stringify([body, headers["idempotency-key"]]),
    );
    expect(new Set(asked).size).toBe(1);
    expect(calls).toHaveLength(3);
  });

  it.each([undefined, ""])(
    "gets no Authorization header when there is no token: %j",
    async (token) => {
      play = answering(200, '{"status":"settled"}');
      await chargeWithin(httpProcessor(base, token), requestOf(), LONG_MS);
      expect(calls[0]?.headers).not.toHaveProperty("authorization");
    },
  );

  it.each(["", "/", "/v2", "/v2/"])("may live under the path %j", async (path) => {
    play = answering(200, '{"status":"settled"}');
    await chargeWithin(httpProcessor(base + path, undefined), requestOf(), LONG_MS);
    expect(calls[0]?.path).toBe(`${path.replace(/\/$/, "")}/charges`);
  });

  it("is what the settings choose", async () => {
    play = answering(200, '{"status":"settled"}');
    const config = { processor: { kind: "http", url: base, token: "chosen" } } as const;
    type Config = Parameters<typeof createProcessor>[0]; // Nothing else of it is read.
    await chargeWithin(createProcessor(config as unknown as Config), requestOf(), LONG_MS);
    expect(calls[0]?.headers.authorization).toBe("Bearer chosen");
    const other = { processor: { kind: "sandbox" } } as unknown as Config;
    const named = requestOf({ metadata: { sandbox_outcome: "decline" } });
    expect(await chargeWithin(createProcessor(other), named, LONG_MS)).toMatchObject({
      kind: "declined",
    });
  });

  const words: [string, number, string, ChargeAnswer][] = [
    ["settled", 200, '{"status":"settled"}', SETTLED],
    ["settled, with more than was asked for", 201, '{"status":"settled","id":"ch_1"}', SETTLED],
    ["settled, in 65,536 characters", 200, '{"status":"settled"}'.padEnd(65_536), SETTLED],
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
  it.each(words)("has the last word: %s", async (_, status, body, answer) => {
    play = answering(status, body);
    expect(await charge()).toEqual(answer);
  });

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
    ["a status in capitals", 200, '{"status":"SETTLED"}'],
    ["no status", 200, '{"code":"card_declined"}'],
    ["settled, in 65,537 characters", 200, '{"status":"settled"}'.padEnd(65_537)],
  ];
  it.each(noWords)("leaves the outcome unknown with %s", async (_, status, body) => {
    play = answering(status, body);
    expect(await charge()).toMatchObject({ kind: "unknown", reason: expect.any(String) });
    expect(calls).toHaveLength(1);
  });

  it.each([301, 302, 303, 307, 308])("is not followed elsewhere by HTTP %i", async (status) => {
    play = (response, call) =>
      call.path === "/charges"
        ? answering(status, '{"status":"settled"}', { Location: `${base}/elsewhere` })(
            response,
            call,
          )
        : answering(200, '{"status":"settled"}')(response, call);
    expect(await charge()).toMatchObject({ kind: "unknown" });
    expect(calls.map(({ path }) => path)).toEqual(["/charges"]);
  });

  it("leaves the outcome unknown when the connection breaks", async () => {
    play = (response) => response.destroy();
    expect(await charge()).toMatchObject({ kind: "unknown" });
    play = (response) => {
      response.writeHead(200, { "Content-Length": "100" });
      response.write('{"status":"settled"}');
      setImmediate(() => response.destroy());
    };
    expect(await charge()).toMatchObject({ kind: "unknown" });
  });

  it("leaves the outcome unknown when nobody is there", async () => {
    const processor = httpProcessor("http://127.0.0.1:1", undefined);
    expect(await chargeWithin(processor, requestOf(), LONG_MS)).toMatchObject({ kind: "unknown" });
  });

  it.each<[string, Play]>([
    ["no answer", () => {}],
    ["half an answer", (response) => response.write('{"status":')],
  ])("is hung up on at the time limit when it gives %s", async (_, silence) => {
    play = silence;
    expect(await charge(100)).toEqual({ kind: "unknown", reason: "no answer within 100 ms" });
    await closed;
  });

  it("is not read further than an answer can be long", async () => {
    play = (response) => {
      response.writeHead(200);
      response.write(" ".repeat(1_000_000)); // And never an end.
    };
    expect(await charge(300)).toEqual({ kind: "unknown", reason: "an answer that is too long" });
  });
});
