/** API keys and their checksums. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  API_KEY_RANDOM_BYTES,
  formatApiKey,
  hashApiKey,
  isApiKey,
} from "../../../../src/domain/identity/api-key";
import { ALPHABET, base32Of, bytesOf, sha256 } from "../../../support/base32";

describe("an API key", () => {
  const key = formatApiKey(new Uint8Array(API_KEY_RANDOM_BYTES).map((_, index) => index * 7));

  it("An API key is sk_, 52 characters of secret and 6 of checksum", () => {
    expect(API_KEY_RANDOM_BYTES).toBe(32);
    fc.assert(
      fc.property(bytesOf(32), (random) => {
        const secret = base32Of(random, 52);
        const checksum = base32Of(sha256(`checksum:${secret}`), 6);
        expect(formatApiKey(random)).toBe(`sk_${secret}${checksum}`);
        expect(isApiKey(`sk_${secret}${checksum}`)).toBe(true);
      }),
    );
  });

  it("An API key carries all 256 bits: one changed bit makes another secret", () => {
    const random = new Uint8Array(32);
    const keys = new Set([formatApiKey(random)]);
    for (let bit = 0; bit < 256; bit++) {
      const changed = new Uint8Array(random);
      changed[bit >> 3] = 1 << (bit & 7);
      keys.add(formatApiKey(changed).slice(0, -6));
    }
    expect(keys.size).toBe(257);
  });

  it("An API key with any one character changed is invalid", () => {
    for (let place = 0; place < key.length; place++) {
      for (const character of `${ALPHABET}A018_ `) {
        if (character === key[place]) continue;
        expect(isApiKey(key.slice(0, place) + character + key.slice(place + 1))).toBe(false);
      }
    }
  });

  it("An API key with two neighbouring characters swapped is invalid", () => {
    // A fixed seed: a checksum of 30 bits misses one error in a billion, and a test must not.
    fc.assert(
      fc.property(bytesOf(32), fc.integer({ min: 0, max: 59 }), (random, place) => {
        const good = formatApiKey(random);
        const [one = "", other = ""] = good.slice(place, place + 2);
        const swapped = good.slice(0, place) + other + one + good.slice(place + 2);
        expect(isApiKey(swapped)).toBe(swapped === good);
      }),
      { seed: 20_261_122, numRuns: 1_000 },
    );
  });

  it.each([
    ["nothing", ""],
    ["only the prefix", "sk_"],
    ["a key without its prefix", key.slice(3)],
    ["another prefix", `pk_${key.slice(3)}`],
    ["a key in capitals", key.toUpperCase()],
    ["a key cut short", key.slice(0, -1)],
    ["a key and more", `${key}a`],
    ["a key and a line's end", `${key}\n`],
    ["a key after a space", ` ${key}`],
    ["two keys", `${key}${key}`],
  ])("An API key is not %s", (_, text) => {
    expect(isApiKey(text)).toBe(false);
  });

  it("An API key is stored as its SHA-256 in hex", () => {
    fc.assert(
      fc.property(fc.oneof(fc.constant(key), fc.string({ unit: "grapheme" })), (text) => {
        expect(hashApiKey(text)).toBe(sha256(text).toString("hex"));
      }),
    );
  });
});
