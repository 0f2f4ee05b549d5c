/** The TypeScript client verifies what the API signs, and nothing else. */
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import {
  verifyWebhook,
  type WebhookHeaders,
  WebhookVerificationError,
} from "../../../../clients/typescript/src/index";
import { formatWebhookSecret, signWebhook } from "../../../../src/domain/webhook/signature";

const [FIRST, SECOND, OTHER] = [1, 2, 3].map((byte) =>
  formatWebhookSecret(new Uint8Array(32).fill(byte)),
) as [string, string, string];
const NOW_S = 1_795_381_200;
const nowMs = NOW_S * 1000;
const DATA = { id: "txn_1", version: 3, description: "Zwölf für 9 € 🙂" };
const EVENT = { type: "transaction.completed", timestamp: "2026-11-22T21:00:00.000Z", data: DATA };
const BODY = JSON.stringify(EVENT);

const sign = (secrets = [FIRST], sentAtS = NOW_S, body = BODY) =>
  signWebhook(secrets, "evt_1_3", sentAtS, body);
const verify = (
  body: string | Uint8Array,
  headers: WebhookHeaders,
  secrets: string | string[] = FIRST,
) => verifyWebhook(body, headers, secrets, { nowMs });

describe("A webhook", () => {
  it("One that was signed with the secret is returned with its id", async () => {
    expect(await verify(BODY, sign())).toEqual({ ...EVENT, id: "evt_1_3" });
  });

  it("Its body may be bytes, and its headers those of a Request or of Node", async () => {
    const bytes = new TextEncoder().encode(BODY);
    expect(await verify(bytes, new Headers(sign()))).toMatchObject(EVENT);
    const upper = Object.entries(sign()).map(([name, value]) => [name.toUpperCase(), value]);
    expect(await verify(bytes, Object.fromEntries(upper))).toMatchObject(EVENT);
  });

  it("During a rotation either side may have one or both secrets", async () => {
    expect(await verify(BODY, sign([SECOND, FIRST]))).toMatchObject(EVENT);
    expect(await verify(BODY, sign([SECOND]), [FIRST, SECOND])).toMatchObject(EVENT);
  });

  it("What another library signs is verified too", async () => {
    const signature = new Webhook(FIRST).sign("evt_1_3", new Date(nowMs), BODY);
    expect(await verify(BODY, { ...sign(), "webhook-signature": signature })).toMatchObject(EVENT);
  });

  it("An id in the body does not replace the event's", async () => {
    const body = JSON.stringify({ ...EVENT, id: "evt_of_another" });
    expect((await verify(body, sign([FIRST], NOW_S, body))).id).toBe("evt_1_3");
  });

  const signed = sign();
  it.each<[string, string, WebhookHeaders]>([
    ["another secret", BODY, sign([OTHER])],
    ["another body", `${BODY} `, signed],
    ["another id", BODY, { ...signed, "webhook-id": "evt_1_4" }],
    ["another time", BODY, { ...signed, "webhook-timestamp": String(NOW_S - 1) }],
    ["an old time", BODY, sign([FIRST], NOW_S - 301)],
    ["a time in the future", BODY, sign([FIRST], NOW_S + 301)],
    ["a time that is no number", BODY, { ...signed, "webhook-timestamp": "now" }],
    ["a time with a sign", BODY, { ...signed, "webhook-timestamp": `+${NOW_S}` }],
    ["no signature", BODY, { ...signed, "webhook-signature": undefined }],
    ["an empty signature", BODY, { ...signed, "webhook-signature": "v1," }],
    ["a signature that is not base64", BODY, { ...signed, "webhook-signature": "v1,%%%" }],
    [
      "a signature of another version",
      BODY,
      { ...signed, "webhook-signature": signed["webhook-signature"]?.replace("v1,", "v1a,") },
    ],
    [
      "a part of the signature",
      BODY,
      { ...signed, "webhook-signature": signed["webhook-signature"]?.slice(0, 15) },
    ],
    ["only the older signature", BODY, { "X-Webhook-Signature": signed["X-Webhook-Signature"] }],
    ["two ids", BODY, { ...signed, "webhook-id": ["evt_1_3", "evt_1_3"] }],
    ["signed text that is not JSON", "noted", sign([FIRST], NOW_S, "noted")],
  ])("One with %s is refused", async (_, body, headers) => {
    await expect(verify(body, headers)).rejects.toBeInstanceOf(WebhookVerificationError);
  });

  it.each(["", "whsec_", "whsec_%%%", "secret"])(
    "The secret %j is a fault of the caller, not of the webhook, and is not shown",
    async (secret) => {
      const error = await verify(BODY, sign(), [FIRST, secret]).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(TypeError);
      expect(error).not.toHaveProperty("message", expect.stringContaining("%%%"));
    },
  );
});
