/** A constant as an SQL literal, so that a statement takes its values from the constants of the code. A parameter
 *  would not do everywhere: SQLite uses a partial index only for a statement whose literal matches the index's. */
export function sqlLiteral<Text extends string>(text: Text): string {
  return `'${text.replaceAll("'", "''")}'`;
}
