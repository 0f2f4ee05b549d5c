/** The connection to Stripe: what it reads, and what it never shows. */
import { describe, expect, it, vi } from "vitest";
import { createProcessor } from "../../../../src/processor/create";
import { callWithin } from "../../../../src/processor/processor";
import {
  CLIENT_SECRET,
  intentOf,
  SECRET_KEY,
  scriptedStripe,
  stripeRequest,
} from "../../../support/stripe-api";

const stripe = scriptedStripe();
const NOTHING_READ = { kind: "unknown", reason: "no readable response of Stripe" };
const LONG_MS = 10_000;

describe("A response that is none", () => {
  it.each([
    ["a connection that is cut", "cut" as const],
    ["a redirect", { status: 302, text: "{}", headers: { Location: "/v1/elsewhere" } }],
    ["a page", { status: 502, text: "<html>bad gateway</html>" }],
    ["text that is no JSON", { text: "{" }],
    ["too many bytes", { text: JSON.stringify({ ...intentOf(), more: "x".repeat(600_000) }) }],
  ])("%s is unknown, and is not repeated by itself", async (_, reply) => {
    stripe.answers(reply, { body: intentOf() });
    const answer = await stripe.call(stripeRequest());
    expect(answer.kind).toBe("unknown");
    expect(stripe.lines()).toHaveLength(1);
  });

  it.each([
    ["null", "null"],
    ["a list", "[]"],
    ["a number", "7"],
    ["text", '"succeeded"'],
    ["nothing", ""],
    ["an object of another kind", JSON.stringify({ ...intentOf(), object: "charge" })],
    ["an amount that is text", JSON.stringify(intentOf({ amount: "10050" }))],
    ["an amount that is no integer", JSON.stringify(intentOf({ amount: 100.5 }))],
    ["an amount beyond all", `{"object":"payment_intent","id":"pi_1","amount":1e400}`],
    ["an id that is none", JSON.stringify(intentOf({ id: "../../v1/refunds" }))],
    ["metadata that is a list", JSON.stringify(intentOf({ metadata: ["txn_1"] }))],
    ["a prototype key", `{"__proto__":{"status":"succeeded"},"constructor":1}`],
  ])("%s is unknown", async (_, text) => {
    stripe.answers({ text });
    expect((await stripe.call(stripeRequest())).kind).toBe("unknown");
  });

  it("A call ends at the time limit", async () => {
    stripe.answers("hang");
    const processor = createProcessor({
      processor: {
        kind: "stripe",
        secret_key: SECRET_KEY,
        webhook_secrets: [],
        api_url: stripe.url(),
      },
    });
    const answer = await callWithin(processor, stripeRequest(), 100);
    expect(answer).toEqual({ kind: "unknown", reason: "no answer within 100 ms" });
  });

  it("A test key is never used for a payment of live mode", async () => {
    const processor = createProcessor({
      processor: {
        kind: "stripe",
        secret_key: SECRET_KEY,
        webhook_secrets: [],
        api_url: stripe.url(),
      },
    });
    const answer = await callWithin(processor, stripeRequest({ livemode: true }), LONG_MS);
    expect(answer).toEqual({ kind: "unknown", reason: "not asked: livemode_mismatch" });
    expect(stripe.sent).toEqual([]);
  });
});

describe("What is never shown", () => {
  it("A notice of the server is not printed", async () => {
    const written = vi.spyOn(process, "emitWarning").mockReturnValue(undefined);
    const warned = vi.spyOn(console, "warn").mockReturnValue(undefined);
    stripe.answers({ body: intentOf(), headers: { "Stripe-Notice": "hello" } });
    await stripe.call(stripeRequest());
    expect([...written.mock.calls, ...warned.mock.calls].flat().join()).not.toContain("hello");
    written.mockRestore();
    warned.mockRestore();
  });

  it.each([
    { body: intentOf() },
    { body: intentOf({ status: "processing" }) },
    { body: intentOf({ amount: 1 }) },
    { body: { error: { message: CLIENT_SECRET, type: "invalid_request_error" } }, status: 400 },
    { body: { error: CLIENT_SECRET }, status: 500 },
  ])("An answer has neither the key, the payment method nor the client secret", async (reply) => {
    stripe.answers(reply);
    const shown = JSON.stringify(await stripe.call(stripeRequest()));
    for (const secret of [SECRET_KEY, CLIENT_SECRET, "pm_card_visa", "never_shown"]) {
      expect(shown).not.toContain(secret);
    }
  });
});

it("A cut response has no readable outcome", async () => {
  stripe.answers("cut");
  expect(await stripe.call(stripeRequest())).toEqual(NOTHING_READ);
});
