/** The queue, compared with an array. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { Queue } from "../../../../src/transactions/journal/queue";

it("A queue returns what an array would, however much is added and removed", () => {
  const steps = fc.array(fc.tuple(fc.nat(1_500), fc.nat(1_500)), { maxLength: 8 });
  fc.assert(
    fc.property(steps, (all) => {
      const queue = new Queue<number>();
      const array: number[] = [];
      let next = 0;
      for (const [added, removed] of all) {
        for (let count = 0; count < added; count++, next++) {
          queue.push(next);
          array.push(next);
        }
        for (let count = 0; count < removed; count++) expect(queue.shift()).toBe(array.shift());
        expect(queue.length).toBe(array.length);
        expect([queue.at(0), queue.at(array.length - 1)]).toEqual([array[0], array.at(-1)]);
        expect([queue.at(-1), queue.at(array.length)]).toEqual([undefined, undefined]);
        expect(queue.last(array.length)).toEqual(array);
        expect(queue.last(Math.min(3, array.length))).toEqual(array.slice(-3));
      }
    }),
    { numRuns: 50 },
  );
});
