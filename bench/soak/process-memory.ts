// What Linux says about a process's memory.
import { readFileSync } from "node:fs";

/** In MB. `anonymous` is V8's heap and what C++ has allocated, which Linux cannot tell apart; `file` is mapped from files,
 *  most of it the program itself. */
export type ProcessMemory = Record<"rss" | "anonymous" | "file", number>;

const KB_PER_MB = 1_024;

/** Memory of a process now; null where /proc does not tell. */
export function readMemory(pid: number | undefined): ProcessMemory | null {
  if (pid === undefined) return null;
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    const rss = readMb(text, "Rss");
    const anonymous = readMb(text, "Anonymous");
    return { rss, anonymous, file: rss - anonymous };
  } catch {
    return null;
  }
}

function readMb(text: string, name: string): number {
  return Number(new RegExp(`^${name}: +(\\d+) kB$`, "m").exec(text)?.[1]) / KB_PER_MB;
}
