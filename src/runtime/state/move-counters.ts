/** Upgrades the counters of an earlier release, which had a table with a row for each. */
import { type Count, serializeCounts } from "../../observability/durable-counters";
import { hasTable } from "../migrations";
import { STATE_TABLE } from "./state-row";

/** Creates the state row and moves the counters to it. */
export function moveCountersToState(sql: SqlStorage): void {
  sql.exec(STATE_TABLE);
  if (!hasTable(sql, "counters")) return;
  const counts = new Map<string, Map<string, Count>>();
  for (const { name, labels, value } of sql.exec<Count>(
    "SELECT name, labels, value FROM counters",
  )) {
    const sameName = counts.get(name) ?? new Map<string, Count>();
    counts.set(name, sameName.set(labels, { name, labels, value }));
  }
  if (counts.size > 0) {
    sql.exec("INSERT INTO state (id, counters) VALUES (1, ?)", serializeCounts(counts));
  }
  sql.exec("DROP TABLE counters");
}
