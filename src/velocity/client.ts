/** The client of the velocity objects. */
import { velocityObjectName, velocityShardName } from "../domain/identity/id";
import type { Observation, Release } from "../domain/risk/observation";
import type { Signals } from "../domain/risk/rule-set";
import type { Env } from "../env";
import { callObject, type ObjectStub, objectStub } from "../runtime/object-stub";
import type { Forgotten, ForgottenCustomer, Place, VelocityShardRpc } from "./rpc";

/** A count takes a few milliseconds. A slow one delays a whole batch. */
const CALL_LIMIT_MS = 1_000;

/** A step of an erasure reads and deletes thousands of rows. */
const FORGET_LIMIT_MS = 10_000;

/** A velocity shard by its name. */
export function velocityShard(
  env: Pick<Env, "VELOCITY">,
  name: string,
): ObjectStub<VelocityShardRpc> {
  return objectStub(env.VELOCITY, name);
}

export type Observed = { ok: true; signals: Signals } | { ok: false; fault: unknown };

/** Counts payments, and returns the signals of each by transaction id, of all its subjects. A velocity object that fails
 *  makes only those payments fail that it counts. */
export async function observePayments(
  velocity: Env["VELOCITY"],
  shards: number,
  observations: Observation[],
): Promise<Map<string, Observed>> {
  const byObject = Map.groupBy(observations, (observation) => nameFor(observation, shards));
  const observed = new Map<string, Observed>();
  const calls = [...byObject].map(async ([name, group]) => {
    const response = await observe(velocity, name, group);
    group.forEach((observation, index) => {
      const { transaction_id } = observation;
      const before = observed.get(transaction_id) ?? { ok: true, signals: {} };
      observed.set(transaction_id, before.ok ? add(before, observation, response, index) : before);
    });
  });
  await Promise.all(calls);
  return observed;
}

type Measured = { ok: true; measured: number[][] } | { ok: false; fault: unknown };

function add(
  { signals }: Observed & { ok: true },
  { subject, measures }: Observation,
  response: Measured,
  index: number,
): Observed {
  if (!response.ok) return response;
  const measured = response.measured[index];
  if (measured?.length !== measures.length) {
    return { ok: false, fault: new Error("velocity returned too few values") };
  }
  for (const [at, signal] of measured.entries()) signals[`${subject}.${measures[at]}`] = signal;
  return { ok: true, signals };
}

/** Counting is idempotent, so a call that timed out is repeated once. */
async function observe(
  velocity: Env["VELOCITY"],
  name: string,
  observations: Observation[],
): Promise<Measured> {
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

/** Releases payments that were not completed: they no longer count where only completed ones do. Idempotent. Not repeated
 *  here: the outbox calls again. @throws the fault of a velocity object that could not be called */
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

/** Deletes some of the rows of a customer in one of the velocity objects. @throws the fault of the call */
export function forgetPayments(
  velocity: Env["VELOCITY"],
  shard: number,
  customer: ForgottenCustomer,
  after: Place | null,
): Promise<Forgotten> {
  return callObject(velocity, velocityShardName(shard), (one) => one.forget(customer, after), {
    limit_ms: FORGET_LIMIT_MS,
  });
}

function nameFor({ merchant_id, subject, value }: Observation | Release, shards: number): string {
  const counted = subject === "customer" ? value : `${subject} ${value}`;
  return velocityObjectName(merchant_id, counted, shards);
}
