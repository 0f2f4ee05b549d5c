/** What happened in each hour, by merchant and currency: small rows that every write of events maintains, so that a chart
 *  reads neither events nor transactions. Hours are UTC. */
import { sql } from "drizzle-orm";
import type { EventType } from "../domain/transaction/event";
import { REVIEW_REJECTED, RISK_BLOCKED } from "../domain/transaction/transaction";
import { type Database, queryD1 } from "./query";
import { REVERSED } from "./totals";
import { ALL_MERCHANTS } from "./totals-schema";
import { IS_NEW } from "./transactions/known-versions";

export const HOUR_MS = 3_600_000;

/** Those with a sum of amounts beside the count. */
const SUMMED = ["created", "completed", "refunded", "reversed", "disputed"] as const;
const COUNTERS = [
  ...SUMMED,
  "authorized",
  "declined",
  "blocked",
  "held",
  "rejected",
  "cancelled",
] as const;
type Summed = (typeof SUMMED)[number];
type Counter = (typeof COUNTERS)[number];

/** What each event counts as; null for steps on the way to another one. */
const COUNTER_OF = {
  "transaction.created": "created",
  "transaction.review_opened": "held",
  "transaction.review_approved": null,
  "transaction.processing": null,
  "transaction.requires_action": null,
  "transaction.authorized": "authorized",
  "transaction.captured": "completed",
  "transaction.capture_failed": null,
  "transaction.voided": "cancelled",
  "transaction.void_failed": null,
  "transaction.capture_expired": "cancelled",
  "transaction.action_expired": "cancelled",
  "transaction.completed": "completed",
  "transaction.failed": "declined",
  "transaction.cancelled": "cancelled",
  "transaction.erased": null,
  "dispute.opened": "disputed",
  "dispute.closed": null,
  "refund.created": null,
  "refund.succeeded": "refunded",
  "refund.failed": null,
} as const satisfies Record<EventType, Counter | null>;

/** @param code of the event, as `countedAs` returns it */
export function counterOf(type: EventType, code: string): Counter | null {
  if (type === "refund.failed" && code === REVERSED) return "reversed";
  if (type === "transaction.failed" && code === RISK_BLOCKED) return "blocked";
  if (type === "transaction.failed" && code === REVIEW_REJECTED) return "rejected";
  return COUNTER_OF[type];
}

/** @param ms since 1970 @returns whole hours since 1970 */
export const toHour = (ms: number): number => Math.floor(ms / HOUR_MS);

const COLUMNS = [...COUNTERS, ...SUMMED.map((counter) => `${counter}_minor` as const)];

/** Counts the events that are not in D1 yet: those above the version of their transaction. Runs before they are written.
 *  One row for each merchant, hour and currency, and one for all merchants. ?1: the `CountedEvent`s with a counter */
export const COUNT_HOURS = `
  INSERT INTO hourly_totals (merchant_id, hour, currency, ${COLUMNS.join(", ")})
  WITH sent AS MATERIALIZED (SELECT jsonb(value) AS value FROM json_each(?1)),
  missing AS MATERIALIZED (
    SELECT value ->> 0 AS merchant, value ->> 12 AS hour, value ->> 7 AS currency, value ->> 13 AS counter,
      count(*) AS events, sum(value ->> 10) AS minor
    FROM sent WHERE ${IS_NEW}
    GROUP BY 1, 2, 3, 4
  )
  SELECT iif(whose.value, merchant, '${ALL_MERCHANTS}'), hour, currency,
    ${COUNTERS.map((counter) => `sum(iif(counter = '${counter}', events, 0))`).join(", ")},
    ${SUMMED.map((counter) => `sum(iif(counter = '${counter}', minor, 0))`).join(", ")}
  FROM missing CROSS JOIN json_each('[0, 1]') AS whose
  GROUP BY 1, 2, 3
  ON CONFLICT (merchant_id, hour, currency) DO UPDATE SET
    ${COLUMNS.map((column) => `${column} = ${column} + excluded.${column}`).join(", ")}`;

/** What happened in some hours. Amounts are in minor units of `currency`, exact above the safe integers of a number too. */
export type HoursTotal = {
  /** The first of the hours, in whole hours since 1970. */
  hour: number;
  currency: string;
} & Record<Counter, number> &
  Record<`${Summed}_minor`, bigint>;

/** How much a chart shows, and how many hours are one point of it, which are 31 at most. Points begin at whole multiples
 *  of their hours since 1970, so days begin at midnight UTC, and the last point is under way. */
export const PERIODS = {
  "1h": { hours: 2, hours_of_point: 1 },
  "24h": { hours: 24, hours_of_point: 1 },
  "7d": { hours: 168, hours_of_point: 6 },
  "30d": { hours: 720, hours_of_point: 24 },
} as const;
export type Period = keyof typeof PERIODS;

/** The points of a chart, oldest first, as the first hour of each. The last one is under way. */
export function pointsOf(period: Period, nowMs: number): number[] {
  const { hours, hours_of_point } = PERIODS[period];
  const last = Math.floor(toHour(nowMs) / hours_of_point) * hours_of_point;
  const count = hours / hours_of_point;
  return Array.from({ length: count }, (_, at) => last - (count - 1 - at) * hours_of_point);
}

/** Amounts are read as two sums, because one of them alone could exceed 64 bits. */
const HALF = 1_000_000_000;

/** The points of a chart that have any event, by currency, oldest first. Reads a row for each hour and currency of the
 *  period.
 *  @param merchantId undefined for all merchants together
 *  @throws DatabaseUnavailable */
export async function readHours(
  db: Database,
  merchantId: string | undefined,
  period: Period,
  nowMs: number,
): Promise<HoursTotal[]> {
  const { hours, hours_of_point } = PERIODS[period];
  const [first = 0] = pointsOf(period, nowMs);
  const until = first + hours;
  const size = sql.raw(String(hours_of_point)); // D1 would bind it as a float, and divide as such.
  const counts = COUNTERS.map((counter) => `sum(${counter}) AS ${counter}`);
  const amounts = SUMMED.flatMap((counter) => [
    `sum(${counter}_minor / ${HALF}) AS ${counter}_high`,
    `sum(${counter}_minor % ${HALF}) AS ${counter}_low`,
  ]);
  const rows = await queryD1(
    db.all<Row>(sql`
      SELECT hour / ${size} * ${size} AS first_hour, currency,
        ${sql.raw([...counts, ...amounts].join(", "))}
      FROM hourly_totals
      WHERE merchant_id = ${merchantId ?? ALL_MERCHANTS} AND hour >= ${first} AND hour < ${until}
      GROUP BY 1, 2 ORDER BY 1, 2`),
  );
  return rows.map(toHoursTotal);
}

type Row = { first_hour: number; currency: string } & Record<
  Counter | `${Summed}_high` | `${Summed}_low`,
  number
>;

function toHoursTotal(row: Row): HoursTotal {
  const counts = COUNTERS.map((counter) => [counter, row[counter]]);
  const amounts = SUMMED.map((counter) => [
    `${counter}_minor`,
    BigInt(row[`${counter}_high`]) * BigInt(HALF) + BigInt(row[`${counter}_low`]),
  ]);
  return {
    hour: row.first_hour,
    currency: row.currency,
    ...(Object.fromEntries(counts) as Record<Counter, number>), // One of each.
    ...(Object.fromEntries(amounts) as Record<`${Summed}_minor`, bigint>),
  };
}
