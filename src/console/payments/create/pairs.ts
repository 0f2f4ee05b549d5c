/** Pairs of texts as lines of a form: `order_id=1001`. */

type Parsed = { ok: true; value: Record<string, string> } | { ok: false; fault: string };

/** Empty lines are skipped. The value begins after the first `=`. */
export function parsePairs(text: string): Parsed {
  const pairs = new Map<string, string>();
  for (const [at, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const end = line.indexOf("=");
    const name = line.slice(0, Math.max(end, 0)).trim();
    if (name === "") return { ok: false, fault: `Line ${at + 1} is not name=value.` };
    if (pairs.has(name)) return { ok: false, fault: `Line ${at + 1} repeats the name ${name}.` };
    pairs.set(name, line.slice(end + 1).trim());
  }
  return { ok: true, value: Object.fromEntries(pairs) };
}
