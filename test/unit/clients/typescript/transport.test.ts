/** What the TypeScript client does when the network or the API fails. The network is a fake; the API is not needed. */
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  getResponse,
  Payments,
  PaymentsConnectionError,
  PaymentsError,
  type PaymentsOptions,
  PaymentsResponseError,
} from "../../../../clients/typescript/src/index";

const API_KEY = "sk_test_a_key_that_no_error_may_show";
const BODY = { user_id: "user_1", amount: "10.00" };
const TRANSACTION = { id: "txn_1", status: "completed" };

type Sent = { url: string; method: string; headers: Record<string, string>; body?: string };
type Step = () => Response | Promise<Response>;

const ok = (body: object = TRANSACTION, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status: 200, headers });
const problem = (status: number, code: string, headers: Record<string, string> = {}) =>
  new Response(
    JSON.stringify({ type: "t", title: "T", status, detail: "D.", code, request_id: "req_1" }),
    { status, headers },
  );
const cut: Step = () => Promise.reject(new TypeError("fetch failed"));
const hang: Step = () => new Promise(() => {});

/** A client whose requests meet the steps in turn, the last one for all others. */
function clientOf(steps: Step[], options: Partial<PaymentsOptions> = {}) {
  const sent: Sent[] = [];
  const fetch: PaymentsOptions["fetch"] = async (url, init) => {
    sent.push({ url, ...init });
    const step = steps[Math.min(sent.length, steps.length) - 1];
    if (!step) throw new Error("There is no step.");
    return step();
  };
  const payments = new Payments({
    apiKey: API_KEY,
    baseUrl: "https://payments.example/",
    fetch,
    ...options,
  });
  return { payments, sent };
}

/** Lets all timers run until the call has ended, and returns its error. */
async function failureOf(call: Promise<unknown>): Promise<unknown> {
  const failure = call.then(
    () => expect.unreachable("The call succeeded."),
    (error: unknown) => error,
  );
  await vi.runAllTimersAsync();
  return failure;
}

async function resultOf<Value>(call: Promise<Value>): Promise<Value> {
  const [result] = await Promise.all([call, vi.runAllTimersAsync()]);
  return result;
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe("A create", () => {
  it.each<[string, Step]>([
    ["a connection that breaks", cut],
    ["a 429", () => problem(429, "rate_limited", { "Retry-After": "1" })],
    ["a 500", () => problem(500, "internal_error")],
    ["a 503", () => problem(503, "unavailable", { "Retry-After": "1" })],
    ["the error page of a proxy", () => new Response("<html>", { status: 502 })],
    ["a time-out", hang],
    ["a body that never ends", () => new Response(new ReadableStream())],
    [
      "a body that breaks",
      () =>
        new Response(
          new ReadableStream({ start: (controller) => controller.error(new TypeError("cut")) }),
        ),
    ],
  ])("It is repeated after %s with the same key and body", async (_, fault) => {
    const { payments, sent } = clientOf([fault, fault, ok]);
    const made = await resultOf(payments.transactions.create(BODY));
    expect(made).toEqual(TRANSACTION);
    expect(getResponse(made)?.attempts).toBe(3);
    expect(sent).toHaveLength(3);
    expect(new Set(sent.map(({ body }) => body)).size).toBe(1);
    const keys = new Set(sent.map(({ headers }) => headers["Idempotency-Key"]));
    expect([...keys]).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/)]);
  });

  it("Its error has the key of all attempts, so that the caller can repeat it", async () => {
    const { payments, sent } = clientOf([cut], { maxRetries: 2 });
    const error = await failureOf(payments.transactions.create(BODY));
    expect(error).toBeInstanceOf(PaymentsConnectionError);
    expect(error).toMatchObject({
      reason: "network",
      attempts: 3,
      operation: "createTransaction",
      idempotencyKey: sent[0]?.headers["Idempotency-Key"],
    });
    expect(sent).toHaveLength(3);
  });

  it("Two creates without a key have two keys", async () => {
    const { payments, sent } = clientOf([ok]);
    await payments.transactions.create(BODY);
    await payments.transactions.create(BODY);
    expect(new Set(sent.map(({ headers }) => headers["Idempotency-Key"])).size).toBe(2);
  });

  it.each([400, 401, 403, 404, 409, 413, 415, 422])(
    "It is not repeated after a %d",
    async (status) => {
      const { payments, sent } = clientOf([() => problem(status, "some_code")]);
      const error = await failureOf(
        payments.transactions.create(BODY, { idempotencyKey: "order-1" }),
      );
      expect(error).toBeInstanceOf(PaymentsError);
      expect(error).toMatchObject({
        code: "some_code",
        status,
        errors: [],
        request_id: "req_1",
        idempotencyKey: "order-1",
      });
      expect(sent).toHaveLength(1);
    },
  );

  it.each([
    [503, "processor_not_configured"],
    [503, "shard_count_changed"],
    [429, "too_many_failed_authentications"],
  ])("It is not repeated after a %d %s, which lasts", async (status, code) => {
    const { payments, sent } = clientOf([() => problem(status, code, { "Retry-After": "1" })]);
    expect(await failureOf(payments.transactions.create(BODY))).toMatchObject({ code });
    expect(sent).toHaveLength(1);
  });

  it("A Retry-After is waited for, and one of more than a minute is left to the caller", async () => {
    const waits = (s: string) => () => problem(429, "rate_limited", { "Retry-After": s });
    const { payments, sent } = clientOf([waits("7"), waits("61")]);
    const failure = failureOf.bind(null, payments.transactions.create(BODY));
    await vi.advanceTimersByTimeAsync(6_999);
    expect(sent).toHaveLength(1);
    expect(await failure()).toMatchObject({ code: "rate_limited", retryAfterS: 61, attempts: 2 });
  });

  it.each(["", "with space", "naïve", "line\nbreak", "x".repeat(256)])(
    "The idempotency key %j is refused before anything is sent",
    async (idempotencyKey) => {
      const { payments, sent } = clientOf([ok]);
      expect(() => payments.transactions.create(BODY, { idempotencyKey })).toThrow(TypeError);
      expect(sent).toEqual([]);
    },
  );
});

describe("Calls whose repetition would have another effect", () => {
  const CALLS: [string, (payments: Payments) => Promise<unknown>][] = [
    ["webhookEndpoints.create", (p) => p.webhookEndpoints.create({ url: "https://a.example" })],
    ["webhookEndpoints.rotateSecret", (p) => p.webhookEndpoints.rotateSecret("whe_1")],
    ["webhookEndpoints.test", (p) => p.webhookEndpoints.test("whe_1")],
    ["webhookEndpoints.recover", (p) => p.webhookEndpoints.recover("whe_1", { since: "2026" })],
    ["webhookDeliveries.redeliver", (p) => p.webhookDeliveries.redeliver("whd_1")],
    ["riskRules.replace", (p) => p.riskRules.replace({ version: 1, rules: [] })],
  ];

  it.each(CALLS)("%s is not repeated without a response or after a 503", async (_, call) => {
    for (const fault of [cut, () => problem(503, "unavailable", { "Retry-After": "1" })]) {
      const { payments, sent } = clientOf([fault, ok]);
      await failureOf(call(payments));
      expect(sent).toHaveLength(1);
    }
  });

  it.each(CALLS)("%s is repeated after a 429, which refused it", async (_, call) => {
    const { payments, sent } = clientOf([() => problem(429, "rate_limited"), ok]);
    await resultOf(call(payments));
    expect(sent).toHaveLength(2);
  });
});

describe("Calls whose repetition changes nothing", () => {
  const CALLS: [string, (payments: Payments) => Promise<unknown>][] = [
    ["transactions.createBatch", (p) => p.transactions.createBatch([])],
    ["transactions.process", (p) => p.transactions.process("txn_1")],
    ["transactions.capture", (p) => p.transactions.capture("txn_1")],
    ["transactions.cancel", (p) => p.transactions.cancel("txn_1")],
    ["transactions.refund", (p) => p.transactions.refund("txn_1")],
    ["transactions.review", (p) => p.transactions.review("txn_1", { decision: "approve" })],
    ["transactions.get", (p) => p.transactions.get("txn_1")],
    ["webhookEndpoints.change", (p) => p.webhookEndpoints.change("whe_1", {})],
  ];

  it.each(CALLS)("%s is repeated without a response and after a 503", async (_, call) => {
    const { payments, sent } = clientOf([cut, () => problem(503, "unavailable"), ok]);
    await resultOf(call(payments));
    expect(new Set(sent.map((request) => JSON.stringify(request))).size).toBe(1);
    expect(sent).toHaveLength(3);
  });
});

describe("Calls that change a version", () => {
  type Options = { ifMatch?: number };
  const CALLS: [string, (payments: Payments, options?: Options) => Promise<unknown>][] = [
    ["process", (p, options) => p.transactions.process("txn_1", options)],
    ["capture", (p, options) => p.transactions.capture("txn_1", {}, options)],
    ["cancel", (p, options) => p.transactions.cancel("txn_1", options)],
    ["refund", (p, options) => p.transactions.refund("txn_1", {}, options)],
    ["review", (p, options) => p.transactions.review("txn_1", { decision: "approve" }, options)],
  ];

  it.each(CALLS)("%s sends the version in each attempt, and none without it", async (_, call) => {
    const { payments, sent } = clientOf([cut, ok]);
    await resultOf(call(payments, { ifMatch: 3 }));
    await resultOf(call(payments));
    expect(sent.map(({ headers }) => headers["If-Match"])).toEqual(['"3"', '"3"', undefined]);
  });

  it.each(CALLS)("%s fails at once if the transaction has another version", async (_, call) => {
    const { payments, sent } = clientOf([() => problem(412, "version_mismatch")]);
    expect(await failureOf(call(payments, { ifMatch: 3 }))).toMatchObject({
      code: "version_mismatch",
      status: 412,
    });
    expect(sent).toHaveLength(1);
  });

  it("A version that is not a whole number is refused before anything is sent", async () => {
    const { payments, sent } = clientOf([ok]);
    const call = payments.transactions.cancel("txn_1", { ifMatch: Number.NaN });
    expect(await failureOf(call)).toBeInstanceOf(TypeError);
    expect(sent).toEqual([]);
  });
});

describe("A removal", () => {
  const gone: Step = () => problem(404, "list_entry_not_found");

  it("It has succeeded if its repetition finds nothing", async () => {
    const { payments } = clientOf([cut, gone]);
    await resultOf(payments.riskLists.remove("rle_1"));
  });

  it("It fails if its first request finds nothing", async () => {
    const { payments } = clientOf([gone]);
    const error = await failureOf(payments.riskLists.remove("rle_1"));
    expect(error).toMatchObject({ code: "list_entry_not_found" });
  });
});

describe("A caller's signal", () => {
  it("It ends a request that hangs, without a repetition, and the error has the key", async () => {
    const { payments, sent } = clientOf([hang]);
    const signal = AbortSignal.abort();
    const error = await failureOf(
      payments.transactions.create(BODY, { signal, idempotencyKey: "order-1" }),
    );
    expect(error).toMatchObject({ reason: "aborted", idempotencyKey: "order-1" });
    expect(sent).toHaveLength(0);
    const later = new AbortController();
    const failure = payments.transactions.get("txn_1", { signal: later.signal });
    const caught = expect(failure).rejects.toMatchObject({ reason: "aborted" });
    later.abort();
    await caught;
    expect(sent).toHaveLength(1);
  });

  it("It ends the pause between two attempts with the first one's error", async () => {
    const { payments, sent } = clientOf([() => problem(503, "unavailable")]);
    const caller = new AbortController();
    const failure = payments.transactions.get("txn_1", { signal: caller.signal });
    const caught = expect(failure).rejects.toMatchObject({ code: "unavailable", attempts: 1 });
    await vi.advanceTimersByTimeAsync(1);
    caller.abort();
    await caught;
    expect(sent).toHaveLength(1);
  });
});

describe("The API key", () => {
  const leaky: Step = () => {
    const error = new TypeError(`cannot send Bearer ${API_KEY}`, {
      cause: Object.assign(new Error(API_KEY), { code: "ECONNRESET", headers: API_KEY }),
    });
    return Promise.reject(Object.assign(error, { request: { headers: { a: API_KEY } } }));
  };
  const echo: Step = () =>
    new Response(
      JSON.stringify({
        status: 400,
        code: "invalid_request",
        detail: API_KEY,
        request_id: API_KEY,
        errors: [{ message: API_KEY }],
      }),
      { status: 400 },
    );
  const page: Step = () => new Response(API_KEY, { status: 418, statusText: API_KEY });

  it.each([
    ["a fetch that shows the request", leaky],
    ["an API that returns it", echo],
    ["a page that shows it", page],
    ["a time-out", hang],
  ])("It is in no error after %s", async (_, step) => {
    const { payments } = clientOf([step]);
    const error = (await failureOf(payments.transactions.get("txn_1"))) as Error;
    const shown = inspect(error, { depth: 20, showHidden: true, getters: true });
    expect(`${shown}${error.stack}${JSON.stringify(error)}${error.cause}`).not.toContain(API_KEY);
  });

  it("It is not in the client when that is printed", () => {
    const { payments } = clientOf([ok]);
    const shown = inspect(payments, { depth: 20, showHidden: true });
    expect(shown + JSON.stringify(payments)).not.toContain(API_KEY);
  });

  it("One that cannot be a header is refused without being shown", () => {
    const apiKey = "sk_test_secret\nX: y";
    expect(() => clientOf([ok], { apiKey })).toThrow(/^(?!.*sk_test)/s);
  });

  it.each([
    "http://payments.example",
    "https://user:password@payments.example",
    "https://payments.example/?a=b",
    "ftp://payments.example",
    "payments.example",
  ])("It is not sent to %s", (baseUrl) => {
    expect(() => clientOf([ok], { baseUrl })).toThrow(TypeError);
  });

  it("It follows no redirect", async () => {
    const headers = { Location: "https://elsewhere.example/" };
    const { payments, sent } = clientOf([() => new Response(null, { status: 307, headers })]);
    const error = await failureOf(payments.transactions.get("txn_1"));
    expect(error).toBeInstanceOf(PaymentsResponseError);
    expect(sent).toMatchObject([{ redirect: "manual" }]);
  });
});

describe("The path", () => {
  it("An id is one segment of the path, whatever is in it", async () => {
    const { payments, sent } = clientOf([ok]);
    await payments.transactions.get("a/../b?c#d");
    expect(sent[0]?.url).toBe("https://payments.example/api/v1/transactions/a%2F..%2Fb%3Fc%23d");
  });

  it.each(["", ".", ".."])("The id %j is refused", async (id) => {
    const { payments, sent } = clientOf([ok]);
    await expect(payments.transactions.cancel(id)).rejects.toThrow(TypeError);
    expect(sent).toEqual([]);
  });
});
