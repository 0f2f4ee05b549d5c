/** A list that is read in pages. */

type PageOf<Item> = {
  data: Item[];
  has_more: boolean;
  next_cursor: string | null;
};

/**
 * The items of a list, in all of its pages:
 *
 * ```ts
 * for await (const transaction of payments.transactions.list({ status: "completed" })) …
 * ```
 *
 * A page is requested when the loop arrives at it.
 */
export class Pages<Item, Page extends PageOf<Item> = PageOf<Item>> implements AsyncIterable<Item> {
  readonly #load: (cursor: string | undefined) => Promise<Page>;

  /** @param load requests a page; the first one without a cursor */
  constructor(load: (cursor: string | undefined) => Promise<Page>) {
    this.#load = load;
  }

  /** Only the first page, or the page at the `cursor` of the query. */
  page(): Promise<Page> {
    return this.#load(undefined);
  }

  /** All pages, each with its `next_cursor`. */
  async *pages(): AsyncGenerator<Page, void> {
    let cursor: string | undefined;
    for (;;) {
      const page = await this.#load(cursor);
      yield page;
      if (!page.has_more || page.next_cursor === null) return;
      if (page.next_cursor === cursor) throw new Error("The list does not advance.");
      cursor = page.next_cursor;
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void> {
    for await (const page of this.pages()) yield* page.data;
  }
}
