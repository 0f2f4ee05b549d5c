/** Which events of a write D1 has already: those up to the version of their transaction, in either table. */
import type { EventType } from "../../domain/transaction/event";
import type { RowKey } from "./listed-row";

/** An event and how it is counted; null where it is not counted by hour. */
export type CountedEvent = [
  ...key: RowKey,
  sequence: number,
  ...kind: [type: EventType, currency: string, code: string, decision: string],
  amount_minor: number,
  isFailure: boolean,
  hour: number,
  counter: string | null,
];

/** Whether D1 lacks the event `value`, a JSONB `CountedEvent`. */
export const IS_NEW = `
  NOT EXISTS (
    SELECT 1 FROM listed_transactions
    WHERE feed = (SELECT id FROM feeds WHERE merchant_id = value ->> 0) AND created_at = value ->> 1
      AND id = unhex(value ->> 2) AND version >= value ->> 5
  ) AND NOT EXISTS (
    SELECT 1 FROM transactions
    WHERE merchant_id = value ->> 0 AND created_at = value ->> 3 AND id = value ->> 4 AND version >= value ->> 5
  )`;
