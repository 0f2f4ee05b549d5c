/** Which book has a merchant's payments, as far as a shard has read it. */
import { findBook } from "../../d1/books/books";
import { findBooks } from "../../d1/books/directory";
import { openDatabase } from "../../d1/query";
import type { BookBindings } from "../../env";
import { BoundedCache } from "../../runtime/bounded-cache";
import { FIRST_BOOK } from "../../settings";

/** Some hundred kB. */
const MAX_MERCHANTS = 5_000;
const LOOKUP_LIMIT_MS = 2_000;

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

  /** @throws DatabaseUnavailable when the deployment does not have the book */
  db(book: number): D1Database {
    return findBook(this.#env, book);
  }

  /** Does work on each book with the items of its merchants, at the same time for all books.
   *  @throws when it fails for any of them */
  async each<Item extends { merchant_id: string }>(
    items: Item[],
    work: (db: D1Database, items: Item[]) => Promise<void>,
  ): Promise<void> {
    await this.read(items.map(({ merchant_id }) => merchant_id));
    const groups = Map.groupBy(items, ({ merchant_id }) => this.known(merchant_id) ?? FIRST_BOOK);
    await Promise.all([...groups].map(([book, own]) => work(this.db(book), own)));
  }
}
