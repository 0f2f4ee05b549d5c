/** Rule sets that are refused, and the place that the response names. */
import { describe, expect, it } from "vitest";
import { MAX_CONDITIONS, MAX_RULES } from "../../../../src/domain/risk/limits";
import { newClient, type ProblemBody } from "../../../support/api";
import { ask, checkWholeFile, expectRefusal, jsonOf } from "../../../support/contract";
import {
  CARD,
  current,
  put,
  RULES,
  rule,
  shop,
  USD,
  velocity,
  written,
} from "../../../support/risk-api";

/** A condition with `depth` conditions on its longest way down. */
const nested = (depth: number): unknown => (depth === 1 ? USD : { not: nested(depth - 1) });
describe("a refused rule set", () => {
  const inRule = (when: unknown, says?: object) => ({ rules: [rule(USD), rule2(when, says)] });
  const rule2 = (when: unknown, says: object = { points: 10 }) => ({
    ...rule(when, says),
    id: "b",
  });
  const at = (rest: string) => `#/rules/1/when${rest}`;
  const text = (length: number) => "x".repeat(length);
  const many = (count: number, when: (at: number) => unknown) => ({
    rules: Array.from({ length: count }, (_, index) => ({ ...rule(when(index)), id: `r${index}` })),
  });
  const counted = (count: number) => ({
    rules: [
      rule({
        any: Array.from({ length: count }, (_, index) => ({
          velocity: { ...velocity, of: `metadata.field${index}` },
          above: 1,
        })),
      }),
    ],
  });
  const KINDS =
    "one of all, any, not, amount, currency, velocity, customer_age, metadata or listed";
  const DECIMAL = 'must be a decimal string in major units, such as "250.00"';

  const REFUSED: [body: unknown, pointer: string, message: string][] = [
    [[], "#", "must be an object"],
    [{}, "#/rules", "is required, and must be a list of rules"],
    [{ rules: {} }, "#/rules", "must be a list of rules"],
    [{ rules: [], more: 1 }, "#/more", "is not a known field"],
    [{ rules: [], version: "1" }, "#/version", "must be a whole number from 0 to 9007199254740991"],
    [{ rules: [], version: -1 }, "#/version", "must be a whole number from 0 to 9007199254740991"],
    [{ rules: [], review_score: 0 }, "#/review_score", "must be a whole number from 1 to 101"],
    [{ rules: [], block_score: 70.5 }, "#/block_score", "must be a whole number from 1 to 101"],
    [{ rules: [], allow_beats_block: 1 }, "#/allow_beats_block", "must be true or false"],
    [
      { rules: [], review_expires_after_s: 0 },
      "#/review_expires_after_s",
      "must be a whole number from 1 to 2592000",
    ],
    [
      { rules: [], review_expires_to: "block" },
      "#/review_expires_to",
      "must be one of approve, reject",
    ],
    [{ rules: ["a"] }, "#/rules/0", "must be a rule: an object with one of points or outcome"],
    [{ rules: [{ id: "a", when: USD }] }, "#/rules/0", "must have one of points or outcome"],
    [
      inRule(USD, { points: 1, outcome: "block" }),
      "#/rules/1/outcome",
      "cannot be combined with points",
    ],
    [inRule(USD, { points: 0 }), "#/rules/1/points", "must be a whole number from 1 to 100"],
    [inRule(USD, { points: 101 }), "#/rules/1/points", "must be a whole number from 1 to 100"],
    [inRule(USD, { outcome: "no" }), "#/rules/1/outcome", "must be one of block, review, allow"],
    [inRule(USD, { points: 1, shadow: "yes" }), "#/rules/1/shadow", "must be true or false"],
    [inRule(USD, { points: 1, wehn: 1 }), "#/rules/1/wehn", "is not a known field"],
    ...["", "A", "-a", "a b", "a.b", "é", 5, text(65)].map((id): [unknown, string, string] => [
      { rules: [{ id, points: 1, when: USD }] },
      "#/rules/0/id",
      "must have 1 to 64 characters from a-z, 0-9, - and _, and start with a letter or digit",
    ]),
    [{ rules: [{ ...rule(USD), id: "block_list" }] }, "#/rules/0/id", "is reserved"],
    [{ rules: [rule(USD), rule(USD)] }, "#/rules/1/id", "is already the id of rule 0"],
    [
      { rules: [{ id: "a", points: 1 }] },
      "#/rules/0/when",
      `must be a condition: an object with ${KINDS}`,
    ],
    [inRule("x"), at(""), `must be a condition: an object with ${KINDS}`],
    [inRule(null), at(""), `must be a condition: an object with ${KINDS}`],
    [inRule([USD]), at(""), `must be a condition: an object with ${KINDS}`],
    [inRule({}), at(""), `must have ${KINDS}`],
    [inRule({ country: "NL" }), at(""), `must have ${KINDS}`],
    [inRule({ all: USD }), at("/all"), "must be a list of conditions"],
    [inRule({ all: [] }), at("/all"), "must not be empty"],
    [inRule({ any: [] }), at("/any"), "must not be empty"],
    [inRule({ any: [USD, {}] }), at("/any/1"), `must have ${KINDS}`],
    [inRule({ all: [USD], any: [USD] }), at("/any"), "cannot be combined with all"],
    [inRule({ not: [USD] }), at("/not"), `must be a condition: an object with ${KINDS}`],
    [inRule(nested(6)), at("/not".repeat(5)), "is nested more than 5 levels deep"],
    [
      inRule({ amount: 5 }),
      at("/amount"),
      "must be an amount: an object with one of above or multiple_of",
    ],
    [inRule({ amount: {} }), at("/amount"), "must have one of above or multiple_of"],
    [
      inRule({ amount: { above: "1", multiple_of: "1" } }),
      at("/amount/multiple_of"),
      "cannot be combined with above",
    ],
    ...[5, "", "5,00", "1e3", "0x10", " 5", "-5", "+5", ".5", "5.", text(65)].map(
      (above): [unknown, string, string] => [
        inRule({ amount: { above } }),
        at("/amount/above"),
        DECIMAL,
      ],
    ),
    [inRule({ amount: { above: "0.00" } }), at("/amount/above"), "must be greater than 0"],
    [
      inRule({ amount: { above: "0.0001" } }),
      at("/amount/above"),
      "must have at most 3 decimal places",
    ],
    [
      inRule({ amount: { multiple_of: "1000000000000" } }),
      at("/amount/multiple_of"),
      "must be at most 999999999999999 thousandths",
    ],
    [
      inRule({ amount: { above: "5" }, currency: "usd" }),
      at("/currency"),
      "must be an ISO 4217 currency code, such as USD",
    ],
    [inRule({ currency: "USD" }), at("/currency"), "must be a list of currency codes"],
    [inRule({ currency: [] }), at("/currency"), "must not be empty"],
    [inRule({ amount: { above: {} } }), at("/amount/above"), "must not be empty"],
    [inRule({ amount: { above: ["5"] } }), at("/amount/above"), DECIMAL],
    [inRule({ amount: { above: { USD: 5 } } }), at("/amount/above/USD"), DECIMAL],
    [inRule({ amount: { above: { USD: "1e3" } } }), at("/amount/above/USD"), DECIMAL],
    [
      inRule({ amount: { above: { USD: "5", JPY: "0.5" } } }),
      at("/amount/above/JPY"),
      "must have at most 0 decimal places in JPY",
    ],
    [
      inRule({ amount: { multiple_of: { KWD: "0.000" } } }),
      at("/amount/multiple_of/KWD"),
      "must be greater than 0",
    ],
    [
      inRule({ amount: { above: { usd: "5" } } }),
      at("/amount/above/usd"),
      "must be an ISO 4217 currency code, such as USD",
    ],
    [
      inRule({ amount: { above: { USD: "5" } }, currency: "USD" }),
      at("/currency"),
      "cannot be combined with amounts by currency",
    ],
    [
      inRule({ velocity: { ...velocity, measure: "sum" }, above: { JPY: "1.5" } }),
      at("/above/JPY"),
      "must have at most 0 decimal places in JPY",
    ],
    [
      inRule({ velocity, above: { USD: "5" } }),
      at("/above"),
      "must be a whole number from 0 to 9007199254740991 for count",
    ],
    [
      inRule({ currency: ["USD", "QQQ"] }),
      at("/currency/1"),
      "must be an ISO 4217 currency code, such as USD",
    ],
    [
      inRule({ currency: ["XXX"] }),
      at("/currency/0"),
      "names XXX, which is not a payment currency",
    ],
    [
      inRule({ velocity, above: "5" }),
      at("/above"),
      "must be a whole number from 0 to 9007199254740991 for count",
    ],
    [
      inRule({ velocity, above: -1 }),
      at("/above"),
      "must be a whole number from 0 to 9007199254740991 for count",
    ],
    [
      inRule({ velocity, above: 1.5 }),
      at("/above"),
      "must be a whole number from 0 to 9007199254740991 for count",
    ],
    [
      inRule({ velocity }),
      at("/above"),
      "is required, and must be a whole number, or a decimal string for sum",
    ],
    [inRule({ velocity: { ...velocity, measure: "sum" }, above: 5 }), at("/above"), DECIMAL],
    [
      inRule({ velocity: { ...velocity, measure: "sum" }, above: "5.0001" }),
      at("/above"),
      "must have at most 3 decimal places",
    ],
    [
      inRule({ velocity: { ...velocity, measure: "declined_percent" }, above: 100 }),
      at("/above"),
      "must be a whole number from 0 to 99 for declined_percent",
    ],
    [
      inRule({
        velocity: { ...velocity, measure: "declined_percent", completed_only: true },
        above: 5,
      }),
      at("/velocity/completed_only"),
      "cannot be combined with declined_percent, which counts declined payments",
    ],
    [
      inRule({ velocity: { ...velocity, measure: "customers" }, above: 5 }),
      at("/velocity/measure"),
      "is always 1 if velocity/of is customer",
    ],
    [inRule({ velocity: "count", above: 5 }), at("/velocity"), "must be an object"],
    [
      inRule({ all: [USD, { velocity: { ...velocity, window: "2h" }, above: 5 }] }),
      at("/all/1/velocity/window"),
      "must be one of 1m, 1h, 24h, 7d",
    ],
    [
      inRule({ velocity: { ...velocity, measure: "total" }, above: 5 }),
      at("/velocity/measure"),
      "must be one of count, sum, customers, amounts, currencies, declined_percent",
    ],
    ...["merchant", "ip", "metadata", 5, null].map((of): [unknown, string, string] => [
      inRule({ velocity: { ...velocity, of }, above: 5 }),
      at("/velocity/of"),
      "must be customer or metadata.<field>",
    ]),
    [
      inRule({ velocity: { ...velocity, of: "metadata." }, above: 5 }),
      at("/velocity/of"),
      "names a field that must have at least 1 character",
    ],
    [
      inRule({ velocity: { ...velocity, of: `metadata.${text(41)}` }, above: 5 }),
      at("/velocity/of"),
      "names a field that must have at most 40 characters",
    ],
    [
      inRule({ velocity: { ...velocity, of: "metadata.__proto__" }, above: 5 }),
      at("/velocity/of"),
      "names a field that is not an allowed name",
    ],
    [
      inRule({ velocity: { ...velocity, completed_only: null }, above: 5 }),
      at("/velocity/completed_only"),
      "must be true or false",
    ],
    [inRule({ velocity, above: 5, below: 1 }), at("/below"), "is not a known field"],
    [
      inRule({ customer_age: { below_s: "60" } }),
      at("/customer_age/below_s"),
      "must be a whole number from 1 to 315360000",
    ],
    [inRule({ customer_age: 60 }), at("/customer_age"), "must be an object"],
    [inRule({ metadata: "ip" }), at(""), "must have one of in or is_present"],
    [
      inRule({ metadata: "ip", in: ["a"], is_present: true }),
      at("/is_present"),
      "cannot be combined with in",
    ],
    [inRule({ metadata: 5, in: ["a"] }), at("/metadata"), "must be a string"],
    [inRule({ metadata: "", in: ["a"] }), at("/metadata"), "must have at least 1 character"],
    [inRule({ metadata: text(41), in: ["a"] }), at("/metadata"), "must have at most 40 characters"],
    [inRule({ metadata: "ip", in: "a" }), at("/in"), "must be a list of strings"],
    [inRule({ metadata: "ip", in: [] }), at("/in"), "must not be empty"],
    [inRule({ metadata: "ip", in: ["a", 5] }), at("/in/1"), "must be a string"],
    [inRule({ metadata: "ip", in: [""] }), at("/in/0"), "must have at least 1 character"],
    [inRule({ metadata: "ip", in: [text(501)] }), at("/in/0"), "must have at most 500 characters"],
    [
      inRule({ metadata: "ip", in: Array(101).fill("a") }),
      at("/in"),
      "must have at most 100 values",
    ],
    [inRule({ metadata: "ip", is_present: 1 }), at("/is_present"), "must be true or false"],
    [inRule({ listed: "grey", field: "ip" }), at("/listed"), "must be one of allow, block"],
    [
      inRule({ listed: "block", field: "name" }),
      at("/field"),
      "must be one of customer, ip, card_fingerprint, email, email_domain, country",
    ],
    [many(MAX_RULES + 1, () => USD), "#/rules", "must have at most 100 rules"],
    [
      many(MAX_RULES, () => ({ any: [USD, USD, USD, USD, USD] })),
      "#/rules/83/when/any/1",
      `exceeds the limit of ${MAX_CONDITIONS} conditions per rule set`,
    ],
    [
      counted(9),
      "#/rules/0/when/any/8/velocity",
      "exceeds the limit of 8 different metadata fields with velocity per rule set",
    ],
    [
      many(11, (index) => ({
        all: (["count", "amounts", "currencies"] as const).map((measure) => ({
          velocity: {
            of: `metadata.f${index % 6}`,
            measure,
            window: index < 6 ? "1h" : "7d",
          },
          above: 1,
        })),
      })),
      "#/rules/10/when/all/2/velocity",
      "exceeds the limit of 32 different velocity signals per rule set",
    ],
  ];

  it.each(REFUSED)("%j at %s: %s", async (body, pointer, message) => {
    const given = Array.isArray(body) ? body : { version: 0, ...(body as object) };
    const said = await expectRefusal(await put(shop, given), "invalid_request");
    expect(said.errors).toContainEqual({ pointer, message });
    expect(said.errors?.every((error) => !/invalid|unrecogni/i.test(error.message))).toBe(true);
    expect((await current(shop)).version).toBe(0);
  });

  it("A rule set with a card number anywhere is refused", async () => {
    for (const [when, pointer] of [
      [{ metadata: "card", in: ["a", CARD] }, "/in/1"],
      [{ metadata: CARD, is_present: true }, "/metadata"],
    ] as const) {
      const response = await put(shop, { version: 0, ...inRule({ all: [when] }) });
      const said = await expectRefusal(response, "card_number_refused");
      expect(said.errors).toEqual([
        { pointer: at(`/all/0${pointer}`), message: "must not contain a card number" },
      ]);
    }
  });

  it("A rule set that is nested too deeply is refused", async () => {
    const deep = (open: string, close: string, depth: number) =>
      `{"version":0,"rules":[{"id":"a","points":1,"when":${open.repeat(depth)}{}${close.repeat(depth)}}]}`;
    for (const text of [deep('{"not":', "}", 6_000), deep('{"all":[', "]}", 5_000)]) {
      const headers = { "Content-Type": "application/json" };
      const response = await ask(RULES, { method: "PUT", key: shop.key, headers, body: text });
      expect(["invalid_request", "malformed_json"]).toContain(
        (await jsonOf<ProblemBody>(response)).code,
      );
    }
  });

  it("A rule set that is larger than a body may be is refused", async () => {
    const values = Array.from({ length: 100 }, (_, index) => `${index}`.padEnd(500, "x"));
    const rules = [
      rule({
        any: [
          { metadata: "a", in: values },
          { metadata: "b", in: values },
        ],
      }),
    ];
    await expectRefusal(await put(shop, { version: 0, rules }), "body_too_large");
  });

  it("A rule set that is as large as a body may be is accepted", async () => {
    const client = await newClient();
    const around = (when: unknown) => ({ any: [{ not: { not: { not: when } } }] });
    const rules = Array.from({ length: MAX_RULES }, (_, index) => ({
      id: `r${index}`.padEnd(64, "x"),
      points: 1,
      when: around(index < 32 ? { velocity: signal(index), above: index } : USD),
    }));
    expect(rules.length * 5).toBe(MAX_CONDITIONS);
    expect((await written(client, { rules })).rules).toEqual(rules);
  });
});

/** 32 different ones, of 8 fields. */
function signal(index: number) {
  return {
    of: `metadata.field${index % 8}`,
    measure: (["count", "customers"] as const)[Math.floor(index / 8) % 2],
    window: index < 16 ? "1h" : "7d",
  };
}

checkWholeFile();
