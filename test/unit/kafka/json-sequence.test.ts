/** Base64 and JSON sequences, which the dialects use. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { base64 } from "../../../src/kafka/base64";
import { jsonSequence } from "../../../src/kafka/json-sequence";

describe("the parts", () => {
  it("Any text is encoded as its UTF-8 bytes in base64", () => {
    const texts = fc.string({ unit: "grapheme", maxLength: 50 });
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 2_000 }), (part, times) => {
        const text = part.repeat(times);
        expect(base64(text)).toBe(Buffer.from(text).toString("base64"));
      }),
      { numRuns: 100 },
    );
  });

  it("The objects of a JSON sequence are found with any separators", () => {
    const objects = fc.dictionary(fc.string(), fc.jsonValue());
    const gaps = fc.constantFrom("", " ", "\n", "\r\n\t");
    fc.assert(
      fc.property(fc.array(objects, { maxLength: 5 }), gaps, (values, gap) => {
        const text = values.map((value) => JSON.stringify(value)).join(gap);
        expect(jsonSequence(text)).toEqual(JSON.parse(JSON.stringify(values)));
      }),
    );
  });

  it.each(["{", "}", "}{", "{}x", "x{}", '{"a":"}', "1", "[{}]", "{} {} ]", '"{}"', "{}{"])(
    "No JSON sequence is found in %s",
    (text) => {
      expect(jsonSequence(text)).toBeUndefined();
    },
  );
});
