/** The runtime's own IDNA, on which the one spelling of domains rests: UTS #46, not transitional. */
import { expect, it } from "vitest";
import { canonicalDomain } from "../../../../../src/domain/risk/lists/domain-name";

it.each([
  // UTS #46, section 7: the four characters that IDNA 2003 took for others.
  ["faß.de", "xn--fa-hia.de"],
  ["βόλος.com", "xn--nxasmm1c.com"],
  ["ශ්‍රී.com", "xn--10cl1a0b660p.com"],
  ["نامه‌ای.com", "xn--mgba3gch31f060k.com"],
  ["Bücher.ch", "xn--bcher-kva.ch"],
  ["BU\u0308CHER。ch.", "xn--bcher-kva.ch"],
  ["ｂüｃｈｅｒ．ｃｈ", "xn--bcher-kva.ch"],
  ["XN--BCHER-KVA.CH", "xn--bcher-kva.ch"],
  ["日本語｡ＪＰ", "xn--wgv71a119e.jp"],
  ["☃.net", "xn--n3h.net"],
  ["Shop.Example", "shop.example"],
  ["1.2", "1.2"],
  ["[203.0.113.7]", "[203.0.113.7]"],
])("The domain %s is %s in workerd too", (text, name) => {
  expect(canonicalDomain(text)).toBe(name);
  expect(canonicalDomain(name)).toBe(name);
});

it.each(["", "shop", ".", "a@b.example", "a b.example", ".example"])("%j is no domain", (text) => {
  expect(canonicalDomain(text)).toBeUndefined();
});
