/** JSON objects one after the other, with or without white space between them. */

/** The objects, or undefined when the text holds anything else or ends within one. */
export function jsonSequence(text: string): unknown[] | undefined {
  const values: unknown[] = [];
  let start = 0;
  for (const end of objectEnds(text)) {
    try {
      values.push(JSON.parse(text.slice(start, end)));
    } catch {
      return undefined;
    }
    start = end;
  }
  return text.slice(start).trim() === "" ? values : undefined;
}

/** Where braces come to balance. What is in strings opens and closes nothing. */
function* objectEnds(text: string): Generator<number> {
  let depth = 0;
  let isString = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (isString && character === "\\") at += 1;
    else if (character === '"') isString = !isString;
    else if (isString) continue;
    else if (character === "{") depth += 1;
    else if (character === "}") {
      depth -= 1;
      if (depth === 0) yield at + 1;
    }
  }
}
