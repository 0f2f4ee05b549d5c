/** Fraud rules over HTTP: what is taken and what is refused and where, versions under races, lists, who may
 *  see what, and backtests of payments that were made. */
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { ProblemCode } from "../../../../src/api/http/problem";
import { openDatabase } from "../../../../src/d1/query";
import { readRisk, readRiskVersion } from "../../../../src/d1/risk-rules";
import {
  MAX_CONDITIONS,
  MAX_KEPT_VERSIONS,
  MAX_LIST_ENTRIES,
  MAX_RULES,
} from "../../../../src/domain/risk/limits";
import type { Condition, RuleSet } from "../../../../src/domain/risk/rule-set";
import { type Client, newClient, type ProblemBody } from "../../../support/api";
import { ask, expectRefusal, jsonOf, undocumentedAnswers } from "../../../support/contract";
import { env } from "../../../support/env";
import { fillLists } from "../../../support/lists";
import { validRuleSet } from "../../../support/valid-rule-set";

const RULES = "/api/v1/risk/rules";
const LISTS = "/api/v1/risk/lists";
const BACKTEST = "/api/v1/risk/backtest";
const CARD = "4242424242424242";

type Answered = RuleSet & { version: number; created_at: string | null };
type Entry = { id: string; list: string; field: string; value: string; note: string | null };
type Page = { data: Entry[]; has_more: boolean; next_cursor: string | null };

const send = (method: string, path: string, key: string, body: unknown) =>
  ask(path, {
    method,
    key,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
const put = ({ key }: Client, body: unknown) => send("PUT", RULES, key, body);
const current = async ({ key }: Client) => jsonOf<Answered>(await ask(RULES, { key }));
const written = async (client: Client, ruleSet: object) => {
  const { version } = await current(client);
  const response = await put(client, { ...ruleSet, version });
  expect(response.status, await response.clone().text()).toBe(200);
  return jsonOf<Answered>(response);
};
const add = ({ key }: Client, entry: unknown) => send("POST", LISTS, key, entry);
const added = async (client: Client, entry: object) => jsonOf<Entry>(await add(client, entry));
const listed = async ({ key }: Client, query = "") =>
  jsonOf<Page>(await ask(`${LISTS}${query}`, { key }));
const remove = ({ key }: Client, id: string) => ask(`${LISTS}/${id}`, { method: "DELETE", key });
const db = openDatabase(env.DB);
const versionOf = (client: Client) => readRiskVersion(db, client.merchant_id);

const rule = (when: unknown, says: object = { points: 10 }) => ({ id: "a-rule", ...says, when });
const USD: Condition = { currency: ["USD"] };
const velocity = { of: "customer", measure: "count", window: "24h" } as const;
/** A condition with `depth` conditions on its longest way down. */
const nested = (depth: number): unknown => (depth === 1 ? USD : { not: nested(depth - 1) });

let shop: Client;
beforeAll(async () => {
  shop = await newClient();
});

describe("the rules of a merchant", () => {
  const above = (amounts: object) => ({ amount: { above: expect.objectContaining(amounts) } });

  it("are the deployment's default until there are others", async () => {
    const first = await current(shop);
    expect(first).toEqual({
      version: 0,
      rules: [
        { id: "amount_above_threshold", points: 40, when: above({ USD: "5000", JPY: "750000" }) },
        { id: "amount_above_twice", points: 30, when: above({ USD: "10000", JPY: "1500000" }) },
        { id: "frequency", points: 30, when: { velocity, above: 10 } },
        {
          id: "currency_without_threshold",
          outcome: "review",
          when: { not: { currency: expect.arrayContaining(["EUR", "JPY", "USD"]) } },
        },
      ],
      review_score: expect.any(Number),
      block_score: 70,
      allow_beats_block: false,
      review_expires_after_s: 259_200,
      review_expires_to: "reject",
      created_at: null,
    });
    expect(await jsonOf(await ask(`${RULES}?version=0`, { key: shop.key }))).toEqual(first);
  });

  it("can be read, changed and sent back, and every version stays readable", async () => {
    const client = await newClient();
    const read = await current(client);
    const response = await put(client, { ...read, block_score: 50 });
    expect(response.status).toBe(200);
    const first = await jsonOf<Answered>(response);
    expect(first).toEqual({
      ...read,
      version: 1,
      block_score: 50,
      created_at: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
    });
    const second = await jsonOf<Answered>(await put(client, { ...first, rules: [] }));
    expect(second).toMatchObject({ version: 2, rules: [], block_score: 50 });
    expect(await current(client)).toEqual(second);
    for (const known of [read, first, second]) {
      const path = `${RULES}?version=${known.version}`;
      expect(await jsonOf(await ask(path, { key: client.key }))).toEqual(known);
    }
    const unknown = await ask(`${RULES}?version=3`, { key: client.key });
    await expectRefusal(unknown, "rule_set_not_found");
  });

  it("have sensible values for what is left out", async () => {
    const client = await newClient();
    expect(await written(client, { rules: [] })).toMatchObject({
      version: 1,
      review_score: 101,
      block_score: 70,
      allow_beats_block: false,
      review_expires_after_s: 259_200,
      review_expires_to: "reject",
    });
  });

  it("come back as they were sent, whatever they are", async () => {
    const client = await newClient();
    let version = 0;
    await fc.assert(
      fc.asyncProperty(validRuleSet, async (ruleSet) => {
        const response = await put(client, { ...ruleSet, version });
        expect(response.status, await response.clone().text()).toBe(200);
        version += 1;
        expect(await current(client)).toEqual({
          ...ruleSet,
          version,
          created_at: expect.any(String),
        });
      }),
      { numRuns: 60 },
    );
  });

  it("are changed by exactly one of 20 who have read the same version", async () => {
    const client = await newClient();
    await written(client, { rules: [] });
    for (const version of [1, 2]) {
      const racing = Array.from({ length: 20 }, (_, at) =>
        put(client, { version, rules: [rule(USD, { points: at + 1 })] }),
      );
      const answers = await Promise.all(racing);
      const won = answers.filter(({ status }) => status === 200);
      expect(won).toHaveLength(1);
      for (const lost of answers.filter(({ status }) => status !== 200)) {
        const said = await expectRefusal(lost, "rule_set_version_conflict");
        expect(said.detail).toBe(`The current version is ${version + 1}, not ${version}.`);
      }
      expect(won[0] && (await jsonOf(won[0]))).toEqual(await current(client));
    }
    expect(await versionOf(client)).toBe(3);
  });

  it("are not changed by who has read another version", async () => {
    const client = await newClient();
    for (const version of [1, 7]) {
      const said = await expectRefusal(
        await put(client, { version, rules: [] }),
        "rule_set_version_conflict",
      );
      expect(said).toMatchObject({
        detail: `The current version is 0, not ${version}.`,
        errors: [{ pointer: "#/version", message: "is not the current version" }],
      });
    }
    expect((await current(client)).version).toBe(0);
    expect(await versionOf(client)).toBe(0);
  });

  it("are all still there after a change that named a version far ahead", async () => {
    const client = await newClient();
    await written(client, { rules: [] });
    const before = await current(client);
    for (const version of [MAX_KEPT_VERSIONS, Number.MAX_SAFE_INTEGER]) {
      const response = await put(client, { version, rules: [] });
      await expectRefusal(response, "rule_set_version_conflict");
      expect(await current(client)).toEqual(before);
    }
  });

  it(`are kept in their last ${MAX_KEPT_VERSIONS} versions`, async () => {
    const client = await newClient();
    await env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
       INSERT INTO risk_rule_sets SELECT ?1, i, '{"rules":[]}', 0 FROM n`,
    )
      .bind(client.merchant_id, MAX_KEPT_VERSIONS)
      .run();
    expect((await ask(`${RULES}?version=1`, { key: client.key })).status).toBe(200);
    expect((await written(client, { rules: [] })).version).toBe(MAX_KEPT_VERSIONS + 1);
    const first = await ask(`${RULES}?version=1`, { key: client.key });
    await expectRefusal(first, "rule_set_not_found");
    expect((await ask(`${RULES}?version=2`, { key: client.key })).status).toBe(200);
  });
});

describe("a rule set is refused, and told where it is wrong:", () => {
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

  it("a card number anywhere", async () => {
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

  it("nesting that no reader survives", async () => {
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

  it("one that is larger than a body may be", async () => {
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

  it("but not one that is as large as it may be", async () => {
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

describe("lists", () => {
  it.each([
    ["customer", "User_1", "User_1"],
    ["customer", " two words ", " two words "],
    ["card_fingerprint", "Fp_AbC", "Fp_AbC"],
    ["ip", " 203.0.113.7 ", "203.0.113.7"],
    ["ip", "2001:DB8:0:0::1", "2001:db8::1"],
    ["ip", "::ffff:203.0.113.8", "203.0.113.8"],
    ["email", "Ann@Shop.EXAMPLE", "ann@shop.example"],
    ["email_domain", "@Shop.Example", "shop.example"],
    ["email_domain", "mail.shop.example", "mail.shop.example"],
    ["email_domain", "BÜCHER。example.", "xn--bcher-kva.example"],
    ["email", "Ann@bu\u0308cher.example", "ann@xn--bcher-kva.example"],
    ["ip", "[2001:DB8::7%eth0]:443", "2001:db8::7"],
    ["country", "nl", "NL"],
  ])("hold %s %j as %j, once", async (field, value, stored) => {
    const client = await newClient();
    const first = await add(client, { list: "block", field, value, note: "chargeback" });
    expect(first.status).toBe(201);
    const entry = await jsonOf<Entry>(first);
    expect(entry).toEqual({
      id: expect.stringMatching(/^rle_[a-z2-7]{26}$/),
      list: "block",
      field,
      value: stored,
      note: "chargeback",
      created_at: expect.any(String),
      expires_at: null,
    });
    const expires_at = new Date(Date.now() + 3_600_000).toISOString();
    const again = await add(client, { list: "block", field, value: stored, expires_at });
    expect(again.status).toBe(200);
    const updated = { ...entry, note: null, expires_at };
    expect(await jsonOf(again)).toEqual(updated);
    expect(await jsonOf(await ask(`${LISTS}/${entry.id}`, { key: client.key }))).toEqual(updated);
    expect((await listed(client)).data).toEqual([updated]);
    expect((await add(client, { list: "allow", field, value })).status).toBe(201);
  });

  const block = (field: string, value: unknown, more = {}) => ({
    list: "block",
    field,
    value,
    ...more,
  });
  it.each([
    [{}, "#/list", "is required, and must be one of allow, block"],
    [
      block("phone", "1"),
      "#/field",
      "must be one of customer, ip, card_fingerprint, email, email_domain, country",
    ],
    [block("ip", ""), "#/value", "must have at least 1 character"],
    [block("ip", 5), "#/value", "must be a string"],
    [block("ip", "203.0.113"), "#/value", "must be an IPv4 or IPv6 address"],
    [block("ip", "203.0.113.0/24"), "#/value", "must be an IPv4 or IPv6 address"],
    [block("ip", "0x7f.1"), "#/value", "must be an IPv4 or IPv6 address"],
    [block("email", "ann"), "#/value", "must be an email address"],
    [block("email", "@shop.example"), "#/value", "must be an email address"],
    [block("email", "a b@shop.example"), "#/value", "must be an email address"],
    [
      block("email_domain", "ann@shop.example"),
      "#/value",
      "must be a domain, such as shop.example",
    ],
    [block("email_domain", "shop."), "#/value", "must be a domain, such as shop.example"],
    [block("country", "NLD"), "#/value", "must be a two-letter country code, such as NL"],
    [block("customer", "x".repeat(129)), "#/value", "must have at most 128 characters"],
    [block("customer", "x\0"), "#/value", "must not contain NUL or unpaired surrogates"],
    [block("ip", "::1", { note: "x".repeat(501) }), "#/note", "must have at most 500 characters"],
    [
      block("ip", "::1", { expires_at: "soon" }),
      "#/expires_at",
      "must be an RFC 3339 time, such as 2026-11-22T21:00:00Z",
    ],
    [
      block("ip", "::1", { expires_at: "2020-01-01T00:00:00Z" }),
      "#/expires_at",
      "must be in the future",
    ],
    [block("ip", "::1", { until: 1 }), "#/until", "is not a known field"],
  ])("refuse %j at %s: %s", async (entry, pointer, message) => {
    const said = await expectRefusal(await add(shop, entry), "invalid_request");
    expect(said.errors).toContainEqual({ pointer, message });
    expect((await listed(shop)).data).toEqual([]);
  });

  it.each([
    block("customer", CARD),
    block("customer", "4242 4242 4242 4242"),
    block("card_fingerprint", CARD),
    block("card_fingerprint", `card ${CARD}`),
    block("email", `${CARD}@shop.example`),
    block("ip", "::1", { note: `paid with ${CARD}` }),
  ])("refuse a card number: %j", async (entry) => {
    const said = await expectRefusal(await add(shop, entry), "card_number_refused");
    // Twice, because one group of four may stand in a random id.
    expect(JSON.stringify(said)).not.toMatch(/4242.?4242/);
    expect((await listed(shop)).data).toEqual([]);
  });

  it("are paged newest first, by list and field, whatever is added meanwhile", async () => {
    const client = await newClient();
    const made: string[] = [];
    for (let index = 0; index < 7; index++) {
      const list = index % 2 === 0 ? "block" : "allow";
      made.unshift((await added(client, { list, field: "customer", value: `c${index}` })).id);
    }
    made.unshift((await added(client, block("ip", "::1"))).id);
    const seen: string[] = [];
    let cursor = "";
    for (let page = 0; page < 4; page++) {
      const { data, has_more, next_cursor } = await listed(client, `?limit=3${cursor}`);
      seen.push(...data.map(({ id }) => id));
      expect(has_more).toBe(next_cursor !== null);
      if (!has_more) break;
      cursor = `&cursor=${next_cursor}`;
      await added(client, { list: "allow", field: "customer", value: `later${page}` });
    }
    expect(seen).toEqual(made);
    const blocked = await listed(client, "?list=block&limit=100");
    expect(blocked.data).toHaveLength(5);
    const ips = await listed(client, "?list=block&field=ip");
    expect(ips.data.map(({ value }) => value)).toEqual(["::1"]);
    for (const query of ["?list=grey", "?field=name", "?limit=0", "?cursor=x", "?more=1"]) {
      await expectRefusal(await ask(`${LISTS}${query}`, { key: client.key }), "invalid_request");
    }
  });

  it("forget what is taken off, and know nothing of what was never there", async () => {
    const client = await newClient();
    const { id } = await added(client, block("ip", "::1"));
    expect((await remove(client, id)).status).toBe(204);
    await expectRefusal(await remove(client, id), "list_entry_not_found");
    await expectRefusal(await ask(`${LISTS}/${id}`, { key: client.key }), "list_entry_not_found");
    await expectRefusal(await ask(`${LISTS}/x`, { key: client.key }), "list_entry_not_found");
    expect((await added(client, block("ip", "::1"))).id).not.toBe(id);
  });

  it("forget what has expired: it is not shown, not read, and makes room", async () => {
    const client = await newClient();
    const expires_at = new Date(Date.now() + 3_600_000).toISOString();
    const { id } = await added(client, block("ip", "::1", { expires_at }));
    const now = Date.now();
    expect((await readRisk(db, client.merchant_id, now)).entries).toEqual([
      { list: "block", field: "ip", value: "::1", expires_at_ms: Date.parse(expires_at) },
    ]);
    expect((await readRisk(db, client.merchant_id, Date.parse(expires_at))).entries).toEqual([]);
    await fillLists(client.merchant_id, MAX_LIST_ENTRIES - 1);
    await expectRefusal(await add(client, block("ip", "::2")), "too_many_list_entries");
    await env.DB.prepare("UPDATE risk_list_entries SET expires_at = ? WHERE id = ?")
      .bind(now, id)
      .run();
    await expectRefusal(await ask(`${LISTS}/${id}`, { key: client.key }), "list_entry_not_found");
    await expectRefusal(await remove(client, id), "list_entry_not_found");
    expect((await listed(client, "?field=ip")).data).toEqual([]);
    expect((await add(client, block("ip", "::2"))).status).toBe(201);
  });

  it(`have room for ${MAX_LIST_ENTRIES} entries, however many are added at once`, async () => {
    const client = await newClient();
    await fillLists(client.merchant_id, MAX_LIST_ENTRIES - 2);
    const racing = Array.from({ length: 8 }, (_, index) => add(client, block("ip", `::${index}`)));
    const statuses = (await Promise.all(racing)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(2);
    expect(statuses.filter((status) => status === 409)).toHaveLength(6);
    // What is there can still be changed.
    expect((await add(client, block("customer", "customer-1", { note: "x" }))).status).toBe(200);
  });
});

describe("whoever keeps rules in memory", () => {
  it("is told of every change by one number, and gets all of one moment", async () => {
    const client = await newClient();
    const now = Date.now();
    expect(await readRisk(db, client.merchant_id, now)).toEqual({
      version: 0,
      rule_set: undefined,
      entries: [],
    });
    const entry = { list: "allow", field: "email", value: "ann@shop.example" };
    const steps: (() => Promise<unknown>)[] = [
      () => written(client, { rules: [] }),
      () => added(client, entry),
      () => added(client, { ...entry, note: "again" }),
      async () => remove(client, (await listed(client)).data[0]?.id ?? ""),
      () => written(client, { rules: [rule(USD)] }),
    ];
    for (const [index, step] of steps.entries()) {
      await step();
      expect(await versionOf(client)).toBe(index + 1);
    }
    const read = await readRisk(db, client.merchant_id, now);
    expect(read).toMatchObject({
      version: 5,
      rule_set: { version: 2, rule_set: { rules: [rule(USD)] } },
      entries: [],
    });
    await put(client, { version: 0, rules: [] });
    await remove(client, `rle_${"a".repeat(26)}`);
    expect(await versionOf(client)).toBe(5);
  });
});

describe("another merchant", () => {
  it("sees and changes nothing", async () => {
    const [owner, other] = [await newClient(), await newClient()];
    await written(owner, { rules: [rule(USD)] });
    const { id } = await added(owner, { list: "block", field: "ip", value: "::1" });
    expect(await current(other)).toMatchObject({ version: 0 });
    await expectRefusal(await ask(`${RULES}?version=1`, { key: other.key }), "rule_set_not_found");
    expect((await listed(other)).data).toEqual([]);
    await expectRefusal(await ask(`${LISTS}/${id}`, { key: other.key }), "list_entry_not_found");
    await expectRefusal(await remove(other, id), "list_entry_not_found");
    const same = await add(other, { list: "block", field: "ip", value: "::1", note: "theirs" });
    expect(same.status).toBe(201);
    expect((await listed(owner)).data).toMatchObject([{ id, note: null }]);
    expect(await versionOf(owner)).toBe(2);
  });

  it("or a key without the scope is let in nowhere", async () => {
    const cases: [scope: string, method: string, path: string][] = [
      ["risk:write", "GET", RULES],
      ["risk:read", "PUT", RULES],
      ["risk:write", "GET", LISTS],
      ["risk:read", "POST", LISTS],
      ["risk:read", "DELETE", `${LISTS}/rle_${"a".repeat(26)}`],
      ["transactions:read", "POST", BACKTEST],
    ];
    for (const [scope, method, path] of cases) {
      const { key } = await newClient([scope]);
      await expectRefusal(await ask(path, { method, key }), "scope_missing", `${method} ${path}`);
    }
  });
});

describe("a backtest", () => {
  type Report = {
    examined: number;
    unchanged: number;
    changed: Record<string, number>;
    undecidable: number;
    lacking: Record<string, number>;
    hits: Record<string, number>;
    examples: { transaction_id: string; before: object; after: object; reasons: object[] }[];
    has_more: boolean;
    next_cursor: string | null;
  };
  const backtest = ({ key }: Client, body: object) => send("POST", BACKTEST, key, body);
  const report = async (client: Client, rules: unknown[], more: object = {}) => {
    const response = await backtest(client, { rule_set: { rules }, ...more });
    expect(response.status, await response.clone().text()).toBe(200);
    return jsonOf<Report>(response);
  };

  it("says what would have been different, and changes nothing", async () => {
    const client = await newClient();
    const small = await client.created({ amount: 50 });
    const large = await client.created({ amount: 500, user_id: "user_2" });
    await client.process(small.id);
    const blocked = await client.created({ amount: 20_000, user_id: "user_3" });
    expect(blocked.status).toBe("failed");
    const above = (amount: string, says: object, id = "above") => ({
      id,
      ...says,
      when: { amount: { above: amount } },
    });

    const found = await report(client, [
      above("100", { outcome: "block" }),
      { ...above("10", { points: 5 }, "trial"), shadow: true },
    ]);
    expect(found).toEqual({
      examined: 3,
      unchanged: 2,
      changed: { approve_to_block: 1 },
      undecidable: 0,
      lacking: {},
      hits: { above: 2, trial: 3 },
      examples: [
        {
          transaction_id: large.id,
          before: { decision: "approve", fraud_score: 0 },
          after: { decision: "block", fraud_score: 0 },
          reasons: [{ rule: "above", outcome: "block", points: 0, detail: "500 USD is above 100" }],
        },
      ],
      has_more: false,
      next_cursor: null,
    });
    const milder = await report(client, []);
    expect(milder.changed).toEqual({ block_to_approve: 1 });
    expect(milder.examples.map(({ transaction_id }) => transaction_id)).toEqual([blocked.id]);
    expect(await client.find(large.id)).toEqual(large);
    expect((await current(client)).version).toBe(0);
  });

  it("takes the rules as they are answered, and says where they are wrong", async () => {
    expect((await backtest(shop, { rule_set: await current(shop) })).status).toBe(200);
    const refused: [object, string, ProblemCode?][] = [
      [{}, "#/rule_set"],
      [{ rule_set: { rules: [rule({ currency: [] })] } }, "#/rule_set/rules/0/when/currency"],
      [{ rule_set: { rules: [rule(USD), rule(USD)] } }, "#/rule_set/rules/1/id"],
      [{ rule_set: { rules: [] }, limit: 1_001 }, "#/limit"],
      [{ rule_set: { rules: [] }, limit: "10" }, "#/limit"],
      [{ rule_set: { rules: [] }, created_after: "yesterday" }, "#/created_after"],
      [{ rule_set: { rules: [] }, cursor: "x" }, "#/cursor"],
      [{ rule_set: { rules: [] }, more: 1 }, "#/more"],
    ];
    for (const [body, pointer] of refused) {
      const said = await expectRefusal(await backtest(shop, body), "invalid_request", pointer);
      expect(said.errors?.map((error) => error.pointer)).toEqual([pointer]);
    }
  });

  it("is paged over a range, and the pages add up", async () => {
    const client = await newClient();
    const made = [];
    for (let index = 0; index < 7; index++) {
      made.push(await client.created({ amount: 10 + index, user_id: `user_${index}` }));
    }
    const rules = [{ id: "above", outcome: "review", when: { amount: { above: "13" } } }];
    const seen: string[] = [];
    let [examined, unchanged, cursor] = [0, 0, {}];
    for (let page = 0; page < 4; page++) {
      const found = await report(client, rules, { limit: 2, ...cursor });
      examined += found.examined;
      unchanged += found.unchanged;
      seen.push(...found.examples.map(({ transaction_id }) => transaction_id));
      expect(found.has_more).toBe(page < 3);
      cursor = { cursor: found.next_cursor };
    }
    expect({ examined, unchanged }).toEqual({ examined: 7, unchanged: 4 });
    expect(seen).toEqual(
      made
        .slice(4)
        .reverse()
        .map(({ id }) => id),
    );
    const [, second] = made;
    const since = await report(client, rules, { created_after: second?.created_at });
    expect(since.examined).toBe(
      made.filter((one) => one.created_at > (second?.created_at ?? "")).length,
    );
    expect((await report(shop, rules)).examined).toBe(0);
  });

  it("reads more than one read's worth, and ends a page early when payments are large", async () => {
    const client = await newClient();
    await Promise.all(
      Array.from({ length: 120 }, (_, at) => client.created({ user_id: `u${at}` })),
    );
    const whole = await report(client, []);
    expect(whole).toMatchObject({ examined: 120, unchanged: 120, has_more: false });
    const first = await report(client, [], { limit: 115 });
    expect(first).toMatchObject({ examined: 115, has_more: true });
    const rest = await report(client, [], { cursor: first.next_cursor });
    expect(rest).toMatchObject({ examined: 5, has_more: false });
    await env.DB.prepare(
      `UPDATE events SET data = json_set(data, '$.description', hex(zeroblob(50000)))
       WHERE merchant_id = ?`,
    )
      .bind(client.merchant_id)
      .run();
    expect(await report(client, [])).toMatchObject({ examined: 100, has_more: true });
  });

  it("has at most 20 examples", async () => {
    const client = await newClient();
    await Promise.all(
      Array.from({ length: 25 }, (_, index) => client.created({ user_id: `user_${index}` })),
    );
    const found = await report(client, [{ id: "all", outcome: "block", when: USD }]);
    expect(found.changed).toEqual({ approve_to_block: 25 });
    expect(found.examples).toHaveLength(20);
  });
});

it("has no answer that openapi.json does not know", async () => {
  expect(undocumentedAnswers()).toEqual([]);
});
