/** Loads what an earlier release left behind into the objects of a test, as if this release had been deployed over it. */
import { runInDurableObject } from "cloudflare:test";
import dump from "../fixtures/release-before-versions.sql?raw";
import { env } from "./env";

/** When the dump was taken. */
const DUMPED_AT_MS = Date.parse("2026-11-29T07:00:23Z");

/** Columns with a time in ms that work is planned by, or that ends how long a row is kept. */
const TIMES: Record<string, string[]> = {
  reviews: ["expires_at_ms"],
  charges: ["next_attempt_at_ms"],
  windows: ["ends_at_ms"],
  subjects: ["first_at", "seen_at"],
  counted_payments: ["at"],
  endpoints: ["created_at", "failing_since", "resting_until"],
  deliveries: ["next_at", "happened_at", "created_at", "started_at", "finished_at"],
  attempts: ["started_at"],
};

const NAMESPACES = {
  TransactionShard: env.TRANSACTIONS,
  WebhookDispatcher: env.WEBHOOKS,
  VelocityShard: env.VELOCITY,
  QuotaKeeper: env.QUOTAS,
} as Record<string, DurableObjectNamespace>; // A name in the dump is one of these four.

export type LoadedObject = { name: string; stub: DurableObjectStub };

/** Loads the dump, dated as if it had been taken now, and ends the objects: the next call starts each of them on the
 *  tables of the earlier release. */
export async function loadEarlierRelease(): Promise<LoadedObject[]> {
  const [, ...sections] = dump.split(/^-- (?=object|d1)/m);
  const loaded: LoadedObject[] = [];
  for (const section of sections) {
    const [heading = "", ...lines] = section.split("\n");
    const statements = lines.join("\n");
    const [kind, className = "", name = ""] = heading.split(" ");
    if (kind === "d1") await env.DB.batch(insertsIn(statements));
    else loaded.push(await loadObject(className, name, statements));
  }
  return loaded;
}

const insertsIn = (statements: string) =>
  statements
    .split(/;\n/)
    .filter((statement) => statement.trim() !== "")
    .map((statement) => env.DB.prepare(statement));

async function loadObject(className: string, name: string, tables: string): Promise<LoadedObject> {
  const stub = () => {
    const namespace = NAMESPACES[className];
    if (!namespace) throw new Error(`the dump has an unknown class, ${className}`);
    return namespace.getByName(name);
  };
  await runInDurableObject(stub(), (_, { storage }) => {
    storage.transactionSync(() => {
      for (const table of tablesOf(storage.sql)) storage.sql.exec(`DROP TABLE ${table}`);
      storage.sql.exec(tables);
      redate(storage.sql, Date.now() - DUMPED_AT_MS);
    });
  });
  await runInDurableObject(stub(), (_, state) => state.abort("a new release")).catch(() => {});
  return { name: `${className} ${name}`, stub: stub() };
}

export function tablesOf(sql: SqlStorage): string[] {
  return sql
    .exec<{ name: string }>(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_*' AND name <> 'sqlite_sequence'",
    )
    .toArray()
    .map(({ name }) => name);
}

function redate(sql: SqlStorage, byMs: number): void {
  const tables = tablesOf(sql);
  for (const [table, columns] of Object.entries(TIMES)) {
    if (!tables.includes(table)) continue;
    for (const column of columns) {
      sql.exec(`UPDATE ${table} SET ${column} = ${column} + ? WHERE ${column} > 0`, byMs);
    }
  }
}
