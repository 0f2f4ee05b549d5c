/** SHA-256 and HMAC-SHA256, by the vectors of FIPS 180-4 and RFC 4231. */
import { expect, it } from "vitest";
import {
  hashSha256,
  hashSha256Hex,
  signHmac,
  signHmacText,
} from "../../../../src/domain/identity/sha256";
import { formatHex, parseHex } from "../../../../src/domain/text/hex";

const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
/** RFC 4231, test case 2: a key and a text that are shorter than a block. */
const JEFE = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
/** RFC 4231, test case 6: a key that is longer than a block. */
const LONG_KEY = "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54";

it("A SHA-256 equals the standard's vectors, as bytes and as hex", () => {
  expect(hashSha256Hex("abc")).toBe(ABC);
  expect(formatHex(hashSha256("abc"))).toBe(ABC);
  expect(hashSha256Hex("")).toBe(EMPTY);
});

it("A hash is of the text in UTF-8, and of a replacement character for half a surrogate pair", () => {
  const inUtf8 = new TextEncoder().encode("ü€😀");
  expect(formatHex(inUtf8)).toBe("c3bce282acf09f9880");
  expect(hashSha256Hex("ü€😀")).not.toBe(hashSha256Hex("u€😀"));
  expect(hashSha256Hex("\ud83d")).toBe(hashSha256Hex("\ufffd"));
});

it("An HMAC equals the standard's vectors, with keys as bytes and as text", () => {
  const text = "what do ya want for nothing?";
  expect(signHmacText("Jefe", text, "hex")).toBe(JEFE);
  const key = new TextEncoder().encode("Jefe");
  expect(formatHex(signHmac(key, text))).toBe(JEFE);
  expect(atob(signHmacText(key, text, "base64"))).toBe(String.fromCharCode(...parseHex(JEFE)));
  const long = new Uint8Array(131).fill(0xaa);
  expect(signHmacText(long, "Test Using Larger Than Block-Size Key - Hash Key First", "hex")).toBe(
    LONG_KEY,
  );
});

it("Hex is two lower-case digits for each byte, and is read back", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, at) => at);
  expect(formatHex(bytes.subarray(0, 17))).toBe("000102030405060708090a0b0c0d0e0f10");
  expect(parseHex(formatHex(bytes))).toEqual(bytes);
});
