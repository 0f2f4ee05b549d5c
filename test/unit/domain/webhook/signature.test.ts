/** Webhook signatures, checked by the standard's own library and by a second HMAC. */
import { createHmac, randomBytes } from "node:crypto";
import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  formatWebhookSecret,
  signWebhook,
  WEBHOOK_SECRET_RANDOM_BYTES,
} from "../../../../src/domain/webhook/signature";

/** The vector in the tests of every library of the standard. */
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const TIMESTAMP_S = 1614265330;
const BODY = '{"test": 2432232314}';
const SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

/** How long the standard's libraries believe a timestamp, in both directions. */
const TOLERANCE_S = 300;

const newSecret = () => formatWebhookSecret(randomBytes(WEBHOOK_SECRET_RANDOM_BYTES));
const verify = (secret: string, headers: Record<string, string>, body: string): unknown =>
  new Webhook(secret).verify(body, headers);

beforeEach(() => {
  vi.useFakeTimers({ now: TIMESTAMP_S * 1000 });
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a webhook secret", () => {
  it("A webhook secret is whsec_ and the base64 of its 32 bytes", () => {
    const bytes = Uint8Array.from({ length: 32 }, (_, index) => 255 - index);
    expect(formatWebhookSecret(bytes)).toBe("whsec_//79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eA=");
  });
});

describe("a signed webhook", () => {
  it("A signed webhook has the signature of the standard's fixed vector", () => {
    expect(signWebhook([SECRET], ID, TIMESTAMP_S, BODY)).toEqual({
      "webhook-id": ID,
      "webhook-timestamp": "1614265330",
      "webhook-signature": SIGNATURE,
      "X-Webhook-Signature": createHmac("sha256", SECRET).update(BODY).digest("hex"),
    });
  });

  it("A signed webhook carries the older signature, made with the whole secret text over the body alone", () => {
    // printf '{"test": 2432232314}' | openssl dgst -sha256 -hmac whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
    expect(signWebhook([SECRET], ID, TIMESTAMP_S, BODY)["X-Webhook-Signature"]).toBe(
      "80ec8a89ce3cd22133a1066caecb4d04fea7467657c8514d717ec42c38a5c94c",
    );
  });

  it.each([
    "{}",
    '{"description":"Zwölf Stück für 9,99 €"}',
    '{"description":"日本語 🙂 \\u0000"}',
  ])("The standard's library verifies a signed webhook: %s", (body) => {
    const secret = newSecret();
    const headers = signWebhook([secret], "evt_a_1", TIMESTAMP_S, body);
    expect(verify(secret, headers, body)).toEqual(JSON.parse(body));
  });

  it("A signed webhook is verified with the old and with the new secret during a rotation, and with no other", () => {
    const [newest, older, oldest] = [newSecret(), newSecret(), newSecret()];
    const headers = signWebhook([newest, older], ID, TIMESTAMP_S, BODY);
    expect(verify(newest, headers, BODY)).toEqual({ test: 2432232314 });
    expect(verify(older, headers, BODY)).toEqual({ test: 2432232314 });
    expect(() => verify(oldest, headers, BODY)).toThrow("No matching signature found");
    expect(headers["webhook-signature"]?.split(" ")[0]).toBe(
      signWebhook([newest], ID, TIMESTAMP_S, BODY)["webhook-signature"],
    );
    expect(headers["X-Webhook-Signature"]).toBe(
      createHmac("sha256", newest).update(BODY).digest("hex"),
    );
  });

  it.each([
    ["another body", { body: '{"test": 2432232315}' }, "No matching signature found"],
    ["another id", { "webhook-id": "evt_b_1" }, "No matching signature found"],
    [
      "another time",
      { "webhook-timestamp": String(TIMESTAMP_S + 1) },
      "No matching signature found",
    ],
    ["no signature", { "webhook-signature": "" }, "Missing required headers"],
    [
      "half a signature",
      { "webhook-signature": SIGNATURE.slice(0, 20) },
      "No matching signature found",
    ],
  ])(
    "A signed webhook is refused with %s",
    (_, { body = BODY, ...changed }: Record<string, string>, fault) => {
      const headers = { ...signWebhook([SECRET], ID, TIMESTAMP_S, BODY), ...changed };
      expect(() => verify(SECRET, headers, body)).toThrow(fault);
    },
  );

  it.each([
    [-TOLERANCE_S - 1, "Message timestamp too old"],
    [-TOLERANCE_S, undefined],
    [TOLERANCE_S, undefined],
    [TOLERANCE_S + 1, "Message timestamp too new"],
  ])("A webhook signed %d seconds from now: %s", (offset, fault) => {
    const headers = signWebhook([SECRET], ID, TIMESTAMP_S + offset, BODY);
    if (fault) expect(() => verify(SECRET, headers, BODY)).toThrow(fault);
    else expect(verify(SECRET, headers, BODY)).toBeDefined();
  });

  it("A webhook cannot be signed without a secret", () => {
    expect(() => signWebhook([], ID, TIMESTAMP_S, BODY)).toThrow("without a secret");
  });

  it("A signature equals what node:crypto computes, for any secrets, time and text", () => {
    const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const keys = fc.array(key, { minLength: 1, maxLength: 4 });
    const id = fc.string({ unit: fc.constantFrom(..."abc_234567"), minLength: 1, maxLength: 40 });
    const time = fc.integer({ min: 0, max: 2 ** 33 });
    const text = fc.string({ unit: "grapheme", maxLength: 300 });
    fc.assert(
      fc.property(keys, id, time, text, (bytes, name, seconds, body) => {
        const secrets = bytes.map(formatWebhookSecret);
        const v1 = bytes.map((each) =>
          createHmac("sha256", each).update(`${name}.${seconds}.${body}`).digest("base64"),
        );
        expect(signWebhook(secrets, name, seconds, body)).toEqual({
          "webhook-id": name,
          "webhook-timestamp": String(seconds),
          "webhook-signature": v1.map((signature) => `v1,${signature}`).join(" "),
          "X-Webhook-Signature": createHmac("sha256", secrets[0] ?? "")
            .update(body)
            .digest("hex"),
        });
      }),
    );
  });
});
