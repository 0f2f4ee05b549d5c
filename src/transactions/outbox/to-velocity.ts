/** The velocity objects as a destination: payments that were blocked, declined, rejected or cancelled no longer count
 *  where rules look at completed payments only. */
import { buildReleases, RELEASING_TYPES } from "../../domain/risk/release";
import type { Env } from "../../env";
import { releasePayments } from "../../velocity/client";
import type { Delivery } from "./destination";

export function toVelocity({ VELOCITY }: Pick<Env, "VELOCITY">, shards: number): Delivery {
  return {
    types: RELEASING_TYPES,
    deliver: (events) => releasePayments(VELOCITY, shards, events.flatMap(buildReleases)),
  };
}
