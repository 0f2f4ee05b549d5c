import { requiredSignals } from "../../domain/risk/conditions/required-signals";
import { listSignals } from "../../domain/risk/lists/list";
import type { Observation } from "../../domain/risk/observation";
import { subjectValue } from "../../domain/risk/payment";
import type { VersionedRuleSet } from "../../domain/risk/rule-set";
import type { RiskBasis } from "../../domain/transaction/decide-create";
import type { Env } from "../../env";
import { observePayments } from "../../velocity/client";
import type { Command } from "../commands/command";
import type { MerchantRules, RulesCache } from "./rules-cache";

export type DecisionInputs = { ok: true; basis: RiskBasis } | { ok: false; fault: unknown };

export type NewPayment = Extract<Command, { kind: "create" }>;

/** The payments of a round that have to be decided: every create that is not a repetition. Of several
 *  under one id the first is the one that can become a transaction. */
export function newPayments(
  commands: Command[],
  isHeld: (transactionId: string) => boolean,
): NewPayment[] {
  const payments = new Map<string, NewPayment>();
  for (const command of commands) {
    if (command.kind !== "create" || payments.has(command.transaction_id)) continue;
    if (!isHeld(command.transaction_id)) payments.set(command.transaction_id, command);
  }
  return [...payments.values()];
}

/** Where decisions come from, as far as they are not in the payment. */
export type DecisionSources = {
  velocity: Env["VELOCITY"];
  velocity_shards: number;
  book: RulesCache;
  default_rules: VersionedRuleSet;
};

/** Each payment's basis by transaction id. A merchant's rules or a velocity object that cannot be had take
 *  only their own payments with them. */
export async function readDecisionInputs(
  payments: NewPayment[],
  sources: DecisionSources,
): Promise<Map<string, DecisionInputs>> {
  const gathered = new Map<string, DecisionInputs>();
  const observations: Observation[] = [];
  const merchants = await rulesOf(payments, sources.book);
  const now = Date.now();
  for (const payment of payments) {
    const { transaction_id, merchant_id, request } = payment;
    const known = merchants.get(merchant_id);
    if (!known || "fault" in known) {
      gathered.set(transaction_id, { ok: false, fault: known?.fault });
      continue;
    }
    const rules = known.rules ?? sources.default_rules;
    const signals = listSignals(request, known.lists, now);
    gathered.set(transaction_id, { ok: true, basis: { signals, rules } });
    observations.push(...observationsOf(payment, rules));
  }
  const velocity = await observePayments(sources.velocity, sources.velocity_shards, observations);
  for (const [transactionId, observed] of velocity) {
    const own = gathered.get(transactionId);
    if (!observed.ok) gathered.set(transactionId, observed);
    else if (own?.ok) Object.assign(own.basis.signals, observed.signals);
  }
  return gathered;
}

async function rulesOf(
  payments: NewPayment[],
  book: RulesCache,
): Promise<Map<string, MerchantRules | { fault: unknown }>> {
  const merchants = new Set(payments.map(({ merchant_id }) => merchant_id));
  const found = new Map<string, MerchantRules | { fault: unknown }>();
  const reads = [...merchants].map(async (merchantId) => {
    try {
      found.set(merchantId, await book.of(merchantId));
    } catch (fault) {
      found.set(merchantId, { fault });
    }
  });
  await Promise.all(reads);
  return found;
}

/** One for the customer, and one for each metadata field whose velocity the rules look at. */
function observationsOf(payment: NewPayment, { rule_set }: VersionedRuleSet): Observation[] {
  const { transaction_id, merchant_id, request } = payment;
  const { user_id, currency, amount_minor } = request;
  const observations: Observation[] = [];
  for (const { subject, measures } of requiredSignals(rule_set)) {
    const value = subjectValue(request, subject);
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
