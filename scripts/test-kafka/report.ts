// The phases of `npm run test:kafka`, one row each, and their table.
import type { Dialect } from "../kafka/dialects.ts";
import type { Verdict } from "../kafka/verdict.ts";
import { errorMessage } from "../processes/errors.ts";

export type Outcome = Partial<Verdict> & { note?: string };
type Result = "ok" | "FAILED" | "SKIPPED";
type Row = Outcome & { name: string; dialect: Dialect; s?: string; result: Result };

const PROBLEMS_SHOWN = 5;

const rows: Row[] = [];

/** Runs one phase and keeps its row; a phase that throws has failed, and the others go on. */
export async function phase(
  name: string,
  dialect: Dialect,
  run: () => Promise<Outcome>,
): Promise<void> {
  const started = Date.now();
  console.log(`… ${name}, ${dialect}`);
  const row: Outcome = await run().catch((error) => ({ problems: [errorMessage(error)] }));
  const problems = row.problems ?? [];
  for (const problem of problems.slice(0, PROBLEMS_SHOWN)) console.log(`    ${problem}`);
  const s = ((Date.now() - started) / 1000).toFixed(1);
  rows.push({ name, dialect, ...row, s, result: problems.length === 0 ? "ok" : "FAILED" });
}

export function report(): void {
  const head = ["phase", "dialect", "sent", "received", "duplicates", "order violations"];
  const lines = [[...head, "s", "result", ""]];
  for (const row of rows) {
    const counts = [row.sent, row.received, row.duplicates, row.order_violations];
    const texts = counts.map((count) => String(count ?? "–"));
    lines.push([row.name, row.dialect, ...texts, row.s ?? "–", row.result, row.note ?? ""]);
  }
  const widths = Array.from({ length: head.length + 3 }, (_, at) =>
    Math.max(...lines.map((line) => line[at]?.length ?? 0)),
  );
  console.log();
  for (const line of lines) {
    console.log(
      line
        .map((text, at) => text.padEnd(widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    );
  }
}

/** Keeps a row for a dialect that cannot be tested here. */
export function skipDialect(dialect: Dialect): void {
  rows.push({ name: "all of it", dialect, result: "SKIPPED" });
}

export function countResults(wanted: Result): number {
  return rows.filter(({ result }) => result === wanted).length;
}
