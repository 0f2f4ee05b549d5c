// Counts what is billed: in the storage of objects, in D1, in queues, and in calls of objects. The counts are those of
// the isolate, which has all objects and the Worker. This file runs inside workerd.
import { type Counts, noCounts, type Part } from "../counts.ts";

const counts = noCounts();
/** What each object stores now. */
const sizes: { part: Part; bytes: number }[] = [];

export function count(part: Part, unit: keyof Counts[Part], by = 1): void {
  counts[part][unit] += by;
}

/** The counts so far. */
export function readCounts(): Counts {
  const read = structuredClone(counts);
  for (const { part, bytes } of sizes) read[part].bytes += bytes;
  return read;
}

/** Makes an object's storage count. */
export function meterStorage(storage: DurableObjectStorage, part: Part): void {
  const { sql } = storage;
  const size = { part, bytes: sql.databaseSize };
  sizes.push(size);
  const exec = sql.exec.bind(sql);
  let open: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];
  const close = () => {
    for (const { rowsRead, rowsWritten } of open) {
      count(part, "rows_read", rowsRead);
      count(part, "rows_written", rowsWritten);
    }
    open = [];
    size.bytes = sql.databaseSize;
  };
  const metered = (query: string, ...bindings: unknown[]) => {
    const cursor = exec(query, ...bindings);
    if (/;\s*\S/.test(query)) count(part, "unmetered");
    // A cursor is consumed without an await, and tells its rows then.
    if (open.length === 0) queueMicrotask(close);
    open.push(cursor);
    return cursor;
  };
  Object.defineProperty(sql, "exec", { value: metered });
  for (const name of ["setAlarm", "deleteAlarm"] as const) {
    const real = storage[name].bind(storage) as (...given: unknown[]) => Promise<void>;
    const counted = (...given: unknown[]) => {
      count(part, "alarms_set");
      count(part, "rows_written");
      return real(...given);
    };
    Object.defineProperty(storage, name, { value: counted });
  }
}

/** The statement and the real one behind it. */
const realOf = new WeakMap<D1PreparedStatement, D1PreparedStatement>();

/** A D1 that counts. It reads every result as rows by name, because only those come with what is billed. */
export function meterDatabase(db: D1Database): D1Database {
  const note = ({ meta }: D1Result) => {
    count("d1", "rows_read", meta.rows_read);
    count("d1", "rows_written", meta.rows_written);
    counts.d1.bytes = meta.size_after;
  };
  const wrap = (real: D1PreparedStatement): D1PreparedStatement => {
    const all = async () => {
      count("d1", "requests");
      const result = await real.all();
      note(result);
      return result;
    };
    const wrapped = {
      bind: (...values: unknown[]) => wrap(real.bind(...values)),
      all,
      run: all,
      first: async (column?: string) => {
        const [row] = (await all()).results;
        return row === undefined ? null : column === undefined ? row : row[column];
      },
      // Rows as lists: the names of a statement's columns differ, so none is lost.
      raw: async () => (await all()).results.map((row) => Object.values(row)),
    } as unknown as D1PreparedStatement; // Without the overloads of the platform's type.
    realOf.set(wrapped, real);
    return wrapped;
  };
  return {
    prepare: (query: string) => wrap(db.prepare(query)),
    batch: async (statements: D1PreparedStatement[]) => {
      count("d1", "requests");
      const results = await db.batch(statements.map((one) => realOf.get(one) ?? one));
      for (const result of results) note(result);
      return results;
    },
  } as unknown as D1Database; // What the Worker uses of it.
}
