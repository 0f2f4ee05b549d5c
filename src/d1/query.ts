/** Runs D1 queries within a time limit, with one error class for every failure. */
import { drizzle } from "drizzle-orm/d1";
import { withTimeout } from "../runtime/with-timeout";
import * as schema from "./schema";

/** D1 did not respond, or responded with an error. The caller may try again later. */
export class DatabaseUnavailable extends Error {
  override readonly name = "DatabaseUnavailable";
}

/** Longer than any healthy query takes, and short enough for a caller to wait. */
const LIMIT_MS = 5_000;

export type Database = ReturnType<typeof open>;

const opened = new WeakMap<D1Database, Database>();

/** The query builder over a binding, created once for each. */
export function openDatabase(db: D1Database): Database {
  const known = opened.get(db) ?? open(db);
  opened.set(db, known);
  return known;
}

function open(db: D1Database) {
  return drizzle(db, { schema });
}

/** @throws DatabaseUnavailable */
export async function queryD1<Value>(
  query: PromiseLike<Value>,
  limitMs = LIMIT_MS,
): Promise<Value> {
  try {
    return await withTimeout(limitMs, Promise.resolve(query));
  } catch (cause) {
    throw new DatabaseUnavailable("the database did not answer", { cause });
  }
}
