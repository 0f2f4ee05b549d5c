/** Gathers the velocity signals of a whole round: one call for each velocity object concerned. */
import type { Env } from "../config";
import { velocityNameFor } from "../domain/id";
import type { Observation, Signals } from "../domain/velocity";

export type Gathered = { ok: true; signals: Signals } | { ok: false; fault: unknown };

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
  const ask = (): Promise<Signals[]> => velocity.getByName(name).observe(payments);
  try {
    return { ok: true, signals: await ask().catch(ask) };
  } catch (fault) {
    return { ok: false, fault };
  }
}
