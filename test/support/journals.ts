/** Random journals of shards, and the writes of events to D1 that they may lead to. */
import fc from "fast-check";
import type { EventRecord } from "../../src/domain/transaction/event";
import {
  disputed,
  ENDS,
  HOLDS,
  heldLife,
  holdLife,
  life,
  refunded,
  reversed,
  toRecord,
} from "./lives";

export const MERCHANTS = ["mer_a", "mer_b", "mer_c"];
const CURRENCIES = ["USD", "EUR"] as const;

/** One of every way in which a transaction can live. */
const lives = fc
  .array(
    fc.record({
      merchant: fc.constantFrom(...MERCHANTS),
      currency: fc.constantFrom(...CURRENCIES),
      kind: fc.constantFrom(
        ...ENDS.map((end) => (key: string, currency: string) => life(key, end, { currency })),
        ...([undefined, "reject", "cancel"] as const).map(
          (word) => (key: string) => heldLife(key, word),
        ),
        ...ENDS.filter((end) => end !== "blocked").map(
          (end) => (key: string) => heldLife(key, "approve", end),
        ),
        ...HOLDS.map(
          (hold) => (key: string, currency: string) => holdLife(key, hold, { currency }),
        ),
        (key: string, currency: string) =>
          refunded(life(key, "completed", { currency }), [[10_050, "succeeded"]]),
        (key: string, currency: string) =>
          refunded(holdLife(key, "captured", { currency }, 5_000), [
            [1_000, "succeeded"],
            [2_000, "failed"],
            [3_000, "pending"],
            [500, "succeeded"],
          ]),
        (key: string, currency: string) =>
          reversed(refunded(life(key, "completed", { currency }), [[4_000, "succeeded"]])),
        (key: string, currency: string) =>
          disputed(life(key, "completed", { currency }), [
            { amount_minor: 9_000, currency: "JPY" },
            { amount_minor: 40, currency },
          ]),
      ),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((made) =>
    made.map(({ merchant, currency, kind }, at) =>
      kind(`order-${at}`, currency).map((event) => toRecord(event, merchant)),
    ),
  );

/** Some shards' journals: their transactions' events mixed, those of each transaction in order. */
export const journals = fc
  .tuple(lives, fc.infiniteStream(fc.nat(1_000)), fc.integer({ min: 1, max: 3 }))
  .map(([all, random, shards]) => {
    const draw = () => random.next().value ?? 0;
    return Array.from({ length: shards }, (_, shard) => {
      const open = all.filter((_, at) => at % shards === shard).map((events) => [...events]);
      const journal: EventRecord[] = [];
      while (open.some((events) => events.length > 0)) {
        const left = open.filter((events) => events.length > 0);
        const next = left[draw() % left.length]?.shift();
        if (next) journal.push(next);
      }
      return journal;
    });
  });

/** A shard's write: forward from its checkpoint, or from an earlier one after a lost answer or a rewind. */
export const steps = fc.array(
  fc.record({
    shard: fc.nat(2),
    back: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(40) }),
    rows: fc.integer({ min: 1, max: 12 }),
  }),
  { maxLength: 30 },
);

type Step = { shard: number; back: number; rows: number };

/** The writes that these steps lead to, as ranges of the journals; the last ones write all that is left. */
export function toWrites(
  all: EventRecord[][],
  taken: Step[],
): { shard: number; from: number; to: number }[] {
  const checkpoints = all.map(() => 0);
  const writes = taken.map(({ shard: drawn, back, rows }) => {
    const shard = drawn % all.length;
    const from = Math.max(0, (checkpoints[shard] ?? 0) - back);
    checkpoints[shard] = Math.min(from + rows, all[shard]?.length ?? 0);
    return { shard, from, to: from + rows };
  });
  const rest = checkpoints.map((from, shard) => ({ shard, from, to: all[shard]?.length ?? 0 }));
  return [...writes, ...rest];
}
