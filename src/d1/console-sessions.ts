/** Sessions of the console in D1. */
import { eq, sql } from "drizzle-orm";
import { type Database, queryD1 } from "./query";
import { consoleSessions } from "./schema";

/** A session by the SHA-256 of its token, which only the browser's cookie has. */
export type StoredSession = typeof consoleSessions.$inferSelect;

/** Each sign-in deletes up to so many expired sessions, so their number stays bounded by that of sign-ins in a session's
 *  lifetime. */
const MAX_SWEPT = 50;

/** Stores a session, and deletes expired ones. @throws DatabaseUnavailable */
export async function insertSession(db: Database, session: StoredSession): Promise<void> {
  const expired = sql`id IN (
    SELECT id FROM console_sessions INDEXED BY console_sessions_by_end
    WHERE expires_at <= ${session.created_at} LIMIT ${MAX_SWEPT}
  )`;
  const sweep = db.delete(consoleSessions).where(expired);
  await queryD1(db.batch([db.insert(consoleSessions).values(session), sweep]));
}

/** @throws DatabaseUnavailable when there is no response within `limitMs` */
export async function findSession(
  db: Database,
  id: string,
  limitMs: number,
): Promise<StoredSession | undefined> {
  const [found] = await queryD1(
    db.select().from(consoleSessions).where(eq(consoleSessions.id, id)),
    limitMs,
  );
  return found;
}

/** Ends a session. @throws DatabaseUnavailable */
export async function deleteSession(db: Database, id: string): Promise<void> {
  await queryD1(db.delete(consoleSessions).where(eq(consoleSessions.id, id)));
}

/** Ends all sessions that were opened with a credential. @throws DatabaseUnavailable */
export async function deleteSessionsOf(db: Database, credential: string): Promise<void> {
  await queryD1(db.delete(consoleSessions).where(eq(consoleSessions.credential, credential)));
}
