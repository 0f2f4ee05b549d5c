// Differences as a table.
import type { Difference } from "./pages.ts";

const COLUMNS = ["kind", "transaction or refund", "at Stripe", "ours", "theirs"];

/** Lines of equal columns, the first one their names; none without differences. */
export function toTable(differences: Difference[]): string {
  if (differences.length === 0) return "";
  const rows = differences.map(
    ({ kind, transaction_id, refund_id, processor_reference, ours, theirs }) => [
      kind,
      refund_id ?? transaction_id ?? "-",
      processor_reference ?? "-",
      ours ?? "-",
      theirs ?? "-",
    ],
  );
  const all = [COLUMNS, ...rows];
  const widths = COLUMNS.map((_, at) => Math.max(...all.map((row) => (row[at] ?? "").length)));
  return all
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
