/** Asks velocity about a whole round: one call for each velocity object concerned. */
import type { Env } from "../config";
import { velocityNameFor } from "../domain/id";
import type { Observation } from "../domain/risk/observation";
import type { Signals } from "../domain/risk/rule-set";
import { within } from "../within";

/** A count takes a few milliseconds. Whoever waits longer keeps a whole round waiting. */
const CALL_LIMIT_MS = 1_000;

export type Observed = { ok: true; signals: Signals } | { ok: false; fault: unknown };

/** The signals of each payment by transaction id, of all its subjects. A velocity object that fails takes
 *  only the payments with it that it was asked about. */
export async function observeAll(
  velocity: Env["VELOCITY"],
  shards: number,
  observations: Observation[],
): Promise<Map<string, Observed>> {
  const byObject = Map.groupBy(observations, (observation) => nameFor(observation, shards));
  const observed = new Map<string, Observed>();
  const calls = [...byObject].map(async ([name, group]) => {
    const answers = await observe(velocity, name, group);
    group.forEach((observation, index) => {
      const { transaction_id } = observation;
      const before = observed.get(transaction_id) ?? { ok: true, signals: {} };
      observed.set(transaction_id, before.ok ? add(before, observation, answers, index) : before);
    });
  });
  await Promise.all(calls);
  return observed;
}

type Answers = { ok: true; measured: number[][] } | { ok: false; fault: unknown };

function add(
  { signals }: Observed & { ok: true },
  { subject, measures }: Observation,
  answers: Answers,
  index: number,
): Observed {
  if (!answers.ok) return answers;
  const measured = answers.measured[index];
  for (const [at, measure] of measures.entries()) {
    const signal = measured?.[at];
    if (signal === undefined)
      return { ok: false, fault: new Error("velocity answered too little") };
    signals[`${subject}.${measure}`] = signal;
  }
  return measured
    ? { ok: true, signals }
    : { ok: false, fault: new Error("velocity answered too little") };
}

/** Asked a second time after a failure: counting is idempotent, and an object that was just moved or
 *  restarted answers the second call. */
async function observe(
  velocity: Env["VELOCITY"],
  name: string,
  observations: Observation[],
): Promise<Answers> {
  const ask = (): Promise<number[][]> =>
    within(CALL_LIMIT_MS, observing(velocity.getByName(name), observations));
  try {
    return { ok: true, measured: await ask().catch(ask) };
  } catch (fault) {
    return { ok: false, fault };
  }
}

function nameFor({ merchant_id, subject, value }: Observation, shards: number): string {
  const of = subject === "customer" ? value : `${subject} ${value}`;
  return velocityNameFor(merchant_id, of, shards);
}

/** Only customers' daily counts are known so far. */
async function observing(
  object: ReturnType<Env["VELOCITY"]["getByName"]>,
  observations: Observation[],
): Promise<number[][]> {
  const told = await object.observe(observations);
  return told.map(({ day }) => [day.count]);
}
