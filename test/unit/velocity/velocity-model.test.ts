/** Any history, compared with a model that counts afresh. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WINDOWS_MS } from "../../../src/domain/risk/measure";
import type { Observation, Release } from "../../../src/domain/risk/observation";
import { WINDOWS } from "../../../src/domain/risk/rule-set";
import { ObjectClock } from "../../../src/velocity/clock";
import { Sweep } from "../../../src/velocity/retention";
import { memoryStorage } from "../../support/sqlite";
import {
  counterOf,
  DAY_MS,
  KEPT_MS,
  LARGEST_AMOUNT,
  MINUTE_MS,
  observe,
  observeAll,
  payment,
  releaseOf,
  rowsOf,
  START_MS,
  sweepAll,
} from "../../support/velocity";
import { MEASURE_NAMES, Model } from "../../support/velocity-model";

describe("any sequence of payments, repetitions, releases, waits, sweeps, faults, restarts and clocks that are set back", () => {
  const SUBJECTS: Pick<Observation, "merchant_id" | "subject" | "value">[] = [
    { merchant_id: "mer_1", subject: "customer", value: "a" },
    { merchant_id: "mer_1", subject: "metadata.ip", value: "a" },
    { merchant_id: "mer_2", subject: "customer", value: "a" },
  ];
  const EDGES_MS = [...WINDOWS.map((window) => WINDOWS_MS[window]), KEPT_MS, 400 * DAY_MS];
  const waits = fc.oneof(
    fc.constantFrom(0, 1, ...EDGES_MS.flatMap((edge) => [edge - 1, edge, edge + 1])),
    ...EDGES_MS.slice(0, 4).map((edge) => fc.nat(Math.floor(edge / 4))),
  );
  const made = fc.record({
    which: fc.subarray(SUBJECTS, { minLength: 1 }),
    user_id: fc.constantFrom("a", "b", "c"),
    currency: fc.constantFrom("USD", "JPY"),
    amount_minor: fc.constantFrom(1, 2, 300, LARGEST_AMOUNT),
    measures: fc.oneof(fc.subarray(MEASURE_NAMES), fc.subarray(MEASURE_NAMES, { maxLength: 2 })),
  });
  type Made = typeof made extends fc.Arbitrary<infer Value> ? Value : never;
  type Step =
    | { do: "pay" | "fail"; made: Made }
    | { do: "repeat"; back: number; measures: string[] }
    /** Payments in one call; a number repeats one, of this call or an earlier one. */
    | { do: "together"; all: (Made | number)[] }
    | { do: "release"; back: number; outcome: Release["outcome"] }
    | { do: "wait" | "stepBack"; ms: number }
    | { do: "sweep"; rows: number }
    | { do: "restart" };
  const one = <Name extends string>(name: Name) => fc.constant(name);
  const back = fc.nat(12);
  const steps: fc.Arbitrary<Step> = fc.oneof(
    { weight: 24, arbitrary: fc.record({ do: one("pay"), made }) },
    {
      weight: 6,
      arbitrary: fc.record({ do: one("repeat"), back, measures: fc.subarray(MEASURE_NAMES) }),
    },
    {
      weight: 12,
      arbitrary: fc.record({
        do: one("release"),
        back,
        outcome: fc.constantFrom("blocked", "declined", "cancelled"),
      }),
    },
    {
      weight: 8,
      arbitrary: fc.record({
        do: one("together"),
        all: fc.array(fc.oneof(made, back), { minLength: 2, maxLength: 40, size: "max" }),
      }),
    },
    { weight: 14, arbitrary: fc.record({ do: one("wait"), ms: waits }) },
    { weight: 1, arbitrary: fc.record({ do: one("stepBack"), ms: waits }) },
    { weight: 2, arbitrary: fc.record({ do: one("fail"), made }) },
    { weight: 4, arbitrary: fc.record({ do: one("sweep"), rows: fc.integer({ min: 1, max: 6 }) }) },
    { weight: 2, arbitrary: fc.record({ do: one("restart") }) },
  );

  it("Any sequence of payments, repetitions, releases, waits, sweeps, faults, restarts and clocks that are set back gets the signals of counting afresh", () => {
    let compared = 0;
    const run = fc.property(fc.array(steps, { maxLength: 120, size: "max" }), (sequence) => {
      const held = memoryStorage();
      const model = new Model();
      let seen: { observation: Observation; at: number }[] = [];
      let tested = counterOf(held);
      let clock = new ObjectClock(held.sql);
      let sweep = new Sweep();
      let machineMs = START_MS;
      let nowMs = START_MS;
      const tick = () => {
        nowMs = clock.tick(machineMs, (setBackTo) => {
          tested.bringBack(setBackTo);
          model.bringBack(setBackTo);
          seen = []; // Repetitions of them are promised nothing.
        });
        expect(nowMs - machineMs).toBeGreaterThanOrEqual(0);
        expect(nowMs - machineMs).toBeLessThan(2 * MINUTE_MS);
      };
      const restart = () => {
        tested = counterOf(held);
        clock = new ObjectClock(held.sql);
        sweep = new Sweep();
        tick();
      };
      const sweepWhole = () => {
        sweepAll(nowMs, held);
        model.sweep(nowMs);
        expect(rowsOf("subject_payments", held)).toBe(model.rows);
      };
      const paymentsOf = ({ which, ...fields }: Made) => {
        const own = payment([], fields);
        return which.map((subject) => ({ ...own, ...subject }));
      };
      const compare = (observations: Observation[]) => {
        const actual = observeAll(observations, nowMs, tested);
        observations.forEach((observation, at) => {
          const expected = model.observe(observation, nowMs);
          if (expected) expect(actual[at]).toEqual(expected);
          compared += expected?.length ?? 0;
        });
      };
      const last = (places: number) => seen[seen.length - 1 - (places % Math.max(1, seen.length))];
      tick();
      for (const step of sequence) {
        if (step.do === "pay") {
          for (const observation of paymentsOf(step.made)) {
            seen.push({ observation, at: nowMs });
            compare([observation]);
          }
        } else if (step.do === "together") {
          const all = step.all.flatMap((one) => {
            if (typeof one === "number") {
              const again = last(one);
              return again && nowMs < again.at + KEPT_MS ? [again.observation] : [];
            }
            const made = paymentsOf(one);
            seen.push(...made.map((observation) => ({ observation, at: nowMs })));
            return made;
          });
          compare(all);
        } else if (step.do === "repeat") {
          const again = last(step.back);
          // Later its row may be gone, and the payment is counted again.
          if (again && nowMs < again.at + KEPT_MS)
            compare([{ ...again.observation, measures: step.measures }]);
        } else if (step.do === "release") {
          const released = last(step.back)?.observation;
          if (!released) continue;
          tested.release(releaseOf(released, step.outcome));
          model.release(releaseOf(released, step.outcome));
        } else if (step.do === "wait") machineMs += step.ms;
        else if (step.do === "stepBack") {
          sweepWhole(); // What is left to a sweep depends on the time at which it is reached.
          machineMs -= step.ms;
        } else if (step.do === "sweep") {
          held.transactionSync(() => sweep.step(held.sql, nowMs, step.rows));
          model.sweep(nowMs);
        } else if (step.do === "restart") restart();
        else if (step.do === "fail") {
          const commit = () => {
            for (const observation of paymentsOf(step.made)) observe(observation, nowMs, tested);
            for (const { observation } of seen) tested.release(releaseOf(observation, "declined"));
            throw new Error("commit failed");
          };
          expect(() => held.transactionSync(commit)).toThrow("commit failed");
          restart();
        }
        tick();
      }
      sweepWhole();
    });
    fc.assert(run, { numRuns: 150 });
    expect(compared).toBeGreaterThan(20_000);
  });
});
