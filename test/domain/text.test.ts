/** Text from outside that is refused: card numbers anywhere, webhook URLs into private networks. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { containsCardNumber, isCardNumber } from "../../src/domain/card-number";
import { webhookUrlFault } from "../../src/domain/webhook-url";

/** Luhn by table: what a doubled digit counts. */
const DOUBLED = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9];
function checkDigit(digits: string): string {
  const sum = [...digits]
    .reverse()
    .map(Number)
    .reduce((total, digit, index) => total + (index % 2 === 0 ? (DOUBLED[digit] ?? 0) : digit), 0);
  return String((10 - (sum % 10)) % 10);
}
const digitsOf = (minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(..."0123456789"), minLength, maxLength });
const withCheckDigit = (digits: string) => digits + checkDigit(digits);

const KNOWN = [
  "4222222222222",
  "30569309025904",
  "378282246310005",
  "371449635398431",
  "4242424242424242",
  "4000056655665556",
  "5555555555554444",
  "2223003122003222",
  "6011111111111117",
  "3566002020360505",
  "6205500000000000004",
  "4000000000000000006",
];
const PRINTED = [
  "4242 4242 4242 4242",
  "4242-4242-4242-4242",
  "3782 822463 10005",
  "3056-930902-5904",
  "6205 5000 0000 0000 004",
  "4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2",
];

describe("a card number in free text", () => {
  it.each([...KNOWN, ...PRINTED])("is found: %s", (number) => {
    expect(containsCardNumber(number)).toBe(true);
    expect(containsCardNumber(`Paid with ${number}, thank you`)).toBe(true);
    expect(containsCardNumber(`card:${number}\nname: A. Person`)).toBe(true);
    expect(containsCardNumber(`<${number}>`)).toBe(true);
  });

  it.each([
    "4242424242424242 123",
    "12/27 4242424242424242",
    "order 7: 4242 4242 4242 4242",
    "1 and 4242424242424242 and 2",
    "x4242424242424242y",
    "4111111111111112 4242424242424242",
    "4242424242424242/12/27",
    "4242 4242 4242 4242, 123",
    "0004242424242424242",
  ])("is found among other words and numbers: %s", (text) => {
    expect(containsCardNumber(text)).toBe(true);
  });

  it.each([
    "4242 4242 4242 4242 12/27",
    "4242 4242 4242 4242 123",
    "4242-4242-4242-4242-123",
    "exp 12 4242 4242 4242 4242",
    "2 x 1 4242 4242 4242 4242",
  ])("is found in groups beside other digits: %s", (text) => {
    expect(containsCardNumber(text)).toBe(true);
  });

  it.each([
    ["nothing", ""],
    ["words", "Two books and a pen"],
    ["12 digits", "424242424242"],
    ["12 digits that pass Luhn", withCheckDigit("42424242424")],
    ["20 digits", "42424242424242424242"],
    ["20 digits that pass Luhn", withCheckDigit("4242424242424242424")],
    ["a card number inside a longer run", "42424242424242420000"],
    ["16 digits that fail Luhn", "4242424242424241"],
    ["printed digits that fail Luhn", "4242 4242 4242 4241"],
    ["letters between", "4242a4242a4242a4242"],
    ["a time in milliseconds", "1700000000000"],
    ["a UUID", "8e03978e-40d5-43dd-bc93-6894a57f9324"],
    ["a telephone number", "+49 30 901820"],
    ["dates", "2026-11-22 2026-11-23"],
  ])("is not seen in %s", (_, text) => {
    expect(containsCardNumber(text)).toBe(false);
  });

  it("is found at every length from 13 to 19, in one run or in groups, and at no other", () => {
    fc.assert(
      fc.property(digitsOf(8, 23), fc.constantFrom("", " ", "-"), (digits, separator) => {
        const number = withCheckDigit(digits);
        const isCard = number.length >= 13 && number.length <= 19;
        // More than 19 digits in groups may well hold a card number in some of the groups.
        const between = number.length > 19 ? "" : separator;
        const text = number.replace(/\d{4}(?=\d)/g, `$&${between}`);
        expect(containsCardNumber(text)).toBe(isCard);
        expect(containsCardNumber(`no. ${text}!`)).toBe(isCard);
      }),
      { numRuns: 1_000 },
    );
  });

  it("is not a card number any more with any one digit changed", () => {
    const changes = fc.tuple(
      digitsOf(12, 18).map(withCheckDigit),
      fc.nat(),
      fc.integer({ min: 1, max: 9 }),
    );
    fc.assert(
      fc.property(changes, ([number, anywhere, by]) => {
        const place = anywhere % number.length;
        const digit = String((Number(number[place]) + by) % 10);
        const changed = number.slice(0, place) + digit + number.slice(place + 1);
        expect(containsCardNumber(number)).toBe(true);
        expect(containsCardNumber(changed)).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });

  it("is looked for in the longest text without delay", () => {
    for (const unit of ["1 ", "1-", "1", "1 - "]) {
      expect(containsCardNumber(unit.repeat(100_000))).toBe(false);
    }
  });
});

describe("an identifier", () => {
  it.each([...KNOWN, ...PRINTED])("that is a card number is known as one: %s", (number) => {
    expect(isCardNumber(number)).toBe(true);
  });

  it.each([
    ["a name with a card number in it", "user-4242424242424242"],
    ["a card number with a suffix", "4242424242424242x"],
    ["digits that fail Luhn", "4242424242424241"],
    ["a customer number that starts with 0", withCheckDigit("000000012345")],
    ["a customer number that starts with 1", withCheckDigit("100000012345")],
    ["a customer number that starts with 7", withCheckDigit("700000012345")],
    ["a customer number that starts with 8", withCheckDigit("800000012345")],
    ["a customer number that starts with 9", withCheckDigit("900000012345")],
    ["12 digits", withCheckDigit("42424242424")],
    ["20 digits", withCheckDigit("4242424242424242424")],
    ["a UUID", "8e03978e-40d5-43dd-bc93-6894a57f9324"],
    ["a name", "user_123"],
    ["nothing", ""],
  ])("is not one: %s", (_, identifier) => {
    expect(isCardNumber(identifier)).toBe(false);
  });

  it("is one exactly when it starts with 2 to 6, has 13 to 19 digits and passes Luhn", () => {
    const numbers = fc.oneof(digitsOf(10, 21), digitsOf(10, 20).map(withCheckDigit));
    fc.assert(
      fc.property(numbers, (digits) => {
        const passes = checkDigit(digits.slice(0, -1)) === digits.at(-1);
        const isCard = /^[2-6]/.test(digits) && digits.length >= 13 && digits.length <= 19;
        expect(isCardNumber(digits)).toBe(isCard && passes);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("a webhook URL", () => {
  const FAULTS = {
    form: "must be an absolute URL",
    scheme: "must start with https://",
    credentials: "must not carry a user name or password",
    port: "must use port 443 or one from 1024",
    host: "must name a public host",
    length: "must have at most 2048 characters",
  };
  const strict = (url: string) => webhookUrlFault(url, false);
  const insecure = (url: string) => webhookUrlFault(url, true);

  it.each([
    "https://shop.example/hook",
    "https://shop.example",
    "HTTPS://SHOP.EXAMPLE/Hook?order=1#part",
    "https://shop.example./hook",
    "https://a.b.c.shop.example/",
    "https://shop.example:443/",
    "https://shop.example:8443/",
    "https://shop.example:1024/",
    "https://shop.example:65535/",
    "https://bücher.example/",
    "https://xn--bcher-kva.example/",
    "https://1.1.1.1/",
    "https://172.15.255.255/",
    "https://172.32.0.0/",
    "https://100.63.255.255/",
    "https://100.128.0.0/",
    "https://[2606:4700:4700::1111]/",
    "https://[::ffff:1.1.1.1]/",
    "https://local.example/",
    "https://localhost.example/",
    "https://mylocalhost.example/",
    "https://notlocal.notinternal/",
    "https://internal.shop.example/",
  ])("may be %s", (url) => {
    expect(strict(url)).toBeUndefined();
    expect(insecure(url)).toBeUndefined();
  });

  it.each(["", "shop.example/hook", "//shop.example", "/hook", "https://", "https://a b.example"])(
    "is absolute, unlike %j",
    (url) => {
      expect(strict(url)).toBe(FAULTS.form);
      expect(insecure(url)).toBe(FAULTS.form);
    },
  );

  it.each([
    "ftp://shop.example/",
    "ws://shop.example/",
    "wss://shop.example/",
    "file:///etc/passwd",
    "data:text/plain,hello",
    "javascript:alert(1)",
    "mailto:a@shop.example",
  ])("has no other scheme, even where plain HTTP is allowed: %s", (url) => {
    expect(strict(url)).toBe(FAULTS.scheme);
    expect(insecure(url)).toBe(FAULTS.scheme);
  });

  it.each(["http://shop.example/hook", "http://localhost:8787/hook", "HTTP://127.0.0.1/"])(
    "is plain HTTP only where that is allowed: %s",
    (url) => {
      expect(strict(url)).toBe(FAULTS.scheme);
      expect(insecure(url)).toBeUndefined();
    },
  );

  it.each([
    "https://user@shop.example/",
    "https://user:secret@shop.example/",
    "https://:secret@shop.example/",
    "https://shop.example%40@10.0.0.1/",
    "https://shop.example:443@10.0.0.1/",
  ])("carries no credentials, anywhere: %s", (url) => {
    expect(strict(url)).toBe(FAULTS.credentials);
    expect(insecure(url)).toBe(FAULTS.credentials);
  });

  it.each([0, 1, 21, 22, 25, 110, 445, 1_023])("does not use port %i", (port) => {
    expect(strict(`https://shop.example:${port}/`)).toBe(FAULTS.port);
    expect(insecure(`https://shop.example:${port}/`)).toBeUndefined();
  });

  it.each([65_536, 99_999, -1])("has a port that exists, unlike %i", (port) => {
    expect(strict(`https://shop.example:${port}/`)).toBe(FAULTS.form);
    expect(insecure(`https://shop.example:${port}/`)).toBe(FAULTS.form);
  });

  it("has at most 2048 characters", () => {
    const url = (length: number) => "https://shop.example/".padEnd(length, "a");
    expect(strict(url(2_048))).toBeUndefined();
    expect(strict(url(2_049))).toBe(FAULTS.length);
    expect(insecure(url(2_049))).toBe(FAULTS.length);
  });

  it.each([
    ...["127.0.0.1", "127.1", "127.0.1", "0x7f000001", "0x7f.1", "2130706433", "017700000001"],
    ...[
      "0177.0.0.1",
      "127.0.0.1.",
      "127.255.255.254",
      "１２７.０.０.１",
      "127。0。0。1",
      "①②⑦.⓪.⓪.①",
    ],
    ...["0.0.0.0", "0", "0.1.2.3", "255.255.255.255", "224.0.0.1", "239.255.255.255", "240.0.0.1"],
    ...[
      "10.0.0.0",
      "10.255.255.255",
      "172.16.0.0",
      "172.31.255.255",
      "192.168.0.1",
      "192.168.255.255",
    ],
    ...["169.254.169.254", "169.254.0.0", "0xa9fea9fe", "100.64.0.0", "100.127.255.255"],
    ...["100.100.100.200", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1"],
  ])("does not lead to the IPv4 address %s", (host) => {
    expect(strict(`https://${host}/hook`)).toBe(FAULTS.host);
    expect(insecure(`https://${host}/hook`)).toBeUndefined();
  });

  it.each([
    ...["::1", "0:0:0:0:0:0:0:1", "::", "fe80::1", "febf::1", "fec0::1", "fc00::1", "fdff::1"],
    ...["fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:a00:1"],
    ...["::ffff:169.254.169.254", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::10.0.0.1"],
    ...["64:ff9b:1::7f00:1", "2002:7f00:1::", "2002:a00:1::1", "2001::1", "2001:db8::1", "100::1"],
  ])("does not lead to the IPv6 address %s", (host) => {
    expect(strict(`https://[${host}]/hook`)).toBe(FAULTS.host);
    expect(strict(`https://[${host}]:8443/hook`)).toBe(FAULTS.host);
  });

  it.each(["::7f00:1", "::127.0.0.1", "::a00:1", "::169.254.169.254", "fe00::1", "4000::1"])(
    "does not lead outside the IPv6 addresses that are in use, to %s",
    (host) => {
      expect(strict(`https://[${host}]/hook`)).toBe(FAULTS.host);
    },
  );

  it.each([
    ...["localhost", "localhost.", "LOCALHOST", "ⓛocalhost", "loc%61lhost", "foo.localhost"],
    ...["x.local", "x.local.", "a.b.local", "x.internal", "metadata.google.internal", "x.intranet"],
    ...["x.lan", "x.home.arpa", "home.arpa", "x.onion", "intranet", "single", "single.", "com"],
  ])("does not lead to the private name %s", (host) => {
    expect(strict(`https://${host}/hook`)).toBe(FAULTS.host);
    expect(insecure(`https://${host}/hook`)).toBeUndefined();
  });

  it.each(["localhost..", "127.0.0.1..", "x.internal..", "a..example", ".shop.example"])(
    "does not lead to a name with an empty label: %s",
    (host) => {
      expect(strict(`https://${host}/hook`)).toBe(FAULTS.host);
    },
  );

  it.each([" https://shop.example/", "https://shop\t.example/", "https:shop.example"])(
    "is written as it will be called, unlike %j",
    (url) => {
      expect(strict(url)).toBe(FAULTS.form);
    },
  );

  /** IANA's special-purpose IPv4 blocks and multicast, and what only anycast services use. */
  const BLOCKS: [string, number][] = [
    ["0.0.0.0", 8],
    ["10.0.0.0", 8],
    ["100.64.0.0", 10],
    ["127.0.0.0", 8],
    ["169.254.0.0", 16],
    ["172.16.0.0", 12],
    ["192.0.0.0", 24],
    ["192.0.2.0", 24],
    ["192.31.196.0", 24],
    ["192.52.193.0", 24],
    ["192.88.99.0", 24],
    ["192.168.0.0", 16],
    ["192.175.48.0", 24],
    ["198.18.0.0", 15],
    ["198.51.100.0", 24],
    ["203.0.113.0", 24],
    ["224.0.0.0", 3],
  ];
  const numberOf = (dotted: string) =>
    dotted.split(".").reduce((number, octet) => number * 256 + Number(octet), 0);
  const rangeOf = ([dotted, bits]: [string, number]): [number, number] => {
    const first = numberOf(dotted);
    return [first, first + 2 ** (32 - bits) - 1];
  };
  const ranges = BLOCKS.map(rangeOf);
  const edges = ranges.flatMap(([first, last]) => [first - 1, first, last, last + 1]);
  const addresses = fc.oneof(
    fc.constantFrom(...edges.filter((edge) => edge >= 0 && edge < 2 ** 32)),
    fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    fc.constantFrom(...ranges).chain(([first, last]) => fc.integer({ min: first, max: last })),
  );

  it("is judged by the IPv4 address it stands for, in every way of writing that", () => {
    fc.assert(
      fc.property(addresses, (address) => {
        const octets = [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256);
        const [a = 0, b = 0, c = 0, d = 0] = octets;
        const hex = address.toString(16).padStart(8, "0");
        const mapped = `[::ffff:${hex.slice(0, 4)}:${hex.slice(4)}]`;
        const spellings = [
          octets.join("."),
          `${octets.join(".")}.`,
          String(address),
          `0x${hex}`,
          `0${address.toString(8)}`,
          octets.map((octet) => `0x${octet.toString(16)}`).join("."),
          octets.map((octet) => `0${octet.toString(8)}`).join("."),
          `${a}.${b}.${c * 256 + d}`,
          `${a}.${(b * 256 + c) * 256 + d}`,
          mapped,
        ];
        const isSpecial = ranges.some(([first, last]) => address >= first && address <= last);
        const expected = isSpecial ? FAULTS.host : undefined;
        for (const host of spellings)
          expect([host, strict(`https://${host}/`)]).toEqual([host, expected]);
      }),
      { numRuns: 1_000 },
    );
  });

  it("never makes the check throw, and what passes is an https URL to a dotted host", () => {
    const hosts = fc.oneof(
      fc.domain(),
      fc.ipV4(),
      fc.ipV6().map((ip) => `[${ip}]`),
      fc.string(),
    );
    fc.assert(
      fc.property(hosts, fc.string(), (host, rest) => {
        const url = `https://${host}/${rest}`;
        if (strict(url) !== undefined) return;
        const { protocol, hostname, username } = new URL(url);
        expect([protocol, username]).toEqual(["https:", ""]);
        expect(hostname).toMatch(/[.:]/);
      }),
      { numRuns: 1_000 },
    );
  });
});
