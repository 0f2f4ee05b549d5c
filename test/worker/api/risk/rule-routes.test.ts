/** Rule sets of a merchant over HTTP: versions, defaults and conflicts. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readRisk, readRiskVersion } from "../../../../src/d1/risk/risk-rules";
import { MAX_KEPT_VERSIONS } from "../../../../src/domain/risk/limits";
import { type Client, newClient } from "../../../support/api";
import { ask, checkWholeFile, expectRefusal, jsonOf } from "../../../support/contract";
import { env } from "../../../support/env";
import {
  type Answered,
  add,
  added,
  BACKTEST,
  current,
  db,
  LISTS,
  listed,
  put,
  RULES,
  remove,
  rule,
  shop,
  USD,
  velocity,
  written,
} from "../../../support/risk-api";
import { validRuleSet } from "../../../support/valid-rule-set";

const versionOf = (client: Client) => readRiskVersion(db, client.merchant_id);
describe("the rules of a merchant", () => {
  const above = (amounts: object) => ({ amount: { above: expect.objectContaining(amounts) } });

  it("A merchant without rules gets the deployment's default rules", async () => {
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

  it("A merchant's rules can be read, changed and sent back, and every version stays readable", async () => {
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

  it("A merchant's own versions are listed newest first, a page at a time", async () => {
    type Versions = { data: Answered[]; has_more: boolean; next_cursor: string | null };
    const client = await newClient();
    const read = async (query = "", { key } = client) =>
      jsonOf<Versions>(await ask(`${RULES}/versions${query}`, { key }));
    expect(await read()).toEqual({ data: [], has_more: false, next_cursor: null });
    const stored = [];
    for (const points of [1, 2, 3]) {
      const { version, created_at } = await written(client, { rules: [rule(USD, { points })] });
      stored.unshift({ version, created_at });
    }
    expect((await read()).data).toEqual(stored);
    const first = await read("?limit=2");
    expect(first).toMatchObject({ data: stored.slice(0, 2), has_more: true });
    const next = `?limit=2&cursor=${first.next_cursor}`;
    expect(await read(next)).toEqual({ data: stored.slice(2), has_more: false, next_cursor: null });

    const { key } = await newClient();
    expect((await read("", { ...client, key })).data).toEqual([]);
    const unsealed = btoa("rule_set 3").replaceAll("=", "");
    for (const query of [next, `?cursor=${unsealed}`]) {
      const refused = await ask(`${RULES}/versions${query}`, { key });
      await expectRefusal(refused, "invalid_request");
    }
  });

  it("A merchant's rules have sensible values for what is left out", async () => {
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

  it("A merchant's rules are returned as they were sent", async () => {
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

  it("Of 20 concurrent changes to the same version of the rules one succeeds", async () => {
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

  it("A change that names another version of the rules is refused", async () => {
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

  it("All rules are still there after a change that named a version far ahead", async () => {
    const client = await newClient();
    await written(client, { rules: [] });
    const before = await current(client);
    for (const version of [MAX_KEPT_VERSIONS, Number.MAX_SAFE_INTEGER]) {
      const response = await put(client, { version, rules: [] });
      await expectRefusal(response, "rule_set_version_conflict");
      expect(await current(client)).toEqual(before);
    }
  });

  it(`The last ${MAX_KEPT_VERSIONS} versions of the rules are kept`, async () => {
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

describe("a cache of rules", () => {
  it("One number shows a cache every change, and a read has everything of one moment", async () => {
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
  it("Another merchant sees and changes nothing", async () => {
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

  it("A key without the scope is refused by every route of the rules", async () => {
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

checkWholeFile();
