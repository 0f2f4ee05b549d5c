/** The inputs of fraud decisions: the merchant's rules and lists, and velocity signals. */

import type { Config } from "../../config";
import { requiredSignals } from "../../domain/risk/conditions/required-signals";
import { listSignals } from "../../domain/risk/lists/list";
import type { Observation } from "../../domain/risk/observation";
import { readSubject } from "../../domain/risk/payment";
import type { VersionedRuleSet } from "../../domain/risk/rule-set";
import type { RiskBasis } from "../../domain/transaction/decisions/decide-create";
import type { Env } from "../../env";
import type { Log } from "../../observability/log";
import { observePayments } from "../../velocity/client";
import type { Command } from "../commands/command";
import { createRulesReader, type MerchantRules, RulesCache } from "./rules-cache";

export type DecisionInputs = { ok: true; basis: RiskBasis } | { ok: false; fault: unknown };

type MerchantInputs = { ok: true; value: MerchantRules } | { ok: false; fault: unknown };

/** The payments of a batch that have to be decided: all creates of transactions that do not exist yet. Of several
 *  creates with one id the first one makes the transaction. */
export function newPayments(
  commands: Command[],
  exists: (transactionId: string) => boolean,
): Command<"create">[] {
  const payments = new Map<string, Command<"create">>();
  for (const command of commands) {
    if (command.kind !== "create" || payments.has(command.transaction_id)) continue;
    if (!exists(command.transaction_id)) payments.set(command.transaction_id, command);
  }
  return [...payments.values()];
}

export type DecisionSources = {
  velocity: Env["VELOCITY"];
  velocity_shards: number;
  rules: RulesCache;
  /** The rules of merchants without their own. */
  default_rules: VersionedRuleSet;
};

export function createDecisionSources(
  env: Pick<Env, "VELOCITY" | "DB">,
  { velocity_shards, default_rules }: Pick<Config, "velocity_shards" | "default_rules">,
  log: Log,
): DecisionSources {
  const rules = new RulesCache(createRulesReader(env.DB), log);
  return { velocity: env.VELOCITY, velocity_shards, rules, default_rules };
}

/** The inputs of each payment by transaction id. A fault of a merchant's rules or of a velocity object affects only the
 *  payments that need them. Counts the payments at the velocity objects. */
export async function readDecisionInputs(
  payments: Command<"create">[],
  sources: DecisionSources,
): Promise<Map<string, DecisionInputs>> {
  const inputs = new Map<string, DecisionInputs>();
  const observations: Observation[] = [];
  const merchants = await readMerchants(payments, sources.rules);
  const now = Date.now();
  for (const payment of payments) {
    const { transaction_id, merchant_id, request } = payment;
    const merchant = merchants.get(merchant_id);
    if (!merchant?.ok) {
      inputs.set(transaction_id, { ok: false, fault: merchant?.fault });
      continue;
    }
    const rules = merchant.value.rules ?? sources.default_rules;
    const signals = listSignals(request, merchant.value.lists, now);
    inputs.set(transaction_id, { ok: true, basis: { signals, rules } });
    observations.push(...toObservations(payment, rules));
  }
  const velocity = await observePayments(sources.velocity, sources.velocity_shards, observations);
  for (const [transactionId, observed] of velocity) {
    const own = inputs.get(transactionId);
    if (!observed.ok) inputs.set(transactionId, observed);
    else if (own?.ok) Object.assign(own.basis.signals, observed.signals);
  }
  return inputs;
}

async function readMerchants(
  payments: Command<"create">[],
  rules: RulesCache,
): Promise<Map<string, MerchantInputs>> {
  const merchantIds = new Set(payments.map(({ merchant_id }) => merchant_id));
  const found = new Map<string, MerchantInputs>();
  const reads = [...merchantIds].map(async (merchantId) => {
    try {
      found.set(merchantId, { ok: true, value: await rules.get(merchantId) });
    } catch (fault) {
      found.set(merchantId, { ok: false, fault });
    }
  });
  await Promise.all(reads);
  return found;
}

/** One for the customer, and one for each metadata field whose velocity the rules use. */
function toObservations(payment: Command<"create">, { rule_set }: VersionedRuleSet): Observation[] {
  const { transaction_id, merchant_id, request } = payment;
  const { user_id, currency, amount_minor } = request;
  const observations: Observation[] = [];
  for (const { subject, measures } of requiredSignals(rule_set)) {
    const value = readSubject(request, subject);
    if (value === undefined) continue;
    observations.push({
      transaction_id,
      merchant_id,
      subject,
      value,
      user_id,
      currency,
      amount_minor,
      measures,
    });
  }
  return observations;
}
