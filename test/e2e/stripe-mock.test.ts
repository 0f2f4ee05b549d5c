/** Every request that is sent to Stripe, against stripe-mock: Stripe's own server for tests, which checks paths and
 *  parameters against Stripe's specification and keeps no state. `npm run build:stripe-mock` builds it. */
import { existsSync } from "node:fs";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { STRIPE_MOCK } from "../../scripts/local/stripe-mock";
import { type Child, startChild } from "../../scripts/processes/child-process";
import { freePort } from "../../scripts/processes/free-port";
import { until } from "../../scripts/processes/wait";
import type { OperationRequest } from "../../src/processor/processor";
import { stripeProcessor } from "../../src/processor/stripe/stripe";
import { type Fake, serve } from "../support/http-server";
import { INTENT_ID, REFUND_ID, stripeRequest } from "../support/stripe-api";

const IS_BUILT = existsSync(STRIPE_MOCK);
const LIMIT_MS = 60_000;
const DAY_MS = 86_400_000;
const signal = () => new AbortController().signal;

if (!IS_BUILT) {
  console.log("Skipped: stripe-mock is not there (npm run build:stripe-mock, with Go)");
}

describe.skipIf(!IS_BUILT)("stripe-mock", () => {
  let mock: Child;
  let between: Fake;
  let seen: { line: string; status: number; error: unknown }[] = [];

  beforeAll(async () => {
    const port = await freePort();
    mock = startChild(STRIPE_MOCK, ["-http-addr", `127.0.0.1:${port}`]);
    const at = `http://127.0.0.1:${port}`;
    const answers = () => fetch(at).then(() => true);
    await until(answers, "stripe-mock answers", LIMIT_MS, mock);
    between = await serve(async (request, response) => {
      const { method = "GET", url = "/" } = request;
      const { authorization = "", "content-type": type = "" } = request.headers;
      const body = method === "POST" ? { body: await text(request) } : {};
      const headers = { authorization, "content-type": type };
      const answer = await fetch(at + url, { method, headers, ...body });
      const json = (await answer.json()) as { error?: unknown };
      seen.push({
        line: `${method} ${url.split("?")[0]}`,
        status: answer.status,
        error: json.error,
      });
      response.writeHead(answer.status, { "Content-Type": "application/json" });
      response.end(JSON.stringify(json));
    });
  });
  afterAll(async () => {
    await between?.close();
    await mock?.stop();
  });

  const processor = () =>
    stripeProcessor({
      kind: "stripe",
      secret_key: "sk_test_123",
      webhook_secrets: [],
      api_url: between.url,
    });
  const call = async (fields: Partial<OperationRequest>) => {
    seen = [];
    await processor().call(stripeRequest(fields), signal);
    return seen;
  };
  const find = async (fields: Partial<OperationRequest>) => {
    seen = [];
    await processor().find?.(stripeRequest({ attempt: 2, ...fields }), signal);
    return seen;
  };
  const accepted = (...lines: string[]) =>
    lines.map((line) => ({ line, status: 200, error: undefined }));
  const known = { processor_reference: INTENT_ID };
  const refund = { operation: "refund", idempotency_key: REFUND_ID, ...known } as const;
  const CREATE = "POST /v1/payment_intents";
  const SEARCH = "GET /v1/payment_intents/search";

  it("It refuses a parameter that Stripe does not have", async () => {
    const answer = await fetch(`${between.url}/v1/payment_intents`, {
      method: "POST",
      headers: {
        authorization: "Bearer sk_test_123",
        "content-type": "application/x-www-form-urlencoded",
      },
      body: "amount=100&currency=usd&no_such_parameter=1",
    });
    expect(answer.status).toBe(400);
  });

  it("A charge without redirects is accepted", async () => {
    expect(await call({})).toEqual(accepted(CREATE));
  });

  it("An authorization with a customer and a return URL is accepted", async () => {
    const details = {
      payment_method: "pm_card_visa",
      customer: "cus_123",
      return_url: "https://shop.example/back",
    };
    expect(await call({ operation: "authorize", details })).toEqual(accepted(CREATE));
  });

  it("The search and the look at a PaymentIntent are accepted", async () => {
    const claimed_at_ms = Date.now() - 2 * DAY_MS;
    const lines = await call({ claimed_at_ms });
    expect(lines[0]).toEqual(accepted(SEARCH)[0]);
    expect(await find(known)).toEqual(accepted(`GET /v1/payment_intents/${INTENT_ID}`));
  });

  it("A capture is accepted", async () => {
    const lines = await call({ operation: "capture", amount_minor: 500, ...known });
    expect(lines).toEqual(accepted(`POST /v1/payment_intents/${INTENT_ID}/capture`));
  });

  it.each(["requested", "action_expired"])("A void (%s) is accepted", async (reason) => {
    const lines = await call({ operation: "void", reason, ...known });
    expect(lines).toEqual(accepted(`POST /v1/payment_intents/${INTENT_ID}/cancel`));
  });

  it("A refund and the list of refunds are accepted", async () => {
    expect(await call({ ...refund, reason: "duplicate" })).toEqual(accepted("POST /v1/refunds"));
    expect(await find(refund)).toEqual(accepted("GET /v1/refunds"));
  });
});
