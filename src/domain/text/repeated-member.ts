/** Names that stand twice in one JSON object. RFC 8259 leaves open which of the values counts: `JSON.parse`
 *  takes the last, other readers on the way the first, so what one has checked is not what the other does. */

const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]/g;

/** An open object with the names seen in it, or an open array, and the place that is being read. */
type Open = { names: Set<string> | undefined; at: string | number };

/** The path of each member whose name its object has already, in order.
 *  @param json valid JSON */
export function* repeatedMembers(json: string): Generator<(string | number)[]> {
  const open: Open[] = [];
  let text = '""';
  for (const [token] of json.matchAll(TOKENS)) {
    const inner = open.at(-1);
    if (token === "{") open.push({ names: new Set(), at: "" });
    else if (token === "[") open.push({ names: undefined, at: 0 });
    else if (token === "}" || token === "]") open.pop();
    else if (token === "," && typeof inner?.at === "number") inner.at += 1;
    else if (token === ":" && inner?.names) {
      inner.at = JSON.parse(text) as string; // A JSON string; escapes make two spellings of one name.
      if (inner.names.has(inner.at)) yield open.map(({ at }) => at);
      inner.names.add(inner.at);
    } else if (token.startsWith('"')) text = token;
  }
}
