/** An operator's resolution of a charge. */
import { expect, it } from "vitest";
import {
  decideResolution,
  RESOLVABLE_AFTER_MS,
} from "../../../../../src/domain/transaction/decisions/decide-resolution";
import type { ResolveRequest } from "../../../../../src/domain/transaction/resolution";
import type { Transaction } from "../../../../../src/domain/transaction/transaction";
import { EXAMPLES, LIVE, NOW_MS, taken } from "../../../../support/examples";

const LATER_MS = NOW_MS + RESOLVABLE_AFTER_MS;
const requestFor = (fields: Partial<ResolveRequest> = {}): ResolveRequest => ({
  outcome: "settled",
  reason: "In the acquirer's report",
  resolved_by: "ann",
  force: false,
  ...fields,
});

const decide = (
  transaction: Transaction,
  fields: Partial<ResolveRequest> = {},
  isUnderWay = false,
  nowMs = LATER_MS,
) => decideResolution(transaction, requestFor(fields), isUnderWay, LIVE, nowMs);
it.each([
  ["settled", "completed", "transaction.completed", null],
  ["declined", "failed", "transaction.failed", "declined_by_operator"],
] as const)(
  "An operator's %s makes a processing transaction %s, and its event says who, why and when",
  (outcome, status, type, code) => {
    const change = taken(decide(EXAMPLES.processing, { outcome }));
    const resolution = {
      outcome,
      reason: "In the acquirer's report",
      resolved_by: "ann",
      resolved_at: new Date(LATER_MS).toISOString(),
      forced: false,
    };
    expect(change?.transaction).toMatchObject({
      status,
      resolution,
      version: EXAMPLES.processing.version + 1,
    });
    expect(change?.transaction.failure?.code ?? null).toBe(code);
    expect(change?.events).toMatchObject([{ type, data: { resolution } }]);
  },
);
it("A charge cannot be resolved until fifteen minutes after its claim, unless it is forced", () => {
  const refusal = { code: "charge_may_still_end", resolvable_at_ms: LATER_MS };
  expect(decide(EXAMPLES.processing, {}, false, LATER_MS - 1)).toEqual({ ok: false, refusal });
  expect(
    taken(decide(EXAMPLES.processing, { force: true }, false, LATER_MS - 1))?.transaction
      .resolution,
  ).toMatchObject({ forced: true });
  expect(taken(decide(EXAMPLES.processing))?.transaction.resolution).toMatchObject({
    forced: false,
  });
  expect(taken(decide(EXAMPLES.processing, { force: true }))?.transaction.resolution).toMatchObject(
    { forced: false },
  );
});

it("A charge cannot be resolved while the processor is being asked, unless it is forced", () => {
  expect(decide(EXAMPLES.processing, {}, true)).toMatchObject({
    ok: false,
    refusal: { code: "charge_may_still_end" },
  });
  expect(
    taken(decide(EXAMPLES.processing, { force: true }, true))?.transaction.resolution,
  ).toMatchObject({ forced: true });
});

it("A resolution that is repeated with its outcome changes nothing, and with the other one is refused", () => {
  for (const outcome of ["settled", "declined"] as const) {
    const resolved = taken(decide(EXAMPLES.processing, { outcome }))?.transaction;
    if (!resolved) throw new Error("not resolved");
    expect(decide(resolved, { outcome, reason: "Again", resolved_by: "bob" })).toEqual({
      ok: true,
      value: null,
    });
    const other = outcome === "settled" ? "declined" : "settled";
    expect(decide(resolved, { outcome: other, force: true })).toMatchObject({
      ok: false,
      refusal: { code: "illegal_transition" },
    });
  }
});

const { processing: _, ...ENDED } = EXAMPLES;
it.each(Object.entries(ENDED))(
  "A transaction that is not processing cannot be resolved, not even by force: %s",
  (_name, transaction) => {
    for (const outcome of ["settled", "declined"] as const) {
      expect(decide(transaction, { outcome, force: true })).toMatchObject({
        ok: false,
        refusal: { code: "illegal_transition" },
      });
    }
  },
);
