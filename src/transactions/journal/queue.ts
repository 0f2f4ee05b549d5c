/** A first-in, first-out list. `Array.shift` moves everything that is left, which for some thousands of items costs more
 *  than the rest of a commit. */

/** So many removed items are kept as holes at least, so that a short queue is not copied again and again. */
const LEAST_HOLES = 512;

export class Queue<Item> {
  #items: (Item | undefined)[] = [];
  /** The index of the first item; before it are holes. */
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  /** Removes the first item. @returns it, or undefined when there is none */
  shift(): Item | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head >= LEAST_HOLES && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** The item at an index from 0; undefined when there is none. */
  at(index: number): Item | undefined {
    return index < 0 ? undefined : this.#items[this.#head + index];
  }

  /** Replaces the item at an index from 0. */
  replace(index: number, item: Item): void {
    this.#items[this.#head + index] = item;
  }

  /** The last items, in order. @param count at most the length */
  last(count: number): Item[] {
    return this.#items.slice(this.#items.length - count) as Item[]; // Holes are before the first item.
  }
}
