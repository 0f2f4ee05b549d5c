/** Stripe's API as a script: a real HTTP server that answers each request with the next response that a test has set. The
 *  objects are shaped as those of API 2026-10-28.endive. */
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach } from "vitest";
import type { Answer, FindAnswer, OperationRequest } from "../../src/processor/processor";
import { stripeProcessor } from "../../src/processor/stripe/stripe";
import { requestOf } from "./charge-request";
import { type Fake, serve } from "./http-server";

export const SECRET_KEY = "sk_test_never_shown";
export const INTENT_ID = "pi_3QWERTY0000000000000001";
export const CLIENT_SECRET = `${INTENT_ID}_secret_never_shown`;

type Sent = { line: string; form: Record<string, string>; headers: Record<string, unknown> };
type Reply = { status?: number; body?: unknown; text?: string; headers?: Record<string, string> };
type Script = Reply | "cut" | "hang";

/** Starts the server for a test file. */
export function scriptedStripe() {
  let fake: Fake | undefined;
  let script: Script[] = [];
  const sent: Sent[] = [];
  beforeAll(async () => {
    fake = await serve(async (request, response) => {
      const [path = "", query = ""] = (request.url ?? "").split("?");
      const body = await text(request);
      const form = Object.fromEntries(new URLSearchParams(body || query));
      sent.push({ line: `${request.method} ${path}`, form, headers: request.headers });
      const next = script.shift() ?? { status: 599, body: {} };
      if (next === "hang") return;
      if (next === "cut") return void response.destroy();
      const { status = 200, headers = {} } = next;
      response.writeHead(status, { "Content-Type": "application/json", ...headers });
      response.end(next.text ?? JSON.stringify(next.body));
    });
  });
  afterAll(() => fake?.close());
  beforeEach(() => {
    script = [];
    sent.length = 0;
  });
  const processor = (secret_key = SECRET_KEY) =>
    stripeProcessor({
      kind: "stripe",
      secret_key,
      webhook_secrets: [],
      api_url: fake?.url ?? "",
    });
  const signal = () => new AbortController().signal;
  return {
    sent,
    lines: () => sent.map(({ line }) => line),
    answers(...replies: Script[]) {
      script = replies;
    },
    url: () => fake?.url ?? "",
    call: async (request: OperationRequest, key?: string): Promise<Answer> =>
      processor(key).call(request, signal),
    find: async (request: OperationRequest): Promise<FindAnswer> => {
      const { find } = processor();
      if (!find) throw new Error("Stripe can be asked");
      return find(request, signal);
    },
    processor,
  };
}

const DETAILS = { payment_method: "pm_card_visa", customer: null, return_url: null };

/** A request that was claimed just now. */
export function stripeRequest(fields: Partial<OperationRequest> = {}): OperationRequest {
  return requestOf({
    claimed_at_ms: Date.now(),
    details: DETAILS,
    livemode: false,
    processor: "stripe",
    ...fields,
  });
}

export const intentOf = (fields: object = {}) => ({
  id: INTENT_ID,
  object: "payment_intent",
  amount: 10_050,
  amount_capturable: 0,
  amount_received: 10_050,
  canceled_at: null,
  cancellation_reason: null,
  capture_method: "automatic",
  client_secret: CLIENT_SECRET,
  confirmation_method: "automatic",
  created: 1_795_000_000,
  currency: "usd",
  customer: null,
  last_payment_error: null,
  latest_charge: "ch_3QWERTY0000000000000001",
  livemode: false,
  metadata: { transaction_id: "txn_abcdefghijklmnopqrstuvwxyz" },
  next_action: null,
  payment_method: "pm_1QWERTY",
  status: "succeeded",
  ...fields,
});

export const refundOf = (fields: object = {}) => ({
  id: "re_3QWERTY0000000000000002",
  object: "refund",
  amount: 500,
  charge: "ch_3QWERTY0000000000000001",
  created: 1_795_000_100,
  currency: "usd",
  metadata: { transaction_id: "txn_abcdefghijklmnopqrstuvwxyz", refund_id: REFUND_ID },
  payment_intent: INTENT_ID,
  reason: null,
  status: "succeeded",
  ...fields,
});
export const REFUND_ID = "re_abcdefghijklmnopqrstuvwxyz_abcdefghijklmnop";

/** An error as Stripe sends it. Its message must not be shown by anything. */
export const errorOf = (status: number, error: object): Reply => ({
  status,
  body: {
    error: {
      type: "invalid_request_error",
      message: `A message with ${CLIENT_SECRET} that is never shown`,
      doc_url: "https://stripe.com/docs/error-codes",
      ...error,
    },
  },
});
export const declinedBy = (decline_code: string, fields: object = {}) =>
  errorOf(402, {
    type: "card_error",
    code: "card_declined",
    decline_code,
    payment_intent: intentOf({
      status: "requires_payment_method",
      amount_received: 0,
      last_payment_error: { type: "card_error", code: "card_declined", decline_code },
    }),
    ...fields,
  });
export const listOf = (data: unknown[], has_more = false) => ({
  body: { object: "list", url: "/v1/list", data, has_more },
});
export const searchOf = (data: unknown[]) => ({
  body: { object: "search_result", url: "/v1/search", data, has_more: false, next_page: null },
});
