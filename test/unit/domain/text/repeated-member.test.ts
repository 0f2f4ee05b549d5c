/** JSON objects that name a member twice. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { repeatedMembers } from "../../../../src/domain/text/repeated-member";

it.each<[string, (string | number)[]]>([
  ['{"a":1,"a":1}', ["a"]],
  ['{"a":1,"\\u0061":2}', ["a"]],
  ['{"":1,"":2}', [""]],
  ['{"a":{"b":[{"c":1},[],{"c":1, "d":2 , "c" : 3}]}}', ["a", "b", 2, "c"]],
  ['{"a":{"x":1},"b":2,"a":3}', ["a"]],
  ['[{"__proto__":1,"__proto__":2}]', [0, "__proto__"]],
  ['{"a\\"b":1,"a\\"b":2}', ['a"b']],
])("The member that %s names twice is found with its path", (json, path) => {
  expect(repeatedMembers(json).next().value).toEqual(path);
});

it.each([
  '{"a":"{\\"b\\":1,\\"b\\":2}"}',
  '[{"a":1},{"a":1}]',
  '{"a":{"a":{"a":"a"}}}',
  '{"a":":","b":"a"}',
  '"a"',
  "1",
])("%s names no member twice", (json) => {
  expect(repeatedMembers(json).next().value).toBeUndefined();
});

it("JSON that JavaScript writes names no member twice, and names one twice when its first member is repeated", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), (value) => {
      const json = JSON.stringify(value);
      expect(repeatedMembers(json).next().value).toBeUndefined();
      const [name = ""] = Object.keys(JSON.parse(json));
      expect(
        repeatedMembers(`${json.slice(0, -1)},${JSON.stringify(name)}:0}`).next().value,
      ).toEqual([name]);
    }),
  );
});
