/** The tables of earlier releases in D1, as that release left them. */
import type { EventRecord } from "../../src/domain/transaction/event";
import { earlierStatements } from "./earlier-book";
import { env } from "./env";

/** Opens the tables to writes while `work` runs. */
export async function withEarlierTables(work: () => Promise<unknown>): Promise<void> {
  const name = "events_are_closed";
  const trigger = env.DB.prepare("SELECT sql FROM sqlite_schema WHERE name = ?").bind(name);
  const closing = await trigger.first<string>("sql");
  if (closing === null) throw new Error(`no trigger ${name}`);
  await env.DB.prepare(`DROP TRIGGER ${name}`).run();
  await work();
  await env.DB.prepare(closing).run();
}

/** Writes rows of events, each of one transaction. @param place of the last event of the first row in its feed */
export async function writeEarlierRows(groups: EventRecord[][], place: number): Promise<void> {
  await withEarlierTables(() =>
    env.DB.batch(
      groups.flatMap((events, at) =>
        earlierStatements(events, place + at * 1_000).map(({ sql, values }) =>
          env.DB.prepare(sql).bind(...values),
        ),
      ),
    ),
  );
}
