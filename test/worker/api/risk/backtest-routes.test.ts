/** Backtests over HTTP. */
import { describe, expect, it } from "vitest";
import type { ProblemCode } from "../../../../src/api/http/problem";
import { type Client, newClient } from "../../../support/api";
import { checkWholeFile, expectRefusal, jsonOf } from "../../../support/contract";
import { env } from "../../../support/env";
import { BACKTEST, current, rule, send, shop, USD } from "../../../support/risk-api";

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

  it("A backtest reports what would have been different, and changes nothing", async () => {
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

  it("A backtest accepts rules as the API returns them, and reports where they are wrong", async () => {
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

  it("A backtest is paged over a range, and the pages add up", async () => {
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

  it("A backtest reads more than one read's worth, and ends a page early when payments are large", async () => {
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
      `UPDATE listed_transactions SET data = json_set(data, '$.description', hex(zeroblob(50000)))
       WHERE feed = (SELECT id FROM feeds WHERE merchant_id = ?)`,
    )
      .bind(client.merchant_id)
      .run();
    expect(await report(client, [])).toMatchObject({ examined: 100, has_more: true });
  });

  it("A backtest has at most 20 examples", async () => {
    const client = await newClient();
    await Promise.all(
      Array.from({ length: 25 }, (_, index) => client.created({ user_id: `user_${index}` })),
    );
    const found = await report(client, [{ id: "all", outcome: "block", when: USD }]);
    expect(found.changed).toEqual({ approve_to_block: 25 });
    expect(found.examples).toHaveLength(20);
  });
});

checkWholeFile();
