/** Commands with a precondition: what would change another version is refused, and what changes nothing is not. */
import { describe, expect, it } from "vitest";
import { type Command, execute } from "../../../../src/transactions/commands/command";
import { basisOf, HOLDING, LIVE, MERCHANT, NOW_MS } from "../../../support/examples";
import {
  A_DECLINE,
  about,
  claimedVersion,
  create,
  decide,
  idOf,
  journal,
  record,
  refusalOf,
  run,
  SETTLED,
} from "../../../support/shard";

const ID = idOf("k");
const base = { transaction_id: ID, merchant_id: MERCHANT, traceparent: null };
const capture = (amount: string | null = null): Command => ({ kind: "capture", ...base, amount });
const refund = (idempotency_key: string): Command => {
  const request = { idempotency_key, amount: "1.00", reason: null, metadata: {} };
  return { kind: "refund", ...base, ...request };
};
const review = (decision: "approve" | "reject"): Command => {
  return { kind: "review", ...base, decision, reviewer: null, note: null };
};
const expecting = (command: Command, ...expected_versions: number[]) =>
  ({ ...command, expected_versions }) as Command;

const authorize = () => {
  run(create("k", { capture_method: "manual" }));
  run(about("process"));
  run({ ...record(SETTLED), operation: "authorize" } as Command);
};
const charge = () => {
  run(create());
  run(about("process"));
  run(record(SETTLED));
};
const hold = () => {
  execute(journal, create("k", { amount_minor: 500_001 }), basisOf(1, HOLDING), LIVE, NOW_MS);
  journal.write();
};

/** By command: how its transaction comes to the version that it changes. */
const CASES: Record<string, { make: () => void; command: Command; version: number }> = {
  process: { make: () => run(create()), command: about("process"), version: 1 },
  cancel: { make: () => run(create()), command: about("cancel"), version: 1 },
  "cancel, which voids,": { make: authorize, command: about("cancel"), version: 3 },
  capture: { make: authorize, command: capture(), version: 3 },
  review: { make: hold, command: review("approve"), version: 2 },
  refund: { make: charge, command: refund("r"), version: 3 },
};

describe("A command that expects a version", () => {
  for (const [name, { make, command, version }] of Object.entries(CASES)) {
    it(`A ${name} of another version is refused and writes nothing`, () => {
      make();
      const { changes, lastPosition } = journal;
      const status = journal.find(ID)?.transaction.status;
      const refused = run(expecting(command, version - 1, version + 1));
      expect(refusalOf(refused)).toEqual({ code: "version_mismatch", version, status });
      expect([journal.changes, journal.lastPosition]).toEqual([changes, lastPosition]);
      expect([...journal.charges.due(NOW_MS, 10)]).toEqual([]);
    });

    it(`A ${name} of the expected version is made, and its repetition is not refused`, () => {
      make();
      const made = run(expecting(command, 99, version));
      expect(made).toMatchObject({ wrote: true });
      expect(journal.find(ID)?.transaction.version).toBe(version + 1);
      const again = run(expecting(command, 99, version));
      const data = made.kind === "refused" ? "" : made.data;
      expect(again).toMatchObject({ kind: made.kind, data, wrote: false });
    });
  }

  it("Of two refunds in one batch that expect the same version the second is refused", () => {
    charge();
    expect(decide(expecting(refund("one"), 3))).toMatchObject({ kind: "pending", wrote: true });
    expect(refusalOf(decide(expecting(refund("two"), 3)))).toEqual({
      code: "version_mismatch",
      version: 4,
      status: "completed",
    });
    journal.write();
    expect(journal.refunds.of(ID)).toHaveLength(1);
  });

  it("A capture after a declined one is another change, which the version before does not allow", () => {
    authorize();
    run(expecting(capture(), 3));
    const claimed_version = claimedVersion(ID);
    run({ ...record(A_DECLINE), operation: "capture", claimed_version } as Command);
    expect(refusalOf(run(expecting(capture(), 3)))).toMatchObject({ version: 5 });
    expect(run(expecting(capture(), 5))).toMatchObject({ kind: "pending", wrote: true });
  });

  it("A command that is refused in any case is refused as without the precondition", () => {
    charge();
    for (const command of [about("cancel"), capture(), review("reject")]) {
      expect(run(expecting(command, 1))).toEqual(run(command));
    }
  });
});
