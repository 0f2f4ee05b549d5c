/** What a shard keeps in memory of its journal: never anything else than its tables say. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deriveTransactionId } from "../../../../src/domain/identity/id";
import { RELEASING_TYPES } from "../../../../src/domain/risk/release";
import { type Command, execute } from "../../../../src/transactions/commands/command";
import { EventTail } from "../../../../src/transactions/journal/event-tail";
import { Journal } from "../../../../src/transactions/journal/journal";
import { TransactionCache } from "../../../../src/transactions/journal/transaction-cache";
import {
  basisOf,
  HOLDING,
  MERCHANT,
  NOW_MS,
  requestOf,
  TRACEPARENT,
} from "../../../support/examples";
import { turnBackEvents } from "../../../support/first-journal";
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
  execute(journal, command, basis, "live", step.kind === "expire" ? REVIEWS_END_MS : NOW_MS);
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
    nextReviewAtMs: journal.reviews.nextAtMs(NOW_MS),
  };
}

/** Everything that happened to each transaction, but not who asked for it. */
function historiesIn(journal: Journal) {
  return KEYS.map((key) =>
    journal.readEvents(idOf(key)).map((event) => ({ ...event, traceparent: null })),
  );
}

describe("a journal with a memory", () => {
  it("tells what one that just started reads from the tables", () => {
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

  it("finds all that were asked for at once, and knows of those that are not there", () => {
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

  it("goes on with the events that the first version kept, which knew no traces", () => {
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
});

describe("the transactions kept", () => {
  const kept = (characters: number) => ({
    merchant_id: MERCHANT,
    data: "x".repeat(characters),
    transaction: undefined,
    first_position: 1,
  });

  it("are those used last, as far as there is room", () => {
    const hot = new TransactionCache();
    for (const id of ["a", "b", "c"]) hot.set(id, kept(1_300_000));
    hot.set("a", kept(1_300_001));
    hot.set("d", kept(1_300_000));
    expect(["a", "b", "c", "d"].map((id) => hot.get(id) !== undefined)).toEqual([
      true,
      false,
      true,
      true,
    ]);
  });

  it("take room only once, however often they change", () => {
    const hot = new TransactionCache();
    hot.set("a", kept(1_000_000));
    for (let times = 0; times < 10; times++) hot.set("b", kept(1_500_000));
    expect(hot.get("a")).toBeDefined();
  });

  it("are no longer missing once they are there", () => {
    const hot = new TransactionCache();
    hot.setAbsent("a");
    expect(hot.isAbsent("a")).toBe(true);
    hot.set("a", kept(1));
    expect(hot.isAbsent("a")).toBe(false);
  });

  it("do not add up to a memory of everything that was ever missing", () => {
    const hot = new TransactionCache();
    for (let id = 0; id <= 10_000; id++) hot.setAbsent(`${id}`);
    expect([hot.isAbsent("0"), hot.isAbsent("10000")]).toEqual([false, true]);
  });
});

describe("the newest events", () => {
  const event = (position: number, characters = 1) => ({
    position,
    merchant_id: MERCHANT,
    transaction_id: idOf("a"),
    sequence: position,
    type: "transaction.created" as const,
    created_at_ms: NOW_MS,
    data: "x".repeat(characters),
    traceparent: null,
    first_position: 1,
  });
  const positions = (recent: EventTail, after: number) =>
    recent.after(after)?.map(({ position }) => position);

  it("are told from any place that they reach back to, and not from before", () => {
    const recent = new EventTail();
    expect(positions(recent, 0)).toBeUndefined();
    for (const position of [8, 9, 10]) recent.add(event(position));
    expect([6, 7, 9, 10].map((after) => positions(recent, after))).toEqual([
      undefined,
      [8, 9, 10],
      [10],
      [],
    ]);
  });

  it("are bounded in number and in size", () => {
    const many = new EventTail();
    for (let position = 1; position <= 1_001; position++) many.add(event(position));
    expect([many.after(500), many.after(501)?.length]).toEqual([undefined, 500]);
    const large = new EventTail();
    for (let position = 1; position <= 3; position++) large.add(event(position, 900_000));
    expect([positions(large, 1), positions(large, 2)]).toEqual([undefined, [3]]);
  });
});
