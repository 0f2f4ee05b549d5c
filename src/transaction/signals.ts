/** Gathers the velocity signals of a whole round: one call for each velocity object concerned. */
import type { Env } from "../config";
import { velocityNameFor } from "../domain/id";
import type { Observation, Signals } from "../domain/velocity";
import { within } from "../within";
import type { Command } from "./command";

/** A count takes a few milliseconds. Whoever waits longer keeps a whole round waiting. */
const CALL_LIMIT_MS = 1_000;

export type Gathered = { ok: true; signals: Signals } | { ok: false; fault: unknown };

/** The payments of a round that have to be counted: every create that is not a repetition. Of several
 *  under one id the first is the one that can become a transaction. */
export function paymentsToCount(
  commands: Command[],
  isHeld: (transactionId: string) => boolean,
): Observation[] {
  const payments = new Map<string, Observation>();
  for (const command of commands) {
    if (command.kind !== "create" || payments.has(command.transaction_id)) continue;
    const { transaction_id, merchant_id, request } = command;
    const { user_id, currency, amount_minor } = request;
    if (isHeld(transaction_id)) continue;
    payments.set(transaction_id, { transaction_id, merchant_id, user_id, currency, amount_minor });
  }
  return [...payments.values()];
}

/** The signals of each payment by transaction id. A velocity object that fails takes only its own payments with it. */
export async function gatherSignals(
  velocity: Env["VELOCITY"],
  shards: number,
  payments: Observation[],
): Promise<Map<string, Gathered>> {
  const byObject = Map.groupBy(payments, ({ merchant_id, user_id }) =>
    velocityNameFor(merchant_id, user_id, shards),
  );
  const gathered = new Map<string, Gathered>();
  const calls = [...byObject].map(async ([name, group]) => {
    const answers = await observe(velocity, name, group);
    group.forEach(({ transaction_id }, index) => {
      const signals = answers.ok ? answers.signals[index] : undefined;
      const fault = answers.ok ? new Error("velocity answered too little") : answers.fault;
      gathered.set(transaction_id, signals ? { ok: true, signals } : { ok: false, fault });
    });
  });
  await Promise.all(calls);
  return gathered;
}

/** Asked a second time after a failure: counting is idempotent, and an object that was just moved or
 *  restarted answers the second call. */
async function observe(
  velocity: Env["VELOCITY"],
  name: string,
  payments: Observation[],
): Promise<{ ok: true; signals: Signals[] } | { ok: false; fault: unknown }> {
  const ask = (): Promise<Signals[]> =>
    within(CALL_LIMIT_MS, velocity.getByName(name).observe(payments));
  try {
    return { ok: true, signals: await ask().catch(ask) };
  } catch (fault) {
    return { ok: false, fault };
  }
}
