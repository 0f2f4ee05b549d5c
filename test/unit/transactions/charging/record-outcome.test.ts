/** The processor's outcomes that a shard records, also after a resolution. */
import { beforeEach, describe, expect, it } from "vitest";
import { deriveRefundId, deriveTransactionId } from "../../../../src/domain/identity/id";
import { RESOLVABLE_AFTER_MS } from "../../../../src/domain/transaction/decisions/decide-resolution";
import type { ResolveRequest } from "../../../../src/domain/transaction/resolution";
import type { Transaction } from "../../../../src/domain/transaction/transaction";
import type { Answer } from "../../../../src/processor/processor";
import { createOutcomeRecorder } from "../../../../src/transactions/charging/record-outcome";
import { type Command, execute } from "../../../../src/transactions/commands/command";
import type { CommandResult } from "../../../../src/transactions/commands/result";
import { countBatch, countWritten } from "../../../../src/transactions/count-commands";
import { Counters } from "../../../../src/transactions/counters";
import { Journal } from "../../../../src/transactions/journal/journal";
import { requestOf as toProcessor } from "../../../support/charge-request";
import {
  basisOf,
  DECLINED,
  EXAMPLES,
  LIVE,
  MERCHANT,
  NOW_MS,
  requestOf,
  TRACEPARENT,
} from "../../../support/examples";
import { memoryStorage } from "../../../support/sqlite";

const LATER_MS = NOW_MS + RESOLVABLE_AFTER_MS;
const requestFor = (fields: Partial<ResolveRequest> = {}): ResolveRequest => ({
  outcome: "settled",
  reason: "In the acquirer's report",
  resolved_by: "ann",
  force: false,
  ...fields,
});

describe("a shard", () => {
  const id = deriveTransactionId(MERCHANT, "k");
  const common = { traceparent: TRACEPARENT, transaction_id: id };
  let journal: Journal;
  let counters: Counters;
  let claimed: Transaction;
  beforeEach(() => {
    const { sql } = memoryStorage();
    journal = new Journal(sql);
    counters = new Counters(journal.state, true);
    run({
      ...common,
      kind: "create",
      merchant_id: MERCHANT,
      idempotency_key: "k",
      request: requestOf(),
    });
    run({ ...common, kind: "process", merchant_id: MERCHANT });
    claimed = journal.find(id)?.transaction ?? EXAMPLES.processing;
  });
  const asked = toProcessor({ traceparent: null });
  /** A batch of one command. */
  function run(command: Command, nowMs = NOW_MS): CommandResult {
    const answer = execute(journal, command, basisOf(), LIVE, nowMs);
    countWritten(counters, command, answer);
    journal.write();
    counters.committed();
    countBatch(counters, [command], [{ ok: true, result: answer }]);
    return answer;
  }
  const resolve = (fields: Partial<ResolveRequest> = {}, isUnderWay = false): Command => ({
    ...common,
    kind: "resolve",
    is_call_under_way: () => isUnderWay,
    ...requestFor(fields),
  });
  const countsOf = (name: string) =>
    Object.fromEntries(
      counters
        .all()
        .filter((count) => count.name === name)
        .map(({ labels, value }) => [labels, value]),
    );

  it("A shard sends the processor no further requests for a charge that was resolved", () => {
    expect(run(resolve(), LATER_MS)).toMatchObject({
      kind: "done",
      status: "completed",
      wrote: true,
    });
    expect(journal.charges.find(id)).toBeUndefined();
    expect(journal.charges.nextAtMs(NOW_MS)).toBeUndefined();
    const unknown = {
      ...common,
      kind: "record",
      answer: { kind: "unknown", reason: "no" },
      operation: "charge",
      claimed_version: 2,
    } as const;
    expect(run(unknown, LATER_MS)).toMatchObject({
      kind: "done",
      status: "completed",
      wrote: false,
    });
    expect(journal.charges.find(id)).toBeUndefined();
  });

  it("A shard counts resolutions, repetitions and refusals", () => {
    run(resolve());
    run(resolve({ force: true }, true));
    run(resolve());
    expect(countsOf("commands")).toMatchObject({
      "kind=resolve,outcome=refused:charge_may_still_end": 1,
      "kind=resolve,outcome=resolved": 1,
      "kind=resolve,outcome=replayed": 1,
    });
    expect(countsOf("charges")).toEqual({});
  });

  /** Records what the processor says, as after a call. @returns what was logged */
  async function say(answer: Answer): Promise<[string, string, string | undefined][]> {
    const logged: [string, string, string | undefined][] = [];
    const submit = async (command: Command) => ({
      result: run(command, LATER_MS),
      in_book: undefined,
    });
    const record = createOutcomeRecorder(submit, (level, event, { reason }) =>
      logged.push([level, event, reason]),
    );
    await record({ transaction: claimed, attempt: 1, claimed_at_ms: LATER_MS }, asked, answer);
    return logged;
  }
  const SETTLED: Answer = { kind: "done" };
  const A_DECLINE: Answer = { kind: "declined", failure: DECLINED };

  it.each([
    ["declined", SETTLED, "done, and the transaction is failed"],
    ["settled", A_DECLINE, "declined, and the transaction is completed"],
  ] as const)(
    "A processor outcome that contradicts a charge resolved as %s is logged and counted, and changes nothing",
    async (outcome, word, reason) => {
      const resolved = run(resolve({ outcome }), LATER_MS);
      expect(await say(word)).toEqual([["error", "charge.contradicted", reason]]);
      expect(countsOf("anomalies")).toEqual({ "kind=contradiction": 1 });
      expect(journal.findText(id)?.data).toBe(resolved.kind === "done" && resolved.data);
    },
  );

  it("A processor outcome that agrees with the recorded one is neither logged nor counted", async () => {
    run(resolve(), LATER_MS);
    expect(await say(SETTLED)).toEqual([]);
    expect(await say({ kind: "unknown", reason: "no answer" })).toEqual([
      ["warn", "charge.unknown", "no answer"],
    ]);
    expect(countsOf("anomalies")).toEqual({});
  });

  it("A word against an outcome that the processor gave itself is logged and counted", async () => {
    await say(SETTLED);
    expect(await say(A_DECLINE)).toMatchObject([
      ["error", "charge.contradicted", expect.any(String)],
    ]);
    expect(countsOf("anomalies")).toEqual({ "kind=contradiction": 1 });
    expect(countsOf("charges")).toEqual({ "operation=charge,outcome=settled": 1 });
  });

  it("An answer that comes after an operator has ended its operation does not end the next one", () => {
    const held = deriveTransactionId(MERCHANT, "held");
    const about = { traceparent: TRACEPARENT, transaction_id: held };
    const own = { ...about, merchant_id: MERCHANT };
    const request = requestOf({ capture_method: "manual" });
    run({ ...own, kind: "create", idempotency_key: "held", request, process: true });
    run({ ...resolve({ force: true }), ...about } as Command);
    expect(run({ ...own, kind: "capture", amount: "1.00" })).toMatchObject({ kind: "pending" });
    const answer = (said: Answer, claimed_version: number) => {
      const operation = claimed_version === 2 ? "authorize" : "capture";
      return run({ ...about, kind: "record", operation, answer: said, claimed_version });
    };
    const status = "processing";
    expect(answer(SETTLED, 2)).toMatchObject({ kind: "done", status, wrote: false });
    expect(answer(A_DECLINE, 2)).toMatchObject({ status, wrote: false, contradicts: true });
    expect(answer({ kind: "unknown", reason: "no answer" }, 2)).toMatchObject({ wrote: false });
    expect(journal.charges.find(held)).toMatchObject({ attempts: 0 });
    expect(answer(SETTLED, 4)).toMatchObject({ status: "completed", wrote: true });
  });

  it("An operator ends a refund, and the other outcome comes too late", () => {
    run({ ...common, kind: "record", operation: "charge", answer: SETTLED, claimed_version: 2 });
    const made = { idempotency_key: "r", amount: "1.00", reason: null, metadata: {} };
    run({ ...common, kind: "refund", merchant_id: MERCHANT, ...made });
    const refund_id = deriveRefundId(id, "r");
    const refused = run({ ...resolve(), refund_id } as Command);
    expect(refused).toMatchObject({ refusal: { code: "charge_may_still_end" } });
    const declined = run({ ...resolve({ outcome: "declined" }), refund_id } as Command, LATER_MS);
    expect(JSON.parse(declined.kind === "done" ? declined.data : "")).toMatchObject({
      status: "failed",
      resolution: { outcome: "declined", resolved_by: "ann", forced: false },
    });
    expect(journal.charges.find(refund_id)).toBeUndefined();
    const again = run({ ...resolve({ outcome: "declined" }), refund_id } as Command, LATER_MS);
    expect(again).toMatchObject({ kind: "done", wrote: false });
    expect(run({ ...resolve(), refund_id } as Command, LATER_MS)).toMatchObject({
      refusal: { code: "illegal_transition" },
    });
    const word = { operation: "refund", answer: SETTLED, claimed_version: 4, refund_id } as const;
    expect(run({ ...common, kind: "record", ...word })).toMatchObject({ contradicts: true });
    const unknown = deriveRefundId(id, "none");
    expect(run({ ...resolve(), refund_id: unknown } as Command)).toMatchObject({
      refusal: { code: "refund_not_found" },
    });
  });

  it("An answer about another payment is an error in the log, is counted, and leaves the charge open", async () => {
    const said = await say({
      kind: "unknown",
      reason: "an answer about another payment",
      differs: ["currency", "amount_minor"],
    });
    expect(said).toEqual([
      ["warn", "charge.unknown", "an answer about another payment"],
      ["error", "charge.other_payment", "currency; amount_minor"],
    ]);
    expect(countsOf("anomalies")).toEqual({ "kind=other_payment": 1 });
    expect(journal.charges.find(id)).toMatchObject({ attempts: 1 });
  });

  it("An answer with wrong members is recorded, and a warning names the members", async () => {
    expect(await say({ ...A_DECLINE, mended: ["code is missing"] })).toEqual([
      ["warn", "charge.answer_mended", "code is missing"],
    ]);
    expect(countsOf("anomalies")).toEqual({ "kind=mended": 1 });
    expect(journal.find(id)?.transaction.status).toBe("failed");
  });
});
