/** The merchant that a dispatcher belongs to. */

/** The object's name, which is its merchant's id. Stored, because an object that an alarm wakes does not always have its
 *  name: https://github.com/cloudflare/workerd/issues/6850 */
export function readMerchantId({ id: { name }, storage: { sql } }: DurableObjectState): string {
  const [stored] = sql.exec<{ id: string }>("SELECT id FROM merchant").toArray();
  if (stored) return stored.id;
  if (name === undefined) throw new Error("a dispatcher is named by its merchant");
  sql.exec("INSERT INTO merchant VALUES (?)", name);
  return name;
}
