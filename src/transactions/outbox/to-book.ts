/** D1 as a destination: the book, which lists read. */
import { APPEND_LIMITS, appendEvents } from "../../d1/append-events";
import type { Env } from "../../env";
import type { Delivery } from "./destination";

/** Each write costs D1's one thread about a millisecond, whatever it holds, and the shards share that thread. Whoever reads
 *  the book has it written first, so it may be late. */
const PACE_MS = 250;

export function toBook({ DB }: Pick<Env, "DB">): Delivery {
  return {
    max_batch: APPEND_LIMITS,
    pace_ms: () => PACE_MS,
    deliver: (events) => appendEvents(DB, events),
  };
}
