/** Pages of the book and of the shards become one page of the same list. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deriveTransactionId } from "../../../../src/domain/identity/id";
import { mergePages, reachesArchive } from "../../../../src/transactions/archive/merge-pages";
import { NOW_MS } from "../../../support/examples";

type Item = { created_at: string; id: string; version: number; text: string };

function itemOf(key: number, step: number, version: number): Item {
  const created_at = new Date(NOW_MS + step).toISOString();
  const id = deriveTransactionId("mer_a", `key-${key}`);
  return { created_at, id, version, text: JSON.stringify({ created_at, id, version }) };
}
const placeOf = ({ created_at, id }: Item) => ({ created_at, id });
const inOrder = (order: "asc" | "desc") => (one: Item, other: Item) =>
  (one.created_at + one.id < other.created_at + other.id ? -1 : 1) * (order === "asc" ? 1 : -1);

/** Where each transaction is: in the book, in a shard's archive, or in both while it moves, in the same version or a later one. */
const places = fc.array(
  fc.record({
    step: fc.nat(5),
    of: fc.constantFrom("book", "one", "other", "both"),
    is_later: fc.boolean(),
  }),
  { maxLength: 30 },
);

describe("a page of the book and the archive", () => {
  it("Page by page it has every transaction once, in its last version", () => {
    fc.assert(
      fc.property(
        places,
        fc.constantFrom<"asc" | "desc">("asc", "desc"),
        fc.integer({ min: 1, max: 8 }),
        (made, order, limit) => {
          const sources: Record<string, Item[]> = { book: [], one: [], other: [] };
          const expected: Item[] = [];
          for (const [key, { step, of, is_later }] of made.entries()) {
            const item = itemOf(key, step, 3);
            const inBook = of === "both" && is_later ? itemOf(key, step, 4) : item;
            if (of !== "book") sources[of === "both" ? "one" : of]?.push(item);
            if (of === "book" || of === "both") sources.book?.push(inBook);
            expected.push(inBook);
          }
          const all = expected.toSorted(inOrder(order)).map(({ text }) => text);
          const seen: string[] = [];
          let after: Item | undefined;
          for (let pages = 0; pages <= made.length; pages++) {
            /** A source's part: with more than the limit it is complete up to its last one. */
            const part = (items: Item[] = []) => {
              const left = items
                .toSorted(inOrder(order))
                .filter((one) => !after || inOrder(order)(after, one) < 0)
                .filter((one) => one.id !== after?.id);
              const page = left.slice(0, limit);
              const end = left.length > limit ? page.at(-1) : undefined;
              return { items: page, end: end && placeOf(end) };
            };
            const book = part(sources.book);
            const shards = [part(sources.one), part(sources.other)];
            const page = mergePages(
              {
                items: book.items.map(({ text }) => text),
                hasMore: book.end !== undefined,
                next: book.end,
              },
              shards.map(({ items, end }) => ({ items, through: end ?? null })),
              { order, limit },
            );
            expect(page.items.length).toBeLessThanOrEqual(limit);
            seen.push(...page.items);
            if (!page.hasMore || !page.next) break;
            after = { ...page.next, version: 0, text: "" };
          }
          expect(seen).toEqual(all);
        },
      ),
    );
  });

  it("The archive is asked only when the page may reach it", () => {
    const at = (step: number) => placeOf(itemOf(1, step, 1));
    const full = (step: number) => ({ items: [], hasMore: true, next: at(step) });
    const last = { items: [], hasMore: false, next: undefined };
    const through = NOW_MS + 10;
    const desc = { filter: {}, after: undefined, order: "desc" } as const;
    expect(reachesArchive(last, desc, null)).toBe(false);
    expect(reachesArchive(full(11), desc, through)).toBe(false);
    expect(reachesArchive(full(10), desc, through)).toBe(true);
    expect(reachesArchive(last, desc, through)).toBe(true);
    const since = { filter: { created: { from_ms: NOW_MS + 11, until_ms: undefined } } };
    expect(reachesArchive(last, { ...desc, ...since }, through)).toBe(false);
    const asc = { ...desc, order: "asc" } as const;
    expect(reachesArchive(full(11), asc, through)).toBe(true);
    expect(reachesArchive(full(30), { ...asc, after: at(11) }, through)).toBe(false);
  });
});
