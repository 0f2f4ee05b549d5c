import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deriveTransactionId } from "../../../../src/domain/identity/id";
import {
  GREATEST_ID,
  LEAST_ID,
  packId,
  previousId,
  unpackId,
} from "../../../../src/domain/identity/packed-id";

const ids = fc.string().map((key) => deriveTransactionId("mer_a", key));
const toHex = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0"));

describe("a packed id", () => {
  it("A packed id has 17 bytes and is the same id again", () => {
    fc.assert(
      fc.property(ids, (id) => {
        const packed = packId(id);
        expect(packed.length).toBe(17);
        expect(unpackId(packed)).toBe(id);
        expect(unpackId(packed.buffer)).toBe(id);
        expect(unpackId([...packed])).toBe(id);
      }),
    );
  });

  it("Packed ids sort like the ids", () => {
    const edges = ["a", "z", "2", "7"].map((character) => `txn_${character.repeat(26)}`);
    const any = fc.oneof(ids, fc.constantFrom(...edges));
    fc.assert(
      fc.property(any, any, (one, other) => {
        const [a, b] = [toHex(packId(one)).join(""), toHex(packId(other)).join("")];
        expect(Math.sign(Number(a > b) - Number(a < b))).toBe(
          Math.sign(Number(one > other) - Number(one < other)),
        );
      }),
    );
  });

  it("Between an id and the one before it there is no other", () => {
    const toNumber = (id: string) => BigInt(`0x${toHex(packId(id)).join("")}`) >> 6n;
    fc.assert(
      fc.property(ids, (id) => {
        expect(toNumber(id) - toNumber(previousId(id))).toBe(1n);
      }),
    );
    expect(previousId(`txn_a${"2".repeat(25)}`)).toBe(`txn_7${"z".repeat(25)}`);
    expect(previousId(LEAST_ID)).toBe(LEAST_ID);
    expect(toNumber(LEAST_ID)).toBe(0n);
    expect(toNumber(GREATEST_ID)).toBe(2n ** 130n - 1n);
  });

  it("The form never changes, because it is stored", () => {
    expect(toHex(packId("txn_mfzwizlhn5xgs3dpnrsw45dfoi")).join("")).toBe(
      "92ffc77e2d98facc05359df1c10d2ba380",
    );
  });

  it.each(["", "txn_", "txn_MFZWIZLHN5XGS3DPNRSW45DFOI", "txn_mfzwizlhn5xgs3dpnrsw45dfo1", "x"])(
    "%j is refused",
    (text) => {
      expect(() => packId(text)).toThrow(RangeError);
      expect(() => unpackId(new TextEncoder().encode(text))).toThrow(RangeError);
    },
  );
});
