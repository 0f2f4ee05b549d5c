/** The unit in which lengths of text are counted everywhere: Unicode code points, as JSON Schema's `maxLength`
 *  (RFC 8259 text) and zod count them. JavaScript's own `length` counts UTF-16 units, two for an emoji. */
export function countCodePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}
