// The results of the clients, as a table.
import type { Client } from "./client.ts";

export type Phase = "generates" | "compiles" | "runs";
export type Result = {
  client: Pick<Client, "name" | "version">;
  /** The phases that were begun, in order: all but the last one have passed. */
  phases: Phase[];
  error?: string;
  /** Why nothing was tried. */
  skipped?: string;
  seconds: number;
};

const PHASES: Phase[] = ["generates", "compiles", "runs"];
const HEAD = ["client", "version", ...PHASES, "seconds"];

function cellOf({ phases, error }: Result, phase: Phase): string {
  if (!phases.includes(phase)) return "-";
  return error !== undefined && phases.at(-1) === phase ? "NO" : "yes";
}

function rowOf(result: Result): string[] {
  const { client, skipped, seconds } = result;
  const { name, version } = client;
  if (skipped !== undefined) return [name, version, `skipped: ${skipped}`];
  return [name, version, ...PHASES.map((phase) => cellOf(result, phase)), seconds.toFixed(1)];
}

/** A line for each client: what has passed, what has failed, or why it was skipped. */
export function formatResults(results: readonly Result[]): string {
  const rows = [HEAD, ...results.map(rowOf)];
  const full = rows.filter((row) => row.length === HEAD.length);
  const widths = HEAD.map((_, at) => Math.max(...full.map((row) => row[at]?.length ?? 0)));
  const names = Math.max(...rows.map(([name = ""]) => name.length));
  const versions = Math.max(...rows.map(([, version = ""]) => version.length));
  const pad = (cell: string, at: number) => cell.padEnd([names, versions][at] ?? widths[at] ?? 0);
  return rows.map((row) => row.map(pad).join("  ").trimEnd()).join("\n");
}
