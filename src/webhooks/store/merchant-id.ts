/** Whose dispatcher an object is. */

/** The object's name, which is its merchant's id. Kept, because an alarm that wakes an object does not
 *  always know its name: https://github.com/cloudflare/workerd/issues/6850 */
export function readMerchantId({ id: { name }, storage: { sql } }: DurableObjectState): string {
  const [kept] = sql.exec<{ id: string }>("SELECT id FROM merchant").toArray();
  if (kept) return kept.id;
  if (name === undefined) throw new Error("a dispatcher is named by its merchant");
  sql.exec("INSERT INTO merchant VALUES (?)", name);
  return name;
}
