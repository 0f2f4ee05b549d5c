/** Decisions by rules: velocity limits, changes of rules, and rules that cannot be read. */
import { runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { readConfig } from "../../../src/config";
import {
  deriveTransactionId,
  transactionObjectName,
  velocityObjectName,
} from "../../../src/domain/identity/id";
import type { Rule } from "../../../src/domain/risk/rule-set";
import type { Transaction } from "../../../src/domain/transaction/transaction";
import {
  type Client,
  clientOf,
  freshKey,
  newClient,
  problem,
  TRANSACTIONS,
} from "../../support/api";
import { env } from "../../support/env";
import { eventually, until } from "../../support/eventually";
import { changeRules, newRuledClient, recomputeAll } from "../../support/risk";
import { sized } from "../../support/sized";

const LARGE: Rule = { id: "large", outcome: "review", when: { amount: { above: "100" } } };
const BLOCK_ALL: Rule = { id: "nobody", outcome: "block", when: { amount: { above: "0" } } };
const times = <Value>(count: number, make: (index: number) => Value): Value[] =>
  Array.from({ length: count }, (_, index) => make(index));
const transactionOf = async (response: Response) => (await response.json()) as Transaction;
const codeOf = async (response: Response) => (await problem(response)).code;
const ownerOf = (id: string) =>
  env.TRANSACTIONS.getByName(transactionObjectName(id, readConfig(env).transaction_shards));
/** Stops an object at once: nothing in memory survives. */
async function crash(object: DurableObjectStub): Promise<void> {
  await runInDurableObject(object, (_, state) => state.abort("crash")).catch(() => {});
}

describe("a limit in a window", () => {
  const COUNT = sized(120, 1_000);
  const CRASHES = 15;
  const limited = (most: number, completed_only: boolean): Rule => ({
    id: "often",
    outcome: "block",
    when: {
      velocity: { of: "customer", measure: "count", window: "1h", completed_only },
      above: most,
    },
  });

  /** Creates until it is answered, as a client would that never gives up. */
  async function createUntilAnswered(shop: Client, body: object, key: string) {
    return eventually(async () => {
      const response = await shop.create(body, key);
      expect(response.status).toBe(201);
      return transactionOf(response);
    });
  }

  /** What a shard does that crashes before its commit: the payment is counted, and no response is sent. */
  async function countInVain(shop: Client, key: string): Promise<void> {
    const { merchant_id } = shop;
    const own = { merchant_id, subject: "customer", value: "busy", user_id: "busy" } as const;
    const payment = { ...own, currency: "USD", amount_minor: 10_050, measures: ["count.1h"] };
    const transaction_id = deriveTransactionId(merchant_id, key);
    const { velocity_shards } = readConfig(env);
    const counter = env.VELOCITY.getByName(
      velocityObjectName(merchant_id, "busy", velocity_shards),
    );
    await counter.observe([{ ...payment, transaction_id }]).catch(() => {});
  }

  /** Aborts one of the objects concerned, now and then, at moments that the seed says. */
  async function crashSome(shop: Client, keys: string[], seed: number): Promise<void> {
    for (let index = 0; index < CRASHES; index++) {
      const drawn = (seed * 7_919 + index * 104_729) % 1_000;
      await scheduler.wait(20 + (drawn % 60));
      const key = keys[drawn % keys.length] ?? "";
      const owner = ownerOf(deriveTransactionId(shop.merchant_id, key));
      await crash(index % 3 === 0 ? owner : velocityOf(index));
    }
  }

  it.each([
    { count: COUNT, most: 37, completed_only: false, seed: 1 },
    { count: COUNT, most: 1, completed_only: false, seed: 2 },
    { count: COUNT, most: COUNT - 1, completed_only: false, seed: 3 },
    { count: COUNT, most: 99, completed_only: true, seed: 4 },
  ])(
    "Of $count concurrent payments exactly $most pass, whatever crashes (completed only: $completed_only, seed $seed)",
    async ({ count, most, completed_only, seed }) => {
      const shop = await newRuledClient({ rules: [limited(most, completed_only)] });
      const keys = times(count, () => freshKey("limit"));
      const creating = keys.map((key) => createUntilAnswered(shop, { user_id: "busy" }, key));
      const orphaned = keys.filter((_, index) => (index * seed) % 7 === 3);
      await Promise.all([
        crashSome(shop, keys, seed),
        ...orphaned.map((key) => countInVain(shop, key)),
      ]);
      const decided = await Promise.all(creating);
      expect(decided.filter(({ status }) => status === "pending")).toHaveLength(most);
      expect(decided.filter(({ failure }) => failure?.code === "risk_blocked")).toHaveLength(
        count - most,
      );
      if (completed_only) return; // Those released are no longer counted by those who come later.
      const counts = decided.map(({ risk }) => risk.signals["customer.count.1h"] ?? 0);
      expect(counts.sort((a, b) => a - b)).toEqual(times(count, (index) => index + 1));
    },
  );

  const velocityOf = (index: number) =>
    env.VELOCITY.getByName(`velocity-${index % readConfig(env).velocity_shards}`);

  it("A burst of 200 customers on one ip is blocked after exactly the configured number", async () => {
    const rules: Rule[] = [
      {
        id: "card-testing",
        outcome: "block",
        when: {
          all: [
            { velocity: { of: "metadata.ip", measure: "customers", window: "1h" }, above: 5 },
            { not: { amount: { above: "20" } } },
          ],
        },
      },
    ];
    const shop = await newRuledClient({ rules });
    const pay = (index: number, ip: string) =>
      shop.created({ user_id: `thief_${index}`, amount: 1 + (index % 9), metadata: { ip } });
    const decided = await Promise.all(times(200, (index) => pay(index, "198.51.100.7")));
    expect(decided.filter(({ status }) => status === "pending")).toHaveLength(5);
    const counts = decided.map(({ risk }) => risk.signals["metadata.ip.customers.1h"] ?? 0);
    expect(counts.sort((a, b) => a - b)).toEqual(times(200, (index) => index + 1));
    const elsewhere = await pay(0, "198.51.100.8");
    expect(elsewhere).toMatchObject({ status: "pending" });
    const large = await shop.created({ amount: 20.01, metadata: { ip: "198.51.100.7" } });
    expect(large).toMatchObject({ status: "pending" });
    const unknown = await shop.created({ user_id: "thief_0" });
    expect(unknown.risk).toMatchObject({ decision: "approve", signals: {} });
  });

  it("A cancelled payment makes room in a limit that counts completed payments only", async () => {
    const rules: Rule[] = [
      {
        id: "two",
        outcome: "block",
        when: {
          velocity: { of: "customer", measure: "count", window: "24h", completed_only: true },
          above: 2,
        },
      },
    ];
    const shop = await newRuledClient({ rules });
    const body = { user_id: "one" };
    const [first] = [await shop.created(body), await shop.created(body)];
    expect(await shop.created(body)).toMatchObject({ status: "failed" });
    await shop.cancel(first.id);
    await until(async () => (await shop.created(body)).status === "pending");
  });
});

describe("rules that change", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("Changed rules apply to every payment that arrives five seconds later", async () => {
    const shop = await newRuledClient({ rules: [] });
    expect(await shop.created()).toMatchObject({ status: "pending" });
    vi.useFakeTimers({ toFake: ["Date"] });
    await changeRules(shop, { rules: [BLOCK_ALL] });
    for (let sinceMs = 0; sinceMs < 6_000; sinceMs += 250) {
      const { status, risk } = await shop.created();
      expect(status).toBe(risk.rule_set_version === 2 ? "failed" : "pending");
      if (sinceMs >= 5_000) expect(risk.rule_set_version).toBe(2);
      vi.setSystemTime(Date.now() + 250);
    }
  });

  it("The result of a shadow rule is recorded, and does not change the decision", async () => {
    const shop = await newRuledClient({ rules: [{ ...BLOCK_ALL, shadow: true }] });
    expect(await shop.created()).toMatchObject({
      status: "pending",
      fraud_score: 0,
      risk: { reasons: [], shadow: [{ rule: "nobody", outcome: "block" }] },
    });
  });

  it("A merchant without rules of its own has the deployment's", async () => {
    const shop = await newClient();
    const scores = async (amount: string) => {
      const { fraud_score, risk } = await shop.created({ user_id: `of ${amount}`, amount });
      return [fraud_score, risk.decision, risk.rule_set_version, risk.signals];
    };
    const signals = { "customer.count.24h": 1 };
    expect(await scores("5000.00")).toEqual([0, "approve", 0, signals]);
    expect(await scores("5000.01")).toEqual([40, "approve", 0, signals]);
    expect(await scores("10000.01")).toEqual([70, "block", 0, signals]);
    const often = [];
    for (const _ of times(11, () => 0)) often.push((await shop.created()).fraud_score);
    expect(often).toEqual([...times(10, () => 0), 30]);
  });

  it.each([
    ["12000", "JPY", 0, []],
    ["750000", "JPY", 0, []],
    ["750001", "JPY", 40, ["750001 JPY is above 750000 JPY"]],
    ["7500001", "KRW", 40, ["7500001 KRW is above 7500000 KRW"]],
    ["1500000.01", "HUF", 40, ["1500000.01 HUF is above 1500000 HUF"]],
    ["1500.001", "KWD", 40, ["1500.001 KWD is above 1500 KWD"]],
    ["3000.001", "KWD", 70, ["3000.001 KWD is above 1500 KWD", "3000.001 KWD is above 3000 KWD"]],
  ])(
    "The deployment's rules judge %s %s by that currency's threshold",
    async (amount, currency, score, why) => {
      const shop = await newClient();
      const { fraud_score, risk } = await shop.created({ amount, currency });
      expect([fraud_score, risk.reasons.map(({ detail }) => detail)]).toEqual([score, why]);
      expect(risk.decision).toBe(score < 70 ? "approve" : "block");
    },
  );

  it("Rules may name amounts by currency, which do not apply to payments in others", async () => {
    const velocity = { of: "customer", measure: "sum", window: "24h" } as const;
    const shop = await newRuledClient({
      rules: [
        { id: "large", points: 1, when: { amount: { above: { USD: "10", JPY: "1500" } } } },
        { id: "sum", points: 10, when: { velocity, above: { USD: "15", KWD: "4.5" } } },
      ],
    });
    const scores = async (amount: string, currency: string) =>
      (await shop.created({ amount, currency })).fraud_score;
    expect(await scores("10.01", "USD")).toBe(1);
    expect(await scores("10", "USD")).toBe(10);
    expect(await scores("1501", "JPY")).toBe(1);
    expect(await scores("1500", "JPY")).toBe(0);
    expect(await scores("4.501", "KWD")).toBe(10);
    expect(await scores("9999999", "EUR")).toBe(0);
  });

  it("Lists come before rules: a blocked customer is blocked", async () => {
    const shop = await newClient();
    const entry = { list: "block", field: "email_domain", value: "throwaway.example" };
    expect((await shop.ask("POST", "/api/v1/risk/lists", entry)).status).toBe(201);
    const blocked = await shop.created({ metadata: { email: "X@Throwaway.Example" } });
    expect(blocked).toMatchObject({
      status: "failed",
      risk: {
        decision: "block",
        reasons: [{ rule: "block_list", outcome: "block" }],
        signals: { "listed.block.email_domain": 1 },
      },
    });
    expect(await shop.created({ metadata: { email: "x@shop.example" } })).toMatchObject({
      status: "pending",
    });
  });
});

describe("when the rules cannot be read", () => {
  it("While the rules cannot be read, payments use the last known ones, and of unknown merchants none is decided", async () => {
    const known = await newRuledClient({ rules: [LARGE] });
    await known.created();
    const other = await newRuledClient({ rules: [BLOCK_ALL] });
    const stranger = clientOf(other.merchant_id, other.key_id, other.key);
    await stranger.get(TRANSACTIONS); // Its key is known where the request lands.
    await env.DB.exec("ALTER TABLE risk_versions RENAME TO risk_versions_gone");
    try {
      expect(await known.created({ amount: 150 })).toMatchObject({ status: "review" });
      const refused = await stranger.create({}, "unknown");
      expect([refused.status, await codeOf(refused)]).toEqual([503, "unavailable"]);
    } finally {
      await env.DB.exec("ALTER TABLE risk_versions_gone RENAME TO risk_versions");
    }
    await until(async () => (await stranger.create({}, "unknown")).status === 201);
    expect(await stranger.created({}, "unknown")).toMatchObject({ status: "failed" });
  });
});

it("Every decision of this file is computed again from what was stored with it", async () => {
  expect(await recomputeAll()).toBeGreaterThan(sized(1_000, 2_500));
});
