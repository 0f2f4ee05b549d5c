// What the reader sees: progress while it runs, the tables at the end, and the facts about the
// machine without which the figures mean nothing. It must not know how a figure was measured.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release, type } from "node:os";
import type { Row } from "./measure.ts";
import type { Latencies } from "./messages.ts";

type Shown = Pick<Latencies, "mean_ms" | "p50_ms" | "p95_ms" | "p99_ms">;

const HEAD = ["case", "connections", "TPS", "mean ms", "p50", "p95", "p99", "errors"];
const COLUMNS = [...HEAD, "CPU ms", "of hello"];
const PROGRESS_INTERVAL_MS = 250;

/** `workerd` is the path of the binary whose version is reported. */
export function machineFacts({
  dir,
  workerd,
  mode,
}: Record<"dir" | "workerd" | "mode", string>): Record<string, string> {
  return {
    date: new Date().toISOString(),
    cpu: `${availableParallelism()} x ${cpus()[0]?.model.trim() ?? "unknown"}`,
    system: `${type()} ${release()}`,
    node: process.version,
    workerd: execFileSync(workerd, ["--version"], { encoding: "utf8" }).trim(),
    mode,
    filesystem: readFilesystem(dir),
  };
}

/** The type of the mount that holds `path`, from Linux's own list; "unknown" elsewhere. */
function readFilesystem(path: string): string {
  let best = { point: "", kind: "unknown" };
  try {
    for (const line of readFileSync("/proc/mounts", "utf8").split("\n")) {
      const [, point = "", kind = "unknown"] = line.split(" ");
      if (point === "") continue;
      const holds = point === "/" || path === point || path.startsWith(`${point}/`);
      if (holds && point.length >= best.point.length) best = { point, kind };
    }
  } catch {
    // No /proc here.
  }
  return best.kind;
}

export function printFacts(facts: Record<string, string>): void {
  for (const [name, value] of Object.entries(facts)) console.log(`${name.padEnd(12)}${value}`);
}

/** One line that is rewritten on a terminal; elsewhere a line per finished run. */
export function newProgress(stream: NodeJS.WriteStream) {
  let timer: NodeJS.Timeout | undefined;
  return {
    start(text: string, limit_ms: number): void {
      if (!stream.isTTY) return;
      const end = Date.now() + limit_ms;
      const draw = () => {
        const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
        stream.write(`\r\x1b[K${text}, ${left} s left`);
      };
      draw();
      timer = setInterval(draw, PROGRESS_INTERVAL_MS);
    },
    /** Without a text only the line is cleared. */
    done(text?: string): void {
      clearInterval(timer);
      if (stream.isTTY) stream.write("\r\x1b[K");
      else if (text !== undefined) stream.write(`${text}\n`);
    },
  };
}

/** The sentence for one finished run, for logs that are not terminals. */
export function sentence(row: Row): string {
  const errors = row.errors === 0 ? "" : `, ${row.errors} errors`;
  return `${row.case}, ${row.connections} connections: ${whole(row.tps)}/s, p50 ${ms(row.p50_ms)} ms${errors}`;
}

export function printRows(title: string, rows: Row[]): void {
  printTable(
    title,
    COLUMNS,
    rows.flatMap((row) => linesOf(row, rows)),
  );
}

/** Prints a Markdown table whose columns are aligned for a terminal too. */
export function printTable(title: string, head: string[], lines: string[][]): void {
  const widths = head.map((_, i) =>
    Math.max(...[head, ...lines].map((line) => line[i]?.length ?? 0)),
  );
  const text = [head, ...lines].map((line) =>
    line
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join(" | "),
  );
  text.splice(1, 0, widths.map((width) => "-".repeat(width)).join("-|-"));
  console.log(`\n${title}\n${text.map((line) => `| ${line} |`).join("\n")}`);
}

export function printNotes(): void {
  console.log(`
TPS counts whole units: for create+process a unit is both requests, for batch one of the 100
transactions of a request (its latencies are those of the request), elsewhere it is one request.
The lines below create+process are its two requests; pay does the same in one. CPU ms is the user and
system time of the workerd process per unit; "of hello" divides by the raw hello at the same connection
count.`);
}

/** @param rows all, of which the hello at the same connection count is the yardstick */
function linesOf(row: Row, rows: Row[]): string[][] {
  const hello = rows.find((one) => one.case === "hello" && one.connections === row.connections);
  const own = [row.case, String(row.connections), whole(row.tps), ...latencies(row)];
  const cpu = row.cpu_ms === null ? "-" : row.cpu_ms.toFixed(2);
  const ratio = hello === undefined ? "-" : `${((row.tps / hello.tps) * 100).toFixed(1)} %`;
  const parts = row.parts.map((part) => [
    `  ${part.label}`,
    "",
    "",
    ...latencies(part),
    "",
    "",
    "",
  ]);
  return [[...own, String(row.errors), cpu, ratio], ...parts];
}

function latencies({ mean_ms, p50_ms, p95_ms, p99_ms }: Shown): string[] {
  return [mean_ms, p50_ms, p95_ms, p99_ms].map(ms);
}

export function ms(value: number): string {
  return value < 10 ? value.toFixed(2) : value.toFixed(1);
}

export function whole(value: number): string {
  return String(Math.round(value));
}
