/** What cursors are sealed with. It is drawn when it is first needed, and stays with the book whose places cursors
 *  tell. */
import { queryD1 } from "./query";

/** `key` is 32 bytes as hex. Cursors of the release before were not sealed; those of the lists that are numbered
 *  over all merchants are taken up to the position that had been given out by then, and none beyond, because who can
 *  make cursors of such a list can find out where its own rows stand among others'. */
export type CursorSecret = { key: string; unsealed_event: number; unsealed_list_entry: number };

const SECRET = "cursor_secret";

const KEEP = `
  INSERT INTO settings (name, value) SELECT ?1, json_object('key', ?2,
    'unsealed_event', coalesce((SELECT max(position) FROM events), 0),
    'unsealed_list_entry', coalesce((SELECT max(position) FROM risk_list_entries), 0))
  WHERE true ON CONFLICT (name) DO NOTHING`;

/** The deployment's secret. @param drawn becomes it where there is none yet
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
