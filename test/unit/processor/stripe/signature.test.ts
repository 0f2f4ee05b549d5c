/** The signature of Stripe's events, held against the `stripe` package. */
import Stripe from "stripe";
import { describe, expect, it } from "vitest";
import {
  isSignedByStripe,
  SIGNATURE_TOLERANCE_S,
} from "../../../../src/processor/stripe/signature";

const SECRET = "whsec_one-secret";
const OTHER = "whsec_another-secret";
const NOW_MS = 1_795_000_000_500;
const NOW_S = Math.floor(NOW_MS / 1_000);
const BODY = '{"id":"evt_1","object":"event","name":"Zoë 🦊"}';
const stripe = new Stripe("sk_test_none");
const utf8 = new TextEncoder();

const sign = (payload: string, secret = SECRET, timestamp = NOW_S) =>
  stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp });
const verify = (header: string | undefined, secrets = [SECRET], body = utf8.encode(BODY)) =>
  isSignedByStripe(body, header, secrets, NOW_MS);

describe("isSignedByStripe", () => {
  it("A signature that the stripe package makes is valid", () => {
    expect(verify(sign(BODY))).toBe(true);
  });

  it("Either of two secrets is valid, in any order", () => {
    expect(verify(sign(BODY, OTHER), [SECRET, OTHER])).toBe(true);
    expect(verify(sign(BODY, OTHER), [OTHER, SECRET])).toBe(true);
  });

  it("One of several signatures is enough", () => {
    const [, own = ""] = sign(BODY).split(",");
    expect(verify(`t=${NOW_S},v1=${"0".repeat(64)},${own},v0=ignored`)).toBe(true);
  });

  it("A signature under another secret, or without any secret, is not valid", () => {
    expect(verify(sign(BODY, OTHER))).toBe(false);
    expect(verify(sign(BODY), [])).toBe(false);
  });

  it("Every changed byte of the body makes the signature invalid", () => {
    const header = sign(BODY);
    for (let at = 0; at < utf8.encode(BODY).length; at++) {
      const bytes = utf8.encode(BODY);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      expect(verify(header, [SECRET], bytes), String(at)).toBe(false);
    }
  });

  it("The bytes are verified as they arrived: a byte order mark and broken UTF-8 count", () => {
    const header = sign(BODY);
    const marked = new Uint8Array([0xef, 0xbb, 0xbf, ...utf8.encode(BODY)]);
    expect(verify(header, [SECRET], marked)).toBe(false);
    const replaced = sign("\uFFFD");
    expect(verify(replaced, [SECRET], new Uint8Array([0xff]))).toBe(false);
    expect(verify(replaced, [SECRET], utf8.encode("\uFFFD"))).toBe(true);
  });

  it("A time beyond the tolerance is refused in both directions", () => {
    for (const sign_ of [-1, 1]) {
      const within = NOW_S + sign_ * (SIGNATURE_TOLERANCE_S - 1);
      const beyond = NOW_S + sign_ * (SIGNATURE_TOLERANCE_S + 1);
      expect(verify(sign(BODY, SECRET, within))).toBe(true);
      expect(verify(sign(BODY, SECRET, beyond))).toBe(false);
    }
  });

  it("A time that was not signed is refused", () => {
    const [, own = ""] = sign(BODY).split(",");
    expect(verify(`t=${NOW_S - 1},${own}`)).toBe(false);
  });

  it("A header of another form is refused", () => {
    const [time = "", own = ""] = sign(BODY).split(",");
    const headers = [
      undefined,
      "",
      "t",
      "=",
      time,
      own,
      `${time},${time},${own}`,
      `t=1e9,${own}`,
      `t=-${NOW_S},${own}`,
      `t=NaN,${own}`,
      `t=Infinity,${own}`,
      `${time},v1=`,
      `${time},${own.slice(0, -1)}`,
      `${time},${own}00`,
      `${time},${own.toUpperCase()}`,
      `${time},${own},v1=zz`,
      `${time},${Array(9).fill(own).join(",")}`,
      `${time},${own},${"x=y,".repeat(400)}`,
    ];
    for (const header of headers) expect(verify(header), String(header)).toBe(false);
  });

  it("The stripe package agrees about every header that is valid here", () => {
    for (const secret of [SECRET, OTHER]) {
      const header = sign(BODY, secret);
      const theirs = () =>
        stripe.webhooks.constructEvent(
          BODY,
          header,
          SECRET,
          SIGNATURE_TOLERANCE_S,
          undefined,
          NOW_MS,
        );
      if (verify(header)) expect(theirs).not.toThrow();
      else expect(theirs).toThrow();
    }
  });
});
