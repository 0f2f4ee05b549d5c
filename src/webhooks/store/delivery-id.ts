/** Ids of deliveries. An id ends with the position of its row, so that finding a delivery needs no index, which would be
 *  one more row written for each: `whd_gezdgnbvgy3tqojqgezdgnbvgy_42`. */
import { randomId } from "../../runtime/random-id";

/** Ids of earlier releases have no position. There is an index of those alone. */
export const IS_EARLIER_ID = "id NOT GLOB 'whd_*_*'";

const FORM = /^whd_[^_]+_(\d{1,15})$/;

/** The random part makes another merchant's id unknown here, although the position exists. */
export function newDeliveryId(position: number): string {
  return `${randomId("whd")}_${position}`;
}

/** The position of the row that can have this id; undefined for an id of an earlier release. */
export function readPosition(id: string): number | undefined {
  const [, position] = FORM.exec(id) ?? [];
  return position === undefined ? undefined : Number(position);
}
