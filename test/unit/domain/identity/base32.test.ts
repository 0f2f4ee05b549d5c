/** Base32 of ids and keys. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { base32, base32Number } from "../../../../src/domain/identity/base32";
import { base32Of, bytesOf } from "../../../support/base32";

describe("base32", () => {
  it.each([
    ["", ""],
    ["f", "my"],
    ["fo", "mzxq"],
    ["foo", "mzxw6"],
    ["foob", "mzxw6yq"],
    ["fooba", "mzxw6ytb"],
    ["foobar", "mzxw6ytboi"],
  ])(
    "Base32 writes %j as RFC 4648 does, in lower case and without padding: %j",
    (text, encoded) => {
      expect(base32(new TextEncoder().encode(text), encoded.length)).toBe(encoded);
    },
  );

  it("Base32 takes the first bits of any bytes, and fills up with zeros past their end", () => {
    const characters = fc.integer({ min: 0, max: 70 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), characters, (bytes, length) => {
        expect(base32(bytes, length)).toBe(base32Of(bytes, length));
      }),
    );
  });

  it("Base32 turns characters back into their number", () => {
    fc.assert(
      fc.property(bytesOf(4), (bytes) => {
        const bits = Buffer.from(bytes).readUInt32BE() >>> 2;
        expect(base32Number(base32(bytes, 6), 6)).toBe(bits);
      }),
    );
    expect(base32Number("b7zzzz", 2)).toBe(32 + 31);
  });
});
