/** Any sequence of commands, compared with a model. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Status } from "../../../../src/domain/transaction/status";
import type { Command } from "../../../../src/transactions/commands/command";
import type { CommandResult } from "../../../../src/transactions/commands/result";
import { NOW_MS } from "../../../support/examples";
import {
  A_DECLINE,
  about,
  create,
  freshShard,
  idOf,
  journal,
  parsed,
  record,
  run,
  SETTLED,
  UNKNOWN,
} from "../../../support/shard";

/** Any commands in any order, compared with a model that has only a status for each key. */
describe("any sequence of commands to a shard", () => {
  const KEYS = ["a", "b"];
  const AMOUNTS = { good: 10_050, other: 7, risky: 1_000_001 };
  const steps = fc.record({
    key: fc.constantFrom(...KEYS),
    what: fc.constantFrom(
      ...(["good", "good", "other", "risky", "process", "process", "cancel"] as const),
      ...(["settled", "declined", "unknown"] as const),
    ),
    stepMs: fc.integer({ min: -1_000, max: 5_000 }),
  });
  type Known = { status: Status; amount_minor: number; first: string; attempts: number };

  function commandOf({ key, what }: { key: string; what: string }): Command {
    switch (what) {
      case "process":
      case "cancel":
        return about(what, key);
      case "settled":
        return record(SETTLED, key);
      case "declined":
        return record(A_DECLINE, key);
      case "unknown":
        return record(UNKNOWN, key);
      default:
        return create(key, { amount_minor: AMOUNTS[what as keyof typeof AMOUNTS] });
    }
  }

  /** What the model says a command does to a known transaction; undefined when it is refused. */
  function expectedStatus({ status, amount_minor }: Known, what: string): Status | undefined {
    const isBlocked = status === "failed" && amount_minor === AMOUNTS.risky;
    switch (what) {
      case "process":
        if (status === "cancelled" || isBlocked) return undefined;
        return status === "pending" ? "processing" : status;
      case "cancel":
        return status === "pending" || status === "cancelled" ? "cancelled" : undefined;
      case "unknown":
        return status;
      case "settled":
      case "declined":
        if (status === "pending" || status === "cancelled" || isBlocked) return undefined;
        if (status !== "processing") return status;
        return what === "settled" ? "completed" : "failed";
      default:
        return AMOUNTS[what as keyof typeof AMOUNTS] === amount_minor ? status : undefined;
    }
  }

  it("Any sequence of commands to a shard has the events, charges and results of the model", () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 40, size: "max" }), (sequence) => {
        freshShard();
        const model = new Map<string, Known>();
        let now = NOW_MS;
        for (const step of sequence) {
          now += step.stepMs;
          const before = journal.lastPosition;
          const answer = run(commandOf(step), now);
          follow(model, step, answer, now, journal.lastPosition - before);
          for (const [key, known] of model) expectKept(key, known);
        }
      }),
      { numRuns: 200 },
    );
  });

  function follow(
    model: Map<string, Known>,
    { key, what }: { key: string; what: string },
    answer: CommandResult,
    nowMs: number,
    written: number,
  ): void {
    const known = model.get(key);
    const amount = AMOUNTS[what as keyof typeof AMOUNTS];
    if (!known) {
      if (amount === undefined) {
        expect(answer.kind).toBe("refused");
        return;
      }
      const status = amount === AMOUNTS.risky ? "failed" : "pending";
      expect([parsed(answer).status, written]).toEqual([status, status === "failed" ? 2 : 1]);
      const first = answer.kind === "done" ? answer.data : "";
      model.set(key, { status, amount_minor: amount, first, attempts: 0 });
      return;
    }
    const status = expectedStatus(known, what);
    if (status === undefined) {
      expect([answer.kind, written]).toEqual(["refused", 0]);
    } else if (amount !== undefined) {
      const replay = { kind: "done", data: known.first, replayed: true, wrote: false };
      expect([answer, written]).toMatchObject([replay, 0]);
    } else {
      expect([parsed(answer).status, written]).toEqual([status, status === known.status ? 0 : 1]);
      expect(answer.kind).toBe(status === "processing" ? "pending" : "done");
      if (what === "unknown" && status === "processing") {
        known.attempts += 1;
        const wait = Math.min(1_000 * 2 ** (known.attempts - 1), 300_000);
        expect(answer).toMatchObject({ retry_at_ms: nowMs + wait });
      }
      known.status = status;
    }
  }

  function expectKept(key: string, { status, attempts }: Known): void {
    const events = journal.readEvents(idOf(key));
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
    const texts = events.map(({ data }) => data);
    expect(texts.at(-1)).toBe(journal.findText(idOf(key))?.data);
    expect(journal.find(idOf(key))?.transaction.status).toBe(status);
    const charge = journal.charges.find(idOf(key));
    expect(charge?.attempts).toBe(status === "processing" ? attempts : undefined);
    const times = events.map(({ created_at_ms }) => created_at_ms);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  }
});
