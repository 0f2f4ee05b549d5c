/** Merchants with fraud rules of their own, and everything that was decided by them. */
import { expect } from "vitest";
import { readConfig } from "../../src/config";
import { openDatabase } from "../../src/d1/query";
import { readRuleSet, writeRuleSet } from "../../src/d1/risk/risk-rules";
import { FEED_SIZE } from "../../src/d1/schema";
import { shardName, transactionObjectName } from "../../src/domain/identity/id";
import { unpackId } from "../../src/domain/identity/packed-id";
import { evaluate } from "../../src/domain/risk/evaluate";
import type { RuleSet, VersionedRuleSet } from "../../src/domain/risk/rule-set";
import type { Transaction } from "../../src/domain/transaction/transaction";
import type { EventsReply } from "../../src/transactions/rpc";
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
  const { results } = await env.DB.prepare(
    `SELECT merchant_id, feed_events.id, min(first) AS first, max(sequence) AS last
     FROM feed_events JOIN feeds ON feeds.id = position / ${FEED_SIZE} GROUP BY 1, 2`,
  ).all<{ merchant_id: string; id: number[]; first: number; last: number }>();
  const groups = Map.groupBy(results, ({ merchant_id, id }) => {
    return `${transactionObjectName(unpackId(id), transaction_shards)} ${merchant_id}`;
  });
  const reads = [...groups].map(async ([key, rows]) => {
    const [name = "", merchant_id = ""] = key.split(" ");
    const ranges = rows.map(({ id, first, last }) => ({
      transaction_id: unpackId(id),
      first,
      last,
    }));
    const wanted = { shards: transaction_shards, merchant_id, ranges };
    const reply = (await env.TRANSACTIONS.getByName(name).eventsOfMany(wanted)) as EventsReply;
    return reply.ok ? reply.events : [];
  });
  const events = (await Promise.all(reads)).flat();
  for (const { merchant_id, data } of events) {
    const { fraud_score, risk, ...payment } = JSON.parse(data) as Transaction;
    const versions = made.get(merchant_id) ?? [default_rules];
    const rules = versions.find(({ version }) => version === risk.rule_set_version);
    if (!rules) throw new Error(`no rule set ${risk.rule_set_version}`);
    expect(evaluate(payment, risk.signals, rules)).toEqual({ fraud_score, risk });
  }
  return events.length;
}
