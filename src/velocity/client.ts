/** The client of the velocity objects. */
import { velocityObjectName } from "../domain/identity/id";
import type { Observation, Release } from "../domain/risk/observation";
import type { Signals } from "../domain/risk/rule-set";
import type { Env } from "../env";
import { callObject, type ObjectStub, objectStub } from "../runtime/object-stub";
import type { VelocityShardRpc } from "./rpc";

/** A count takes a few milliseconds. Whoever waits longer keeps a whole round waiting. */
const CALL_LIMIT_MS = 1_000;

/** A velocity shard by its name. */
export function velocityShard(
  env: Pick<Env, "VELOCITY">,
  name: string,
): ObjectStub<VelocityShardRpc> {
  return objectStub(env.VELOCITY, name);
}

export type Observed = { ok: true; signals: Signals } | { ok: false; fault: unknown };

/** The signals of each payment by transaction id, of all its subjects. A velocity object that fails takes
 *  only the payments with it that it was asked about. */
export async function observePayments(
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
  if (measured?.length !== measures.length) {
    return { ok: false, fault: new Error("velocity answered too little") };
  }
  for (const [at, signal] of measured.entries()) signals[`${subject}.${measures[at]}`] = signal;
  return { ok: true, signals };
}

/** Counting is idempotent, so a call that timed out is made once more. */
async function observe(
  velocity: Env["VELOCITY"],
  name: string,
  observations: Observation[],
): Promise<Answers> {
  const options = { limit_ms: CALL_LIMIT_MS, repeats_timeouts: true };
  try {
    const measured = await callObject(
      velocity,
      name,
      (object) => object.observe(observations),
      options,
    );
    return { ok: true, measured };
  } catch (fault) {
    return { ok: false, fault };
  }
}

/** Takes payments that came to nothing out of counts; one that is out already stays out.
 *  @throws when one of the velocity objects cannot be told. */
export async function releasePayments(
  velocity: Env["VELOCITY"],
  shards: number,
  releases: Release[],
): Promise<void> {
  const byObject = Map.groupBy(releases, (release) => nameFor(release, shards));
  await Promise.all(
    [...byObject].map(([name, group]) => objectStub(velocity, name).release(group)),
  );
}

function nameFor({ merchant_id, subject, value }: Observation | Release, shards: number): string {
  const counted = subject === "customer" ? value : `${subject} ${value}`;
  return velocityObjectName(merchant_id, counted, shards);
}
