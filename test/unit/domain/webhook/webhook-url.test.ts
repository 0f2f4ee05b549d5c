/** Webhook URLs: which are refused because they could lead into a private network or do not say plainly where
 *  they lead, and the form in which the others are kept. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isCallable, parseWebhookUrl } from "../../../../src/domain/webhook/webhook-url";

describe("a webhook URL", () => {
  const FAULTS = {
    form: "must be an absolute URL",
    scheme: "must start with https://",
    credentials: "must not contain a user name or password",
    port: "must use port 443 or one from 1024",
    host: "must name a public host",
    length: "must have at most 2048 characters",
    backslash: "must not contain a backslash",
    ipv4: "must write an IPv4 address as four decimal numbers",
    dot: "must not have a dot at the end of its host",
  };
  const strict = (url: string) => parseWebhookUrl(url, false).fault;
  const insecure = (url: string) => parseWebhookUrl(url, true).fault;

  it.each([
    "https://shop.example.com/hook",
    "https://shop.example.com",
    "HTTPS://SHOP.EXAMPLE.COM/Hook?order=1#part",
    "https://a.b.c.shop.example.com/",
    "https://shop.example.com:443/",
    "https://shop.example.com:8443/",
    "https://shop.example.com:1024/",
    "https://shop.example.com:65535/",
    "https://bücher.example.com/",
    "https://xn--bcher-kva.example.com/",
    "https://1.1.1.1/",
    "https://172.15.255.255/",
    "https://172.32.0.0/",
    "https://100.63.255.255/",
    "https://100.128.0.0/",
    "https://[2606:4700:4700::1111]/",
    "https://local.example.com/",
    "https://localhost.example.com/",
    "https://mylocalhost.example.com/",
    "https://notlocal.notinternal/",
    "https://internal.shop.example.com/",
  ])("A webhook URL may be %s", (url) => {
    expect(strict(url)).toBeUndefined();
    expect(insecure(url)).toBeUndefined();
  });

  it.each([
    "",
    "shop.example.com/hook",
    "//shop.example.com",
    "/hook",
    "https://",
    "https://a b.example.com",
  ])("A webhook URL is absolute, unlike %j", (url) => {
    expect(strict(url)).toBe(FAULTS.form);
    expect(insecure(url)).toBe(FAULTS.form);
  });

  it.each([
    "ftp://shop.example.com/",
    "ws://shop.example.com/",
    "wss://shop.example.com/",
    "file:///etc/passwd",
    "data:text/plain,hello",
    "javascript:alert(1)",
    "mailto:a@shop.example.com",
  ])("A webhook URL has no other scheme, even where plain HTTP is allowed: %s", (url) => {
    expect(strict(url)).toBe(FAULTS.scheme);
    expect(insecure(url)).toBe(FAULTS.scheme);
  });

  it.each(["http://shop.example.com/hook", "http://localhost:8787/hook", "HTTP://127.0.0.1/"])(
    "A webhook URL is plain HTTP only where that is allowed: %s",
    (url) => {
      expect(strict(url)).toBe(FAULTS.scheme);
      expect(insecure(url)).toBeUndefined();
    },
  );

  it.each([
    "https://user@shop.example.com/",
    "https://user:secret@shop.example.com/",
    "https://:secret@shop.example.com/",
    "https://shop.example.com%40@10.0.0.1/",
    "https://shop.example.com:443@10.0.0.1/",
  ])("A webhook URL carries no credentials, anywhere: %s", (url) => {
    expect(strict(url)).toBe(FAULTS.credentials);
    expect(insecure(url)).toBe(FAULTS.credentials);
  });

  it.each([0, 1, 21, 22, 25, 110, 445, 1_023])("A webhook URL does not use port %i", (port) => {
    expect(strict(`https://shop.example.com:${port}/`)).toBe(FAULTS.port);
    expect(insecure(`https://shop.example.com:${port}/`)).toBeUndefined();
  });

  it.each([65_536, 99_999, -1])("A webhook URL has a port that exists, unlike %i", (port) => {
    expect(strict(`https://shop.example.com:${port}/`)).toBe(FAULTS.form);
    expect(insecure(`https://shop.example.com:${port}/`)).toBe(FAULTS.form);
  });

  it("A webhook URL has at most 2048 characters", () => {
    const url = (length: number) => "https://shop.example.com/".padEnd(length, "a");
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
  ])("A webhook URL does not lead to the IPv4 address %s", (host) => {
    expect(strict(`https://${host}/hook`)).toBe(FAULTS.host);
    expect(insecure(`https://${host}/hook`)).toBeUndefined();
  });

  it.each([
    ...["::1", "0:0:0:0:0:0:0:1", "::", "fe80::1", "febf::1", "fec0::1", "fc00::1", "fdff::1"],
    ...["fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:a00:1"],
    ...["::ffff:169.254.169.254", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::10.0.0.1"],
    ...["64:ff9b:1::7f00:1", "2002:7f00:1::", "2002:a00:1::1", "2001::1", "2001:db8::1", "100::1"],
  ])("A webhook URL does not lead to the IPv6 address %s", (host) => {
    expect(strict(`https://[${host}]/hook`)).toBe(FAULTS.host);
    expect(strict(`https://[${host}]:8443/hook`)).toBe(FAULTS.host);
  });

  it.each(["::7f00:1", "::127.0.0.1", "::a00:1", "::169.254.169.254", "fe00::1", "4000::1"])(
    "A webhook URL does not lead outside the IPv6 addresses that are in use, to %s",
    (host) => {
      expect(strict(`https://[${host}]/hook`)).toBe(FAULTS.host);
    },
  );

  it.each([
    ...["localhost", "localhost.", "LOCALHOST", "ⓛocalhost", "loc%61lhost", "foo.localhost"],
    ...["x.local", "x.local.", "a.b.local", "x.internal", "metadata.google.internal", "x.intranet"],
    ...["x.lan", "x.home.arpa", "home.arpa", "x.onion", "intranet", "single", "single.", "com"],
    ...["x.test", "x.invalid", "x.example", "x.localdomain", "x.svc", "a.b.svc", "x.cluster.local"],
    ...["x.corp", "x.home", "x.private", "x.mail", "x.alt", "x.consul", "1.0.0.127.in-addr.arpa"],
    ...["X.TEST", "x.test.", "x。ｔｅｓｔ", "x.%74est", "x.te\u00adst", "127.0.0.1.x.test"],
  ])("A webhook URL does not lead to the private name %s", (host) => {
    expect(strict(`https://${host}/hook`)).toBe(FAULTS.host);
    expect(insecure(`https://${host}/hook`)).toBeUndefined();
  });

  it.each(["localhost..", "127.0.0.1..", "x.internal..", "a..example.com", ".shop.example.com"])(
    "A webhook URL does not lead to a name with an empty label: %s",
    (host) => {
      expect(strict(`https://${host}/hook`)).toBe(FAULTS.host);
    },
  );

  it.each([" https://shop.example.com/", "https://shop\t.example.com/", "https:shop.example.com"])(
    "A webhook URL is written as it will be called, unlike %j",
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

  it("A webhook URL is judged by the IPv4 address that it stands for, however the address is written", () => {
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
        const [plain = "", ...odd] = spellings;
        expect(strict(`https://${plain}/`)).toBe(isSpecial ? FAULTS.host : undefined);
        for (const host of odd) {
          const isRead = host === mapped || isSpecial;
          const expected = isRead ? FAULTS.host : FAULTS.ipv4;
          expect([host, strict(`https://${host}/`)]).toEqual([host, expected]);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it("The check of a webhook URL never throws, and an accepted URL is https with a dotted host", () => {
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

  it.each(["https://@shop.example.com/", "https://:@shop.example.com/", "https://:@:443@a.com/"])(
    "A webhook URL carries no empty credentials either: %s",
    (url) => {
      expect(strict(url)).toBe(FAULTS.credentials);
      expect(insecure(url)).toBe(FAULTS.credentials);
    },
  );

  it.each([
    "https://shop.example.com\\hook",
    "https://shop.example.com\\@10.0.0.1/",
    "https://shop.example.com/a\\b",
    "https://shop.example.com/?a=\\",
  ])("A webhook URL has no backslash, which some readers take for a slash: %s", (url) => {
    expect(strict(url)).toBe(FAULTS.backslash);
    expect(insecure(url)).toBe(FAULTS.backslash);
  });

  it.each(["https:///shop.example.com/", "https:////shop.example.com/", "https://?", "https://#a"])(
    "A webhook URL names its host right behind two slashes, unlike %s",
    (url) => {
      expect(strict(url)).toBe(FAULTS.form);
    },
  );

  it.each([
    `${"a".repeat(64)}.example.com`,
    `x.${"a".repeat(64)}`,
    `${"a.".repeat(122)}example.com`,
    "-a.example.com",
    "a-.example.com",
    "a$b.example.com",
    "a*.example.com",
  ])("A webhook URL names a host that a name server could have, unlike %s", (host) => {
    expect(strict(`https://${host}/`)).toBe(FAULTS.host);
  });

  it.each([`${"a".repeat(63)}.example.com`, `${"a.".repeat(121)}example.com`, "a_b.example.com"])(
    "A webhook URL may name the host %s",
    (host) => {
      expect(strict(`https://${host}/`)).toBeUndefined();
    },
  );

  it("A webhook URL has no dot at the end of its host", () => {
    expect(strict("https://shop.example.com./hook")).toBe(FAULTS.dot);
    expect(strict("https://shop.example.com。/hook")).toBe(FAULTS.dot);
  });

  it.each(["[::ffff:1.1.1.1]", "[::1.1.1.1]", "[64:ff9b::1.1.1.1]", "[2002:101:101::1]"])(
    "A webhook URL does not hide an IPv4 address in an IPv6 one: %s",
    (host) => {
      expect(strict(`https://${host}/`)).toBe(FAULTS.host);
    },
  );

  it.each([
    ["HTTPS://SHOP.Example.COM", "https://shop.example.com/"],
    ["https://bücher.example.com:443/a/../b", "https://xn--bcher-kva.example.com/b"],
    ["https://ｓｈｏｐ。example.com/ü ".trim(), "https://shop.example.com/%C3%BC"],
    ["https://shop.example.com/?q=\u202e#ü", "https://shop.example.com/?q=%E2%80%AE#%C3%BC"],
  ])("%s is kept as %s", (text, href) => {
    expect(parseWebhookUrl(text, false)).toEqual({ href });
  });

  it("A stored webhook URL is not longer than the limit", () => {
    const url = `https://shop.example.com/${"ü".repeat(1_000)}`;
    expect(strict(url)).toBe("must have at most 2048 characters once it is percent-encoded");
  });

  it("A stored webhook URL is accepted again, and stays as it is", () => {
    const parts = fc.tuple(fc.domain(), fc.webPath(), fc.string());
    fc.assert(
      fc.property(parts, ([host, path, rest]) => {
        const { href, fault } = parseWebhookUrl(`https://${host}${path}#${rest}`, false);
        if (fault !== undefined || href === undefined) return;
        expect(href).toMatch(/^[!-~]+$/);
        expect(parseWebhookUrl(href, false)).toEqual({ href });
        expect(isCallable(href, false)).toBe(true);
      }),
    );
  });

  it.each([
    "https://@shop.example.com/",
    "https://shop.example.com./hook",
    "https://shop.example.com\\hook",
    "https://0x01010101/",
  ])("A webhook URL that an earlier release stored as %s is still called", (url) => {
    expect(isCallable(url, false)).toBe(true);
  });

  it.each(["https://x.test/", "https://10.0.0.1/", "http://shop.example.com/", "no URL"])(
    "A webhook URL that an earlier release stored as %s is not called",
    (url) => {
      expect(isCallable(url, false)).toBe(false);
    },
  );
});
