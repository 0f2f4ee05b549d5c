// All checks of a processor, one after the other, and what came of them.
import { errorMessage } from "../processes/errors.ts";
import { type Check, CheckFailed, whySkipped } from "./check.ts";
import { CHARGES } from "./checks/charges.ts";
import { FINDS } from "./checks/find.ts";
import { HOLDS } from "./checks/holds.ts";
import { REFUNDS } from "./checks/refunds.ts";
import type { Options } from "./options.ts";
import { newPaymentKey, Processor } from "./processor.ts";

export type Result = {
  area: string;
  rule: string;
  end: "holds" | "FAILS" | "skipped";
  why: string;
};

/** Every check, in the order in which they run. */
export const CHECKS: Check[] = [...CHARGES, ...HOLDS, ...REFUNDS, ...FINDS];

async function run(check: Check, processor: Processor): Promise<Result> {
  const { area, rule } = check;
  const skipped = whySkipped(check, processor.options);
  if (skipped !== null) return { area, rule, end: "skipped", why: skipped };
  try {
    await check.run(processor);
    return { area, rule, end: "holds", why: "" };
  } catch (error) {
    if (!(error instanceof CheckFailed)) throw error;
    return { area, rule, end: "FAILS", why: errorMessage(error) };
  }
}

/** Runs every check against the processor at `options.url`. @throws when nothing responds there */
export async function checkProcessor(options: Options): Promise<Result[]> {
  const processor = new Processor(options);
  const { status, text } = await processor.request(`operations/${newPaymentKey()}`, {
    method: "GET",
  });
  if (status === 0) throw new Error(`Nothing responds at ${options.url}: ${text}`);
  const results: Result[] = [];
  for (const check of CHECKS) results.push(await run(check, processor));
  return results;
}

/** The results as a table, with why a check failed below it. */
export function tableOf(results: Result[]): string {
  const width = Math.max(...results.map(({ area, rule }) => area.length + rule.length));
  const lines = results.map(({ area, rule, end, why }) => {
    const name = `${area}: ${rule}`.padEnd(width + 2);
    return `${name}  ${end}${end === "skipped" ? ` (${why})` : ""}`;
  });
  const failed = results.filter(({ end }) => end === "FAILS");
  const count = (wanted: Result["end"]) => results.filter(({ end }) => end === wanted).length;
  return [
    ...lines,
    "",
    ...failed.map(({ area, rule, why }) => `${area}: ${rule}\n  ${why}`),
    `${count("holds")} hold, ${failed.length} fail, ${count("skipped")} skipped.`,
  ].join("\n");
}
