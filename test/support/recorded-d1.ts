/** D1 with a note of what each statement was billed: the SQL, and the rows it read and wrote. */

export type Billed = { sql: string; rows_read: number; rows_written: number };

const inner = new WeakMap<D1PreparedStatement, { sql: string; statement: D1PreparedStatement }>();

/** @param billed gets a line for each statement, in the order in which they end */
export function recordedD1(db: D1Database, billed: Billed[]): D1Database {
  const note = (sql: string, { meta }: D1Result) => {
    const { rows_read, rows_written } = meta;
    billed.push({ sql: sql.replace(/\s+/g, " ").trim(), rows_read, rows_written });
  };
  const wrap = (sql: string, statement: D1PreparedStatement): D1PreparedStatement => {
    const all = async () => {
      const result = await statement.all();
      note(sql, result);
      return result;
    };
    const wrapped = {
      bind: (...values: unknown[]) => wrap(sql, statement.bind(...values)),
      all,
      run: all,
      first: async () => (await all()).results[0] ?? null,
      // Drizzle reads rows as lists. The names of a statement's columns differ, so none is lost here.
      raw: async () => (await all()).results.map((row) => Object.values(row)),
    } as unknown as D1PreparedStatement; // Without the overloads of the platform's type.
    inner.set(wrapped, { sql, statement });
    return wrapped;
  };
  return {
    prepare: (sql: string) => wrap(sql, db.prepare(sql)),
    batch: async (statements: D1PreparedStatement[]) => {
      const known = statements.map((statement) => inner.get(statement));
      if (known.some((one) => one === undefined)) throw new Error("a statement of another D1");
      const own = known.flatMap((one) => one ?? []);
      const results = await db.batch(own.map(({ statement }) => statement));
      for (const [at, result] of results.entries()) note(own[at]?.sql ?? "", result);
      return results;
    },
  } as unknown as D1Database; // What the queries under test use of it.
}
