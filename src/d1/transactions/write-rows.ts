/** Writes rows of `listed_transactions`, and moves to it those of earlier releases. */
import type { SentRow } from "./listed-row";

/** Which of the sent rows are written, and which rows of `transactions` they replace: those of a version up to the sent one,
 *  or of the same version; or those of which neither table has a row. */
export type Replaced = "up_to" | "same" | "none";
const REPLACED: Record<Replaced, string> = {
  up_to: "earlier.version <= value ->> 5",
  same: "earlier.version = value ->> 5",
  none: "false",
};

/** The row of `transactions` of a sent one. */
const EARLIER = `transactions AS earlier
  ON earlier.merchant_id = value ->> 0 AND earlier.created_at = value ->> 3 AND earlier.id = value ->> 4`;

/** A row only moves to a higher version. */
const RAISE = `DO UPDATE SET
      version = excluded.version,
      status = excluded.status,
      user_id = excluded.user_id,
      updated_at = excluded.updated_at,
      form = excluded.form,
      data = excluded.data
    WHERE excluded.version > listed_transactions.version`;

/** ?1: the `SentRow`s */
function writeRows(replaced: Replaced): string {
  // Without an earlier row there is nothing to compare with.
  const join = replaced === "same" ? "CROSS JOIN" : "LEFT JOIN";
  const none = replaced === "same" ? "" : "earlier.version IS NULL OR";
  return `
    INSERT INTO listed_transactions
      (feed, created_at, id, version, status, user_id, amount_minor, currency, updated_at, form, data)
    WITH sent AS MATERIALIZED (SELECT jsonb(value) AS value FROM json_each(?1))
    SELECT feeds.id, value ->> 1, unhex(value ->> 2), value ->> 5, value ->> 6, value ->> 7, value ->> 8, value ->> 9,
      value ->> 10, value ->> 11, value ->> 12
    FROM sent CROSS JOIN feeds ON feeds.merchant_id = value ->> 0 ${join} ${EARLIER}
    WHERE ${none} ${REPLACED[replaced]}
    ON CONFLICT (feed, created_at, id) ${replaced === "none" ? "DO NOTHING" : RAISE}`;
}

/** ?1: the same, after they were written. */
function deleteReplaced(replaced: Replaced): string {
  return `
    DELETE FROM transactions WHERE (merchant_id, created_at, id) IN (
      SELECT earlier.merchant_id, earlier.created_at, earlier.id
      FROM json_each(?1) AS sent CROSS JOIN ${EARLIER.replaceAll("value ->>", "sent.value ->>")}
      WHERE ${REPLACED[replaced].replace("value ->>", "sent.value ->>")}
    )`;
}

/** The statements that write rows. */
export function prepareRows(
  db: D1Database,
  rows: SentRow[],
  replaced: Replaced = "up_to",
): D1PreparedStatement[] {
  const sent = JSON.stringify(rows);
  return [writeRows(replaced), deleteReplaced(replaced)].map((sql) => db.prepare(sql).bind(sent));
}
