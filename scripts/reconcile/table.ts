// Differences as a table.
import { toTable } from "../operator/table.ts";
import type { Difference } from "./pages.ts";

const COLUMNS = ["kind", "transaction or refund", "at Stripe", "ours", "theirs"];

/** Lines of equal columns, the first one their names; none without differences. */
export function differenceTable(differences: Difference[]): string {
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
  return toTable([COLUMNS, ...rows]);
}
