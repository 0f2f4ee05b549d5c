// What Linux says about a process's memory.
import { readFileSync } from "node:fs";

/** In MB. `anonymous` includes V8's heap and what C++ has allocated; `file` is what is mapped from files; `heap` is the
 *  part of `anonymous` that the allocator took by brk(2). */
export type ProcessMemory = Record<"rss" | "anonymous" | "file" | "heap", number>;

const KB_PER_MB = 1_024;

/** Memory of a process now; null where /proc does not tell. */
export function readMemory(pid: number | undefined): ProcessMemory | null {
  if (pid === undefined) return null;
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/smaps`, "utf8");
  } catch {
    return null;
  }
  const kb = { rss: 0, anonymous: 0, heap: 0 };
  let isHeap = false;
  for (const line of text.split("\n")) {
    if (/^[0-9a-f]+-[0-9a-f]+ /.test(line)) isHeap = line.endsWith("[heap]");
    const [, name = "", size = ""] = /^(Rss|Anonymous): +(\d+) kB$/.exec(line) ?? [];
    if (name === "Rss") kb.rss += Number(size);
    if (name === "Rss" && isHeap) kb.heap += Number(size);
    if (name === "Anonymous") kb.anonymous += Number(size);
  }
  const mb = (size: number) => size / KB_PER_MB;
  return {
    rss: mb(kb.rss),
    anonymous: mb(kb.anonymous),
    file: mb(kb.rss - kb.anonymous),
    heap: mb(kb.heap),
  };
}
