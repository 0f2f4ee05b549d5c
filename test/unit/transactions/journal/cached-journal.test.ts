/** A journal with a cache reads what the tables hold. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deriveTransactionId } from "../../../../src/domain/identity/id";
import { RELEASING_TYPES } from "../../../../src/domain/risk/release";
import { type Command, execute } from "../../../../src/transactions/commands/command";
import { Journal } from "../../../../src/transactions/journal/journal";
import {
  basisOf,
  HOLDING,
  LIVE,
  MERCHANT,
  NOW_MS,
  requestOf,
  TRACEPARENT,
} from "../../../support/examples";
import { turnBackEvents, turnBackToWholeTexts } from "../../../support/first-journal";
import { memoryStorage } from "../../../support/sqlite";

const KEYS = ["a", "b", "c"];
const REVIEWS_END_MS = NOW_MS + HOLDING.rule_set.review_expires_after_s * 1_000;
const idOf = (key: string) => deriveTransactionId(MERCHANT, key);
/** Approved, held and blocked: the last two have two events at once, and a held one has a review. */
const AMOUNTS_MINOR = [10_050, 500_001, 1_000_001];
type Step = {
  kind: "create" | "process" | "cancel" | "expire" | "load";
  key: string;
  amount_minor: number;
};

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom("create", "process", "cancel", "expire", "load"),
  key: fc.constantFrom(...KEYS),
  amount_minor: fc.constantFrom(...AMOUNTS_MINOR),
});

function commandOf(kind: Exclude<Step["kind"], "load">, { key, amount_minor }: Step): Command {
  const about = { merchant_id: MERCHANT, transaction_id: idOf(key), traceparent: TRACEPARENT };
  if (kind !== "create") return { kind, ...about };
  return { kind, ...about, idempotency_key: key, request: requestOf({ amount_minor }) };
}

function take(journal: Journal, step: Step): void {
  if (step.kind === "load") {
    journal.load(KEYS.map(idOf));
    return;
  }
  const command = commandOf(step.kind, step);
  const basis = journal.has(command.transaction_id) ? undefined : basisOf(1, HOLDING);
  execute(journal, command, basis, LIVE, step.kind === "expire" ? REVIEWS_END_MS : NOW_MS);
  journal.write();
}

function toldBy(journal: Journal) {
  const from = Array.from({ length: journal.lastPosition + 2 }, (_, position) => position);
  return {
    found: KEYS.map((key) => journal.find(idOf(key))),
    texts: KEYS.map((key) => journal.findText(idOf(key))?.data),
    events: from.map((position) => journal.eventsAfter(position, 3, 1_000_000)),
    released: from.map((position) =>
      journal.eventsOfTypes(position, position + 3, RELEASING_TYPES),
    ),
    nextReviewAtMs: journal.deadlines.nextAtMs(NOW_MS),
  };
}

/** Everything that happened to each transaction, but not who asked for it. */
function historiesIn(journal: Journal) {
  return KEYS.map((key) =>
    journal.readEvents(idOf(key)).map((event) => ({ ...event, traceparent: null })),
  );
}

describe("a journal with a cache", () => {
  it("A journal with a cache returns what a newly started one reads from the tables", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const storage = memoryStorage();
        const journal = new Journal(storage.sql);
        for (const one of steps) {
          take(journal, one);
          expect(toldBy(journal)).toEqual(toldBy(new Journal(storage.sql)));
        }
      }),
    );
  });

  it("A journal with a cache finds several transactions at once, and remembers which do not exist", () => {
    const storage = memoryStorage();
    const writer = new Journal(storage.sql);
    for (const key of ["a", "b"]) {
      take(writer, { kind: "create", key, amount_minor: 10_050 });
      take(writer, { kind: "process", key, amount_minor: 10_050 });
    }
    const reader = new Journal(storage.sql);
    reader.load(KEYS.map(idOf));
    storage.sql.exec("DELETE FROM events"); // It has what it needs.
    const found = KEYS.map((key) => reader.find(idOf(key))?.transaction.status);
    expect(found).toEqual(["processing", "processing", undefined]);
  });

  it("A journal continues with events of the first version, which have no traces", () => {
    const steps = fc.array(step, { maxLength: 12 });
    fc.assert(
      fc.property(steps, steps, (before, after) => {
        const expected = new Journal(memoryStorage().sql);
        for (const one of [...before, ...after]) take(expected, one);
        const storage = memoryStorage();
        const first = new Journal(storage.sql);
        for (const one of before) take(first, one);
        turnBackEvents(storage.sql);
        const journal = new Journal(storage.sql);
        for (const one of after) take(journal, one);
        const restarted = new Journal(storage.sql);
        for (const told of [journal, restarted]) {
          expect(historiesIn(told)).toEqual(historiesIn(expected));
          expect(told.charges.summarize(NOW_MS)).toEqual(expected.charges.summarize(NOW_MS));
        }
      }),
    );
  });

  it("A journal continues with events of version 4, whatever of them it has moved", () => {
    const steps = fc.array(step, { maxLength: 12 });
    fc.assert(
      fc.property(steps, steps, steps, fc.nat(2), (before, between, after, moves) => {
        const expected = new Journal(memoryStorage().sql);
        for (const one of [...before, ...between, ...after]) take(expected, one);
        const storage = memoryStorage();
        const first = new Journal(storage.sql);
        for (const one of before) take(first, one);
        turnBackToWholeTexts(storage.sql);
        const journal = new Journal(storage.sql);
        for (const one of between) take(journal, one);
        for (let move = 0; move < moves; move++) journal.moveEarlierEvents(3);
        expect(toldBy(new Journal(storage.sql))).toEqual(toldBy(journal));
        for (const one of after) take(journal, one);
        for (const told of [journal, new Journal(storage.sql)]) {
          expect(historiesIn(told)).toEqual(historiesIn(expected));
          expect(told.eventsAfter(0, 1_000, 1_000_000)).toEqual(
            expected.eventsAfter(0, 1_000, 1_000_000),
          );
          expect(told.charges.summarize(NOW_MS)).toEqual(expected.charges.summarize(NOW_MS));
        }
      }),
    );
  });

  it("Moving the last events of an earlier release drops their table", () => {
    const storage = memoryStorage();
    take(new Journal(storage.sql), { kind: "create", key: "a", amount_minor: 500_001 });
    turnBackToWholeTexts(storage.sql);
    const journal = new Journal(storage.sql);
    const histories = historiesIn(journal);
    journal.moveEarlierEvents(1);
    expect(journal.events.earlier.isEmpty).toBe(false);
    journal.moveEarlierEvents();
    expect(journal.events.earlier.isEmpty).toBe(true);
    for (const told of [journal, new Journal(storage.sql)]) {
      expect(historiesIn(told)).toEqual(histories);
      expect(told.events.earlier.isEmpty).toBe(true);
    }
  });
});
