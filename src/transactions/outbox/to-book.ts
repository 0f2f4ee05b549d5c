/** D1 as a destination: the book, which lists read. */
import { APPEND_LIMITS, appendEvents } from "../../d1/append-events";
import type { Env } from "../../env";
import type { Delivery } from "./destination";

export function toBook({ DB }: Pick<Env, "DB">): Delivery {
  return { max_batch: APPEND_LIMITS, deliver: (events) => appendEvents(DB, events) };
}
