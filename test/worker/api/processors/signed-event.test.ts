/** Who may deliver events to the endpoint of Stripe, and what an event must look like. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { resetFailedAuthLimits } from "../../../../src/api/middleware/failed-auth-limit";
import { MAX_EVENT_BYTES } from "../../../../src/api/processors/signed-event";
import {
  ask,
  CANARY,
  checkWholeFile,
  expectRefusal,
  jsonOf,
  logOf,
} from "../../../support/contract";
import { streamOf } from "../../../support/shop";
import {
  deliver,
  deliverEvent,
  STRIPE_BINDINGS,
  STRIPE_EVENTS,
  STRIPE_SECRET,
  stripeEvent,
  stripeSignature,
} from "../../../support/stripe-events";

const S = 1_000;
/** Of a type that needs nothing: an event that is accepted is `ignored`. */
const harmless = (more: object = {}) =>
  stripeEvent("customer.created", { id: "cus_1", object: "customer", name: CANARY }, more);

afterEach(() => {
  vi.useRealTimers();
  resetFailedAuthLimits();
});

describe("a deployment", () => {
  it("An event is 404 where the processor is not Stripe", async () => {
    for (const PROCESSOR of ["", "sandbox", "http"]) {
      await expectRefusal(await deliverEvent(harmless(), { env: { PROCESSOR } }), "not_found");
    }
  });

  it("An event is 503 while no secret is configured, so that it is delivered again", async () => {
    const env = { STRIPE_WEBHOOK_SECRET: "" };
    const refused = await deliverEvent(harmless(), { env });
    await expectRefusal(refused, "webhook_secret_missing");
    expect(refused.headers.get("Retry-After")).toBe("60");
  });

  it("An event needs no API key, and quotas of a merchant do not apply", async () => {
    const env = { RATE_LIMIT_REQUESTS: "1" };
    for (let count = 0; count < 3; count++) {
      const received = await deliverEvent(harmless(), { env });
      expect(received.status).toBe(200);
      expect(received.headers.has("RateLimit")).toBe(false);
      expect(await jsonOf(received)).toEqual({ received: true, result: "ignored" });
    }
  });
});

describe("a signature", () => {
  it("Each of two secrets is accepted while one replaces the other", async () => {
    const env = { STRIPE_WEBHOOK_SECRET: `whsec_new, ${STRIPE_SECRET}` };
    for (const secret of ["whsec_new", STRIPE_SECRET]) {
      const body = JSON.stringify(harmless());
      const response = await deliver(body, { env, signature: stripeSignature(body, secret) });
      expect(response.status).toBe(200);
    }
  });

  it("A missing, wrong, foreign or old signature is 400 and nothing is read", async () => {
    const body = JSON.stringify(harmless());
    const signatures = [
      "",
      "t=1,v1=00",
      stripeSignature(body, "whsec_of-another"),
      stripeSignature(`${body} `),
      stripeSignature(body, STRIPE_SECRET, Date.now() - 302 * S),
      stripeSignature(body, STRIPE_SECRET, Date.now() + 302 * S),
    ];
    for (const signature of signatures) {
      await expectRefusal(await deliver(body, { signature }), "signature_invalid", signature);
    }
    const bare = await ask(STRIPE_EVENTS, { method: "POST", body, env: STRIPE_BINDINGS });
    await expectRefusal(bare, "signature_invalid");
    // What is not signed is not parsed: there is no hint about its form.
    const refused = await deliver("{", { signature: stripeSignature("[") });
    await expectRefusal(refused, "signature_invalid");
  });

  it("A signature is accepted until it is 300 seconds old", async () => {
    const body = JSON.stringify(harmless());
    const signature = stripeSignature(body, STRIPE_SECRET, Date.now() - 298 * S);
    expect((await deliver(body, { signature })).status).toBe(200);
  });

  it("After too many wrong signatures an address gets 429, and signed events are still accepted", async () => {
    let failures = 0;
    const env = { FAILED_KEYS: { limit: async () => ({ success: ++failures <= 2 }) } };
    const headers = { "CF-Connecting-IP": "203.0.113.9" };
    const body = JSON.stringify(harmless());
    const wrong = () => deliver(body, { signature: "t=1,v1=00", env, headers });
    await expectRefusal(await wrong(), "signature_invalid");
    await expectRefusal(await wrong(), "signature_invalid");
    await expectRefusal(await wrong(), "too_many_failed_authentications");
    await expectRefusal(await wrong(), "too_many_failed_authentications");
    expect(failures).toBe(3); // The address is remembered, and the limiter is not called again.
    expect((await deliver(body, { env, headers })).status).toBe(200);
  });
});

describe("a body", () => {
  const MIB = 1_048_576;
  it("A body above the limit is 413, declared or not, before its signature is verified", async () => {
    for (const size of [MAX_EVENT_BYTES + 1, MIB]) {
      const bytes = new Uint8Array(size).fill(0x20);
      await expectRefusal(await deliver(bytes), "body_too_large");
      const unsigned = { signature: "none" };
      await expectRefusal(await deliver(bytes, unsigned), "body_too_large");
      const streamed = await ask(STRIPE_EVENTS, {
        method: "POST",
        body: streamOf(bytes, 65_536),
        headers: { "Stripe-Signature": stripeSignature(bytes) },
        env: STRIPE_BINDINGS,
      });
      const refused = await expectRefusal(streamed, "body_too_large");
      expect(refused.detail).toContain(String(MAX_EVENT_BYTES));
    }
  });

  it("A body of exactly the limit is accepted", async () => {
    const event = harmless();
    const rest = MAX_EVENT_BYTES - JSON.stringify({ ...event, padding: "" }).length;
    const body = JSON.stringify({ ...event, padding: "x".repeat(rest) });
    expect(body.length).toBe(MAX_EVENT_BYTES);
    expect((await deliver(body)).status).toBe(200);
  });

  const DEEP = 100_000;
  it("A signed body that is no event is 400", async () => {
    const event = JSON.stringify(harmless());
    const without = (member: string) => JSON.stringify({ ...harmless(), [member]: undefined });
    const malformed = ["", "{", "nonsense", `${event}}`, "\0", event.slice(0, -1)];
    for (const body of malformed) await expectRefusal(await deliver(body), "malformed_json", body);
    await expectRefusal(await deliver(new Uint8Array([0x7b, 0xff, 0x7d])), "malformed_json");
    const invalid = [
      "null",
      "1",
      "[]",
      `[${event}]`,
      '"event"',
      "{}",
      ...["id", "object", "type", "livemode", "data"].map(without),
      JSON.stringify({ ...harmless(), id: 1 }),
      JSON.stringify({ ...harmless(), id: "x".repeat(256) }),
      JSON.stringify({ ...harmless(), type: ["payment_intent.succeeded"] }),
      JSON.stringify({ ...harmless(), livemode: "false" }),
      JSON.stringify({ ...harmless(), data: [] }),
      JSON.stringify({ ...harmless(), data: null }),
      JSON.stringify({ ...harmless(), object: "v2.core.event" }),
      event.replace('"type":', '"type":"payment_intent.succeeded","type":'),
      event.replace('"id":"cus_1"', '"id":"cus_1","id":"cus_2"'),
      event.replace('"id":"cus_1"', '"id":"cus_1","\\u0069d":"cus_2"'),
    ];
    for (const body of invalid) await expectRefusal(await deliver(body), "invalid_request", body);
    const deep = `${event.slice(0, -1)},"deep":${"[".repeat(DEEP)}${"]".repeat(DEEP)}}`;
    expect([200, 400]).toContain((await deliver(deep)).status);
  });

  it("Members of hostile names and values neither fail nor change anything", async () => {
    const object = harmless().data.object;
    const hostile = [
      '{"__proto__":{"id":"pi_1"},"constructor":{"prototype":{}}}',
      '{"amount":1e400,"created":-1e308,"id":123456789012345678901234567890}',
      '{"object":["payment_intent"],"id":{"toString":"x"},"metadata":[]}',
      "null",
      "[]",
      "true",
      `"${"x".repeat(1_000)}"`,
    ];
    const TYPES = ["customer.created", "__proto__", "constructor", "toString", "\u202Ehidden"];
    for (const type of TYPES) {
      for (const text of hostile) {
        const event = { ...stripeEvent(type, object), data: { object: "HERE" } };
        const body = JSON.stringify(event).replace('"HERE"', text);
        const received = await deliver(body);
        expect([type, text, received.status]).toEqual([type, text, 200]);
      }
    }
    expect(({} as { id?: unknown }).id).toBeUndefined();
  });
});

describe("an event of something else", () => {
  it("An event of live mode is not ours with a test key, and one of test mode with a live key", async () => {
    const live = { STRIPE_SECRET_KEY: "sk_live_of_the_tests", ALLOW_LIVE_PAYMENTS: "true" };
    const result = async (livemode: boolean, env = {}) =>
      jsonOf(await deliverEvent(harmless({ livemode }), { env }));
    expect(await result(true)).toEqual({ received: true, result: "not_ours" });
    expect(await result(false, live)).toEqual({ received: true, result: "not_ours" });
    expect(await result(true, live)).toEqual({ received: true, result: "ignored" });
  });

  it("An event of a connected account is not ours", async () => {
    const received = await deliverEvent(harmless({ account: "acct_1" }));
    expect(await jsonOf(received)).toEqual({ received: true, result: "not_ours" });
  });

  it("A line of the log names the event, its type and its result, and nothing else of it", async () => {
    const type = "customer.\u202Ecreated\n4242424242424242";
    const received = await deliverEvent({ ...harmless(), type });
    const lines = logOf(received.headers.get("Request-Id"));
    expect(lines.filter(({ event }) => event === "processor.event")).toMatchObject([
      { event_id: expect.stringMatching(/^evt_\d+$/), outcome: "ignored" },
    ]);
    const [{ event_type } = {}] = lines.filter(({ event }) => event === "processor.event");
    expect(event_type).toMatch(/^customer\. created /);
    expect(event_type).not.toContain("4242424242424242");
    expect(lines.find(({ event }) => event === "request")).toMatchObject({
      route: STRIPE_EVENTS,
      outcome: "ignored",
    });
  });
});

checkWholeFile();
