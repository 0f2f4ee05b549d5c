/** The two tables that lists of transactions are read from: that of this release, and that of earlier ones. */
import { type SQL, sql } from "drizzle-orm";
import { packId } from "../../domain/identity/packed-id";
import { formatTime } from "../../domain/time/format-time";
import { LAST_MS } from "../../domain/time/timestamp";
import type { Status } from "../../domain/transaction/status";
import { STATUS_NUMBERS } from "../../domain/transaction/stored/status-numbers";

/** The place of a transaction or a refund in a list that is sorted by creation. */
export type ListPlace = { created_at: string; id: string };

/** How a table has the places of a list. Times and ids sort like what they stand for. */
export type PlaceForm = {
  /** From ms since 1970. */
  time: (ms: number) => string | number;
  /** From RFC 3339 as in a transaction. */
  timeOf: (created_at: string) => string | number;
  /** Before and after every stored time. */
  bounds: [string | number, string | number];
  id: (text: string) => string | Uint8Array;
  /** Before every id. */
  first_id: string | Uint8Array;
};

/** A year of five digits would sort before all times. */
const AFTER_ALL = "9999-12-31T23:59:60.000Z";

export const PLACES_AS_TEXT: PlaceForm = {
  time: (ms) => (ms > LAST_MS ? AFTER_ALL : formatTime(ms)),
  timeOf: (createdAt) => createdAt,
  bounds: ["", AFTER_ALL],
  id: (text) => text,
  first_id: "",
};
const PACKED_PLACES: PlaceForm = {
  time: (ms) => ms,
  timeOf: Date.parse,
  bounds: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  id: packId,
  first_id: new Uint8Array(),
};

export type ListSource = {
  table: SQL;
  by_user: SQL;
  by_status: SQL;
  places: PlaceForm;
  ownedBy: (merchantId: string) => SQL;
  status: (status: Status) => string | number;
  /** What is read of a row, which has the alias `own`: its place, its text, and what the text is packed against. */
  columns: SQL;
  /** The same of the end of what was examined: its place, without a text. */
  end_columns: SQL;
};

const PLACE = sql`own.created_at, own.id`;

export const LISTED: ListSource = {
  table: sql`listed_transactions`,
  by_user: sql`INDEXED BY listed_by_user`,
  by_status: sql`INDEXED BY listed_by_status`,
  places: PACKED_PLACES,
  ownedBy: (merchantId) => sql`feed = (SELECT id FROM feeds WHERE merchant_id = ${merchantId})`,
  status: (status) => STATUS_NUMBERS[status],
  // The others as one value: each column of each row costs about as much as reading the row.
  columns: sql`${PLACE}, own.data, json_array(own.form, own.version, own.status, own.user_id, own.amount_minor, own.currency, own.updated_at)`,
  end_columns: sql`${PLACE}, NULL, NULL`,
};

export const EARLIER: ListSource = {
  table: sql`transactions`,
  by_user: sql`INDEXED BY transactions_by_user`,
  by_status: sql`INDEXED BY transactions_by_status`,
  places: PLACES_AS_TEXT,
  ownedBy: (merchantId) => sql`merchant_id = ${merchantId}`,
  status: (status) => status,
  columns: sql`${PLACE}, (SELECT data FROM events WHERE position = own.last_event), NULL`,
  end_columns: sql`${PLACE}, NULL, NULL`,
};
