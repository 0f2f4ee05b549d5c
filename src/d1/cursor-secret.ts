/** The secret that seals cursors. It is generated when it is first needed, and stored beside the rows that cursors point
 *  to. */
import { queryD1 } from "./query";

/** `key` is 32 bytes as hex. Cursors of an earlier release were not sealed. Those of lists that were numbered over all
 *  merchants are accepted up to the last position of that time and not beyond: a client that can make cursors of such a
 *  list can find out the positions of its rows among other merchants'. Events are numbered for each merchant since the
 *  migration that wrote `shared_positions_through`. */
export type CursorSecret = { key: string; unsealed_event: number; unsealed_list_entry: number };

const SECRET = "cursor_secret";

const KEEP = `
  INSERT INTO settings (name, value) SELECT ?1, json_object('key', ?2,
    'unsealed_event', coalesce((SELECT CAST(value AS INTEGER) FROM settings WHERE name = 'shared_positions_through'), 0),
    'unsealed_list_entry', coalesce((SELECT max(position) FROM risk_list_entries), 0))
  WHERE true ON CONFLICT (name) DO NOTHING`;

/** The deployment's secret. @param drawn is stored where there is none yet
 *  @throws DatabaseUnavailable */
export async function keepCursorSecret(db: D1Database, drawn: string): Promise<CursorSecret> {
  const [, kept] = await queryD1(
    db.batch<{ value: string }>([
      db.prepare(KEEP).bind(SECRET, drawn),
      db.prepare("SELECT value FROM settings WHERE name = ?").bind(SECRET),
    ]),
  );
  return JSON.parse(kept?.results[0]?.value ?? "") as CursorSecret; // Written just above, or by another isolate.
}
