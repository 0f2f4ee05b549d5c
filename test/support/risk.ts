/** Merchants with fraud rules of their own, and everything that was decided by them. */
import { expect } from "vitest";
import { readConfig } from "../../src/config";
import { unpackEvents } from "../../src/d1/events/earlier-events";
import { openDatabase } from "../../src/d1/query";
import { readRuleSet, writeRuleSet } from "../../src/d1/risk/risk-rules";
import { shardName } from "../../src/domain/identity/id";
import { evaluate } from "../../src/domain/risk/evaluate";
import type { RuleSet, VersionedRuleSet } from "../../src/domain/risk/rule-set";
import type { EventRecord } from "../../src/domain/transaction/event";
import type { Transaction } from "../../src/domain/transaction/transaction";
import { type Client, newClient } from "./api";
import { env } from "./env";

const db = openDatabase(env.DB);
/** Every version of every merchant's rules that this file has made. */
const made = new Map<string, VersionedRuleSet[]>();

export const rulesOf = (fields: Partial<RuleSet>): RuleSet => ({
  rules: [],
  review_score: 101,
  block_score: 101,
  allow_beats_block: false,
  review_expires_after_s: 3_600,
  review_expires_to: "reject",
  ...fields,
});

/** A merchant with these rules, before its first payment. */
export async function newRuledClient(fields: Partial<RuleSet>): Promise<Client> {
  const client = await newClient();
  await changeRules(client, fields);
  return client;
}

/** Straight into the book: the API has limits that a test of expiry cannot wait for. */
export async function changeRules(
  { merchant_id }: Client,
  fields: Partial<RuleSet>,
): Promise<void> {
  const { version = 0 } = (await readRuleSet(db, merchant_id)) ?? {};
  const rule_set = rulesOf(fields);
  const written = await writeRuleSet(db, merchant_id, version, rule_set, Date.now());
  expect(written.ok).toBe(true);
  const own = made.get(merchant_id) ?? [{ ...readConfig(env).default_rules }];
  made.set(merchant_id, [...own, { version: version + 1, rule_set }]);
}

/** Computes every decision that the book holds again, from what was frozen. Merchants whose rules this file
 *  has not made have the default.
 *  @returns how many there were. */
export async function recomputeAll(): Promise<number> {
  const { default_rules, transaction_shards } = readConfig(env);
  const shards = Array.from({ length: transaction_shards }, (_, shard) => shardName(shard));
  await Promise.all(shards.map((name) => env.TRANSACTIONS.getByName(name).refreshBook(null)));
  const { results } = await env.DB.prepare("SELECT *, created_at AS created_at_ms FROM events").all<
    EventRecord & { earlier: string }
  >();
  const events = results.flatMap(unpackEvents);
  for (const { merchant_id, data } of events) {
    const { fraud_score, risk, ...payment } = JSON.parse(data) as Transaction;
    const versions = made.get(merchant_id) ?? [default_rules];
    const rules = versions.find(({ version }) => version === risk.rule_set_version);
    if (!rules) throw new Error(`no rule set ${risk.rule_set_version}`);
    expect(evaluate(payment, risk.signals, rules)).toEqual({ fraud_score, risk });
  }
  return events.length;
}
