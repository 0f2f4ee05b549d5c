/** Looks for texts in everything that is stored: in the rows of all tables, in whatever form SQLite returns them. */

type Exec = (query: string) => { toArray(): Record<string, unknown>[] };

/** The tables of a database with a row that has one of the texts, each with the text. */
export function tablesWith(sql: { exec: unknown }, texts: readonly string[]): string[] {
  const exec = (query: string) => (sql.exec as Exec).call(sql, query).toArray();
  const tables = exec("SELECT name FROM sqlite_master WHERE type = 'table'").map(({ name }) =>
    String(name),
  );
  // The platform's own tables cannot be read.
  const own = tables.filter((name) => !/^(_cf_|sqlite_)/.test(name));
  return own.flatMap((name) => {
    const rows = exec(`SELECT * FROM "${name}"`);
    return textsIn(rows.map(toText).join("\n"), texts).map((text) => `${name}: ${text}`);
  });
}

/** Those of the texts that another one has, as they are or as JSON escapes them. */
export function textsIn(where: string, texts: readonly string[]): string[] {
  return texts.filter(
    (text) => where.includes(text) || where.includes(JSON.stringify(text).slice(1, -1)),
  );
}

function toText(row: Record<string, unknown>): string {
  return Object.values(row)
    .map((value) => {
      const isBytes = value instanceof Uint8Array || value instanceof ArrayBuffer;
      return isBytes ? new TextDecoder("latin1").decode(value) : String(value);
    })
    .join("\t");
}
