/** Which book has a merchant's payments, as far as a shard has read it. */
import { findBook } from "../../d1/books/books";
import { findBooks } from "../../d1/books/directory";
import { findPointers, isMoved } from "../../d1/books/moves/pointers";
import { openDatabase } from "../../d1/query";
import type { BookBindings } from "../../env";
import { BoundedCache } from "../../runtime/bounded-cache";
import { FIRST_BOOK } from "../../settings";

/** Some hundred kB. */
const MAX_MERCHANTS = 5_000;
const LOOKUP_LIMIT_MS = 2_000;
/** From a book to the one that it points to, and once more. While a merchant is being moved, two point to each other. */
export const MAX_HOPS = 2;

export class MerchantBooks {
  readonly #env: BookBindings;
  readonly #count: number;
  readonly #known = new BoundedCache<number>({ max_entries: MAX_MERCHANTS });

  /** @param count how many books there are */
  constructor(env: BookBindings, count: number) {
    this.#env = env;
    this.#count = count;
  }

  /** How many books there are. */
  get count(): number {
    return this.#count;
  }

  /** The book of a merchant, if it is known without reading the directory. */
  known(merchantId: string): number | undefined {
    return this.#count === FIRST_BOOK ? FIRST_BOOK : this.#known.get(merchantId);
  }

  /** Reads the books of those merchants that are not known, in one query. @throws DatabaseUnavailable */
  async read(merchantIds: Iterable<string>): Promise<void> {
    const unknown = [...new Set(merchantIds)].filter((id) => this.known(id) === undefined);
    if (unknown.length === 0) return;
    const found = await findBooks(openDatabase(this.#env.DB), unknown, LOOKUP_LIMIT_MS);
    for (const [merchantId, book] of found) this.#known.set(merchantId, book);
  }

  /** The directory is read again: books were set back, so that one that a merchant had left may not say so any more. */
  forget(): void {
    this.#known.clear();
  }

  /** @throws DatabaseUnavailable when the deployment does not have the book */
  db(book: number): D1Database {
    return findBook(this.#env, book);
  }

  /** Reads where the merchants are that a book refused because they are in another one, or are being moved.
   *  @returns those of them that the book points away from. @throws DatabaseUnavailable */
  async follow(book: number, merchantIds: Iterable<string>): Promise<Set<string>> {
    const ids = [...new Set(merchantIds)];
    const pointers = await findPointers(this.db(book), ids, LOOKUP_LIMIT_MS);
    // The first book refuses merchants too that were never there.
    const others = book === FIRST_BOOK ? ids.filter((id) => !pointers.has(id)) : [];
    const found = await findBooks(openDatabase(this.#env.DB), others, LOOKUP_LIMIT_MS);
    for (const [merchantId, to] of [...pointers, ...found]) this.#known.set(merchantId, to);
    return new Set(ids.filter((id) => this.known(id) !== book));
  }

  /** Does work on each book with the items of its merchants, at the same time for all books.
   *  @throws when it fails for any of them */
  async each<Item extends { merchant_id: string }>(
    items: Item[],
    work: (db: D1Database, items: Item[]) => Promise<void>,
    hops = 0,
  ): Promise<void> {
    await this.read(items.map(({ merchant_id }) => merchant_id));
    const groups = Map.groupBy(items, ({ merchant_id }) => this.known(merchant_id) ?? FIRST_BOOK);
    await Promise.all(
      [...groups].map(async ([book, own]) => {
        try {
          await work(this.db(book), own);
        } catch (fault) {
          if (!isMoved(fault) || hops === MAX_HOPS) throw fault;
          const merchantIds = own.map(({ merchant_id }) => merchant_id);
          await this.follow(book, merchantIds);
          await this.each(own, work, hops + 1);
        }
      }),
    );
  }
}
