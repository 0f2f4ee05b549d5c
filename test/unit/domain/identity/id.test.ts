/** Names and sameness: derived ids and their shards, idempotency keys, equal requests, API keys. */
import { createHash, randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  API_KEY_RANDOM_BYTES,
  formatApiKey,
  hashApiKey,
  isApiKey,
} from "../../../../src/domain/identity/api-key";
import { base32, base32Number } from "../../../../src/domain/identity/base32";
import {
  deriveTransactionId,
  eventId,
  formatRandomId,
  isTransactionId,
  transactionObjectName,
  velocityObjectName,
} from "../../../../src/domain/identity/id";
import {
  differingFields,
  parseIdempotencyKey,
} from "../../../../src/domain/transaction/idempotency";
import { requestOf } from "../../../support/examples";

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
const FIRST_BITS_CHARACTERS = 26;

/** Base32 by way of one big number: the bytes, cut or filled up to whole characters. */
function base32Of(bytes: Uint8Array, characters: number): string {
  const number = BigInt(`0x0${Buffer.from(bytes).toString("hex")}`);
  const excess = BigInt(bytes.length * 8 - characters * 5);
  const bits = excess >= 0n ? number >> excess : number << -excess;
  return Array.from({ length: characters }, (_, index) => {
    const shift = BigInt((characters - 1 - index) * 5);
    return ALPHABET[Number((bits >> shift) & 31n)];
  }).join("");
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text, "utf8").digest();
}

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

describe("base32", () => {
  it.each([
    ["", ""],
    ["f", "my"],
    ["fo", "mzxq"],
    ["foo", "mzxw6"],
    ["foob", "mzxw6yq"],
    ["fooba", "mzxw6ytb"],
    ["foobar", "mzxw6ytboi"],
  ])("writes %j as RFC 4648 does, in lower case and without padding: %j", (text, encoded) => {
    expect(base32(new TextEncoder().encode(text), encoded.length)).toBe(encoded);
  });

  it("takes the first bits of any bytes, and fills up with zeros past their end", () => {
    const characters = fc.integer({ min: 0, max: 70 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), characters, (bytes, length) => {
        expect(base32(bytes, length)).toBe(base32Of(bytes, length));
      }),
    );
  });

  it("turns characters back into the number they stand for", () => {
    fc.assert(
      fc.property(bytesOf(4), (bytes) => {
        const bits = Buffer.from(bytes).readUInt32BE() >>> 2;
        expect(base32Number(base32(bytes, 6), 6)).toBe(bits);
      }),
    );
    expect(base32Number("b7zzzz", 2)).toBe(32 + 31);
  });
});

describe("a transaction's id", () => {
  it.each([
    ["mer_1", "order-1001", "txn_5durirdkmb655bedya7ocloinv"],
    ["mer_1", "order-1002", "txn_etb4srla2mfixxjihkqu5uonms"],
    ["mer_2", "order-1001", "txn_43ggpweld26gi2uarhwwvz473v"],
    ["", "", "txn_ioiih44jk25fd3hjayyvkldoui"],
    ['a"b', "c\\d", "txn_cqjzmhrmdkvbbr627zetpqgonw"],
  ])("of merchant %j and key %j is the same for all time", (merchantId, key, id) => {
    expect(deriveTransactionId(merchantId, key)).toBe(id);
  });

  it("is the first 130 bits of SHA-256 over merchant and key", () => {
    const keys = fc.string({ unit: "grapheme", maxLength: 40 });
    fc.assert(
      fc.property(keys, keys, (merchantId, key) => {
        const hash = sha256(JSON.stringify([merchantId, key]));
        const id = `txn_${base32Of(hash, FIRST_BITS_CHARACTERS)}`;
        expect(deriveTransactionId(merchantId, key)).toBe(id);
        expect(isTransactionId(id)).toBe(true);
      }),
    );
  });

  const alike: [string, string, string, string][] = [
    ["a", "bc", "ab", "c"],
    ["a", "", "", "a"],
    ["a,b", "c", "a", "b,c"],
    ['a","b', "c", "a", 'b","c'],
    ["a\0", "b", "a", "\0b"],
    ["a", "A", "A", "a"],
  ];
  it.each(alike)("keeps %j with %j and %j with %j apart", (merchantA, keyA, merchantB, keyB) => {
    expect(deriveTransactionId(merchantA, keyA)).not.toBe(deriveTransactionId(merchantB, keyB));
  });

  it.each([
    ["txn_abcdefghijklmnopqrstuvwxyz", true],
    ["txn_22222222222222222222222222", true],
    ["txn_abcdefghijklmnopqrstuvwxy", false],
    ["txn_abcdefghijklmnopqrstuvwxyza", false],
    ["txn_abcdefghijklmnopqrstuvwxy1", false],
    ["txn_abcdefghijklmnopqrstuvwxy8", false],
    ["txn_Abcdefghijklmnopqrstuvwxyz", false],
    ["evt_abcdefghijklmnopqrstuvwxyz", false],
    ["abcdefghijklmnopqrstuvwxyz", false],
    [" txn_abcdefghijklmnopqrstuvwxyz", false],
    ["txn_abcdefghijklmnopqrstuvwxyz\n", false],
    ["", false],
  ])("has one form: %j is %j", (text, isOne) => {
    expect(isTransactionId(text)).toBe(isOne);
  });
});

describe("the other names", () => {
  const id = deriveTransactionId("mer_1", "order-1001");

  it("gives an event its transaction's name and place, without a full stop", () => {
    expect(eventId(id, 1)).toBe(`evt_${id.slice(4)}_1`);
    expect(eventId(id, 12)).toMatch(/^evt_[a-z2-7]{26}_12$/);
  });

  it("draws an id of a prefix and 130 random bits", () => {
    fc.assert(
      fc.property(bytesOf(17), (random) => {
        expect(formatRandomId("mer", random)).toBe(
          `mer_${base32Of(random, FIRST_BITS_CHARACTERS)}`,
        );
      }),
    );
    expect(formatRandomId("mer", randomBytes(17))).not.toBe(formatRandomId("mer", randomBytes(17)));
  });

  it("gives every transaction an object of its own when there are no shards", () => {
    expect(transactionObjectName(id, 0)).toBe(id);
  });

  it("pins which shard owns an id: a change would hide transactions from their clients", () => {
    expect([1, 2, 3, 16, 4_096].map((shards) => transactionObjectName(id, shards))).toEqual([
      "shard-0",
      "shard-1",
      "shard-1",
      "shard-1",
      "shard-1297",
    ]);
    expect([1, 4, 7].map((shards) => velocityObjectName("mer_1", "user_1", shards))).toEqual([
      "velocity-0",
      "velocity-0",
      "velocity-2",
    ]);
  });

  /** Pearson's statistic of how evenly names fall on shards, and which shards were named. */
  function spread(names: string[], shards: number): { chiSquare: number; named: Set<string> } {
    const counts = new Map<string, number>();
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
    const even = names.length / shards;
    const chiSquare = [...counts.values()].reduce((sum, n) => sum + (n - even) ** 2 / even, 0);
    return { chiSquare, named: new Set(counts.keys()) };
  }
  const shardNames = (prefix: string, shards: number) =>
    new Set(Array.from({ length: shards }, (_, index) => `${prefix}-${index}`));
  const numbers = Array.from({ length: 16_000 }, (_, index) => index);

  // 37.7 is exceeded by one even spread over 16 shards in a thousand; the inputs are fixed.
  it("spreads transactions evenly over their shards", () => {
    const ids = numbers.map((number) => deriveTransactionId("mer_1", `order-${number}`));
    const { chiSquare, named } = spread(
      ids.map((each) => transactionObjectName(each, 16)),
      16,
    );
    expect(named).toEqual(shardNames("shard", 16));
    expect(chiSquare).toBeLessThan(37.7);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("spreads customers evenly over the velocity objects, each always to the same one", () => {
    const names = numbers.map((number) => velocityObjectName("mer_1", `user_${number}`, 16));
    const { chiSquare, named } = spread(names, 16);
    expect(named).toEqual(shardNames("velocity", 16));
    expect(chiSquare).toBeLessThan(37.7);
    expect(velocityObjectName("mer_1", "user_7", 16)).toBe(names[7]);
  });

  it("tells two merchants' customers of the same name apart", () => {
    const names = ["mer_1", "mer_2", "mer_3"].map((mer) =>
      velocityObjectName(mer, "user_1", 4_096),
    );
    expect(new Set(names).size).toBe(3);
    expect(velocityObjectName("a", "bc", 4_096)).not.toBe(velocityObjectName("ab", "c", 4_096));
  });
});

describe("an idempotency key", () => {
  const keyIn = (field: string): string | undefined => {
    const parsed = parseIdempotencyKey(field);
    return parsed.ok ? parsed.key : undefined;
  };

  it.each([
    ["order-1001", "order-1001"],
    ["a", "a"],
    ["!", "!"],
    ["~", "~"],
    ["...", "..."],
    ["a".repeat(255), "a".repeat(255)],
    [`"${"a".repeat(255)}"`, "a".repeat(255)],
    ['"order-1001"', "order-1001"],
    ['"a\\"b"', 'a"b'],
    ['"a\\\\b"', "a\\b"],
    ['"\\\\\\""', '\\"'],
    ['"\\"a\\""', '"a"'],
    ["a\\b", "a\\b"],
    ['a"b', 'a"b'],
    ['a"', 'a"'],
    ['"abc";x=1', "abc"],
    ['"abc"; x; y=?0;z="a;b"', "abc"],
    ['"abc";x=:aGk=:;y=@1659578233;z=1.5;t=token', "abc"],
    ['"a;b=1"', "a;b=1"],
    ['"abc";d=%"f%c3%bc";n=-5;m=?1;*k=*t/x:y', "abc"],
    ["abc;x=1", "abc;x=1"],
    ["8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"],
  ])("%j is read as %j", (header, key) => {
    expect(keyIn(header)).toBe(key);
  });

  it.each([
    "",
    '""',
    " ",
    ".",
    "..",
    '".."',
    "a b",
    '"a b"',
    " a",
    "a ",
    "a\tb",
    "a\nb",
    "a\n",
    "a\0",
    "a\x7f",
    "ä",
    '"ä"',
    "ключ",
    "🔑",
    "ａ",
    "a\u00a0",
    "a".repeat(256),
    `"${"a".repeat(256)}"`,
    `"${"\\\\".repeat(256)}"`,
    '"abc',
    '"abc"x',
    '"abc" ;x=1',
    '"abc";',
    '"abc";X=1',
    '"abc";x=',
    '"abc", "def"',
    '"a\\bc"',
    "4242424242424242",
  ])("%j is not one", (header) => {
    expect(keyIn(header)).toBeUndefined();
  });

  const keys = fc
    .string({
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
      minLength: 1,
      maxLength: 255,
    })
    .filter((key) => key !== "." && key !== "..");

  it("is the same key bare and quoted", () => {
    fc.assert(
      fc.property(keys, (key) => {
        const quoted = `"${key.replace(/["\\]/g, "\\$&")}"`;
        expect(keyIn(quoted)).toBe(key);
        expect(keyIn(`${quoted};x=1;y="a;b"`)).toBe(key);
        if (!key.startsWith('"')) expect(keyIn(key)).toBe(key);
      }),
    );
  });

  it("is never anything but 1 to 255 visible ASCII characters", () => {
    const anyText = fc.array(fc.oneof(fc.nat(0xff), fc.nat(0xffff)));
    fc.assert(
      fc.property(anyText, fc.constantFrom("", '"'), (codes, quote) => {
        const key = keyIn(quote + String.fromCharCode(...codes) + quote);
        if (key !== undefined) expect(key).toMatch(/^[!-~]{1,255}$/);
      }),
      { numRuns: 1_000 },
    );
  });

  it("gives a long hostile header its answer at once", () => {
    const hostile = [
      `"a"${";a=1".repeat(50_000)};`,
      `"${"\\".repeat(100_000)}`,
      `"${'\\"'.repeat(50_000)}`,
      '"'.repeat(100_000),
    ];
    for (const header of hostile) expect(keyIn(header)).toBeUndefined();
  });
});

describe("two create requests", () => {
  const first = requestOf();

  it.each([
    ["user_id", { user_id: "user_2" }],
    ["amount", { amount_minor: 10_051 }],
    ["currency", { currency: "EUR" }],
    ["description", { description: "Boots" }],
    ["description", { description: null }],
    ["description", { description: "" }],
    ["metadata", { metadata: {} }],
    ["metadata", { metadata: { order: "1001" } }],
    ["metadata", { metadata: { order: "1001", shelf: "c" } }],
    ["metadata", { metadata: { order: "1001", Shelf: "b" } }],
    ["metadata", { metadata: { order: "b", shelf: "1001" } }],
    ["metadata", { metadata: { order: "1001", shelf: "b", more: "" } }],
    ["webhook_url", { webhook_url: "https://shop.example/hook/" }],
    ["webhook_url", { webhook_url: null }],
  ])("differ in %s when one has %j", (field, change) => {
    expect(differingFields(first, requestOf(change))).toEqual([field]);
    expect(differingFields(requestOf(change), first)).toEqual([field]);
  });

  it("differ in every field at once, named as the client sent them", () => {
    const other = {
      user_id: "user_2",
      amount_minor: 1,
      currency: "JPY",
      description: null,
      metadata: {},
      webhook_url: null,
    };
    const fields = ["user_id", "amount", "currency", "description", "metadata", "webhook_url"];
    expect(differingFields(first, other)).toEqual(fields);
  });

  it("are the same with nothing in the optional fields", () => {
    const bare = { description: null, metadata: {}, webhook_url: null };
    expect(differingFields(requestOf(bare), requestOf(bare))).toEqual([]);
  });

  it("tell no description from an empty one, and null from the text null", () => {
    const descriptions = [null, "", "null"];
    for (const one of descriptions) {
      for (const other of descriptions) {
        const fields = differingFields(
          requestOf({ description: one }),
          requestOf({ description: other }),
        );
        expect(fields).toEqual(one === other ? [] : ["description"]);
      }
    }
  });

  it("are the same in whatever order their metadata comes, and differ for any other", () => {
    const pairs = fc.uniqueArray(fc.tuple(fc.string(), fc.string()), {
      selector: ([key]) => key,
      maxLength: 8,
    });
    const metadataOf = (entries: [string, string][]) => Object.fromEntries(entries);
    const shuffled = pairs.chain((entries) =>
      fc.tuple(
        fc.constant(entries),
        fc.shuffledSubarray(entries, { minLength: entries.length, maxLength: entries.length }),
      ),
    );
    fc.assert(
      fc.property(shuffled, ([entries, reordered]) => {
        const one = requestOf({ metadata: metadataOf(entries) });
        const other = requestOf({ metadata: metadataOf(reordered) });
        expect(differingFields(one, other)).toEqual([]);
        const [[key = "", value = ""] = [], ...rest] = reordered;
        if (reordered.length === 0) return;
        const changed = requestOf({ metadata: metadataOf([...rest, [key, `${value}!`]]) });
        expect(differingFields(one, changed)).toEqual(["metadata"]);
        expect(differingFields(one, requestOf({ metadata: metadataOf(rest) }))).toEqual([
          "metadata",
        ]);
      }),
    );
  });
});

describe("an API key", () => {
  const key = formatApiKey(new Uint8Array(API_KEY_RANDOM_BYTES).map((_, index) => index * 7));

  it("is sk_, 52 characters of secret and 6 of checksum", () => {
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

  it("carries all 256 bits: one bit changed makes another secret", () => {
    const random = new Uint8Array(32);
    const keys = new Set([formatApiKey(random)]);
    for (let bit = 0; bit < 256; bit++) {
      const changed = new Uint8Array(random);
      changed[bit >> 3] = 1 << (bit & 7);
      keys.add(formatApiKey(changed).slice(0, -6));
    }
    expect(keys.size).toBe(257);
  });

  it("is no key any more with any one character changed", () => {
    for (let place = 0; place < key.length; place++) {
      for (const character of `${ALPHABET}A018_ `) {
        if (character === key[place]) continue;
        expect(isApiKey(key.slice(0, place) + character + key.slice(place + 1))).toBe(false);
      }
    }
  });

  it("is no key any more with two neighbours swapped", () => {
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
  ])("is not %s", (_, text) => {
    expect(isApiKey(text)).toBe(false);
  });

  it("is stored as its SHA-256 in hex", () => {
    fc.assert(
      fc.property(fc.oneof(fc.constant(key), fc.string({ unit: "grapheme" })), (text) => {
        expect(hashApiKey(text)).toBe(sha256(text).toString("hex"));
      }),
    );
  });
});
