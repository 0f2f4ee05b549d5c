/** The commands of a shard, each in a batch of its own. */
import { describe, expect, it } from "vitest";
import { type Command, execute } from "../../../../src/transactions/commands/command";
import {
  basisOf,
  created,
  HOLDING,
  LIVE,
  MERCHANT,
  NOW_MS,
  processorOf,
} from "../../../support/examples";
import {
  A_DECLINE,
  about,
  create,
  idOf,
  journal,
  parsed,
  record,
  refusalOf,
  run,
  SETTLED,
  UNKNOWN,
} from "../../../support/shard";

describe("a command", () => {
  it("A create gets the bytes that were stored", () => {
    const answer = run(create());
    expect(answer).toMatchObject({ kind: "done", replayed: false, wrote: true });
    expect(parsed(answer)).toEqual(created({}, NOW_MS, "k").transaction);
    expect(answer).toMatchObject({ data: journal.findText(idOf("k"))?.data });
  });

  it("A create repeated under the same key gets the first response's bytes, whatever has happened since", () => {
    const first = run(create());
    const again = { ...first, replayed: true, wrote: false };
    expect(run(create(), NOW_MS + 1)).toEqual(again);
    for (const next of [about("process"), record(UNKNOWN), record(A_DECLINE)]) {
      run(next, NOW_MS + 2);
      expect(run(create(), NOW_MS + 3)).toEqual(again);
    }
    expect(journal.readEvents(idOf("k"))).toHaveLength(3);
  });

  it("A repeated create of a blocked payment gets the blocked payment", () => {
    const first = run(create("k", { amount_minor: 1_000_001 }));
    expect(parsed(first)).toMatchObject({ status: "failed", version: 2 });
    const again = run(create("k", { amount_minor: 1_000_001 }));
    expect(again).toEqual({ ...first, replayed: true, wrote: false });
  });

  it("A create repeated in the same batch finds what the first one made", () => {
    const inRound = (command: Command) => execute(journal, command, basisOf(), LIVE, NOW_MS);
    const first = inRound(create());
    expect(inRound(create())).toEqual({ ...first, replayed: true, wrote: false });
    expect(inRound(about("process"))).toMatchObject({ kind: "pending" });
    expect(refusalOf(inRound(about("cancel")))?.code).toBe("illegal_transition");
  });

  it("A create of something else under a known key is refused and writes nothing", () => {
    run(create());
    expect(refusalOf(run(create("k", { amount_minor: 1 })))).toEqual({
      code: "idempotency_key_reused",
      fields: ["amount"],
    });
    expect(journal.lastPosition).toBe(1);
  });

  it("A create needs signals, unless the transaction exists", () => {
    expect(() => execute(journal, create(), undefined, LIVE, NOW_MS)).toThrow("signals");
    run(create());
    const again = execute(journal, create(), undefined, LIVE, NOW_MS);
    expect(again).toMatchObject({ kind: "done", replayed: true });
  });

  it.each([
    ["processes", about("process", "none")],
    ["cancels", about("cancel", "none")],
    ["records", record(SETTLED, "none")],
    ["processes another merchant's", about("process", "k", "mer_other")],
    ["cancels another merchant's", about("cancel", "k", "mer_other")],
  ])("A command that %s transaction finds none", (_, command) => {
    run(create());
    expect(refusalOf(run(command))).toEqual({ code: "transaction_not_found" });
    expect(journal.lastPosition).toBe(1);
  });

  it("A create that processes holds a payment that the rules hold, and charges it once it is approved", () => {
    const paying = { ...create("held", { amount_minor: 500_001 }), process: true } as Command;
    const pay = () => execute(journal, paying, basisOf(1, HOLDING), LIVE, NOW_MS);
    const held = pay();
    expect(held).toMatchObject({ kind: "done", status: "review", wrote: true });
    expect(pay()).toEqual({ ...held, replayed: true, wrote: false });
    const by = { reviewer: null, note: null, merchant_id: MERCHANT, traceparent: null };
    run({ kind: "review", transaction_id: idOf("held"), decision: "approve", ...by });
    expect(pay()).toMatchObject({ kind: "pending", replayed: true, wrote: true });
    expect(pay()).toMatchObject({ kind: "pending", replayed: true, wrote: false });
  });

  it("A create that processes is refused before it is stored when there is no processor", () => {
    const paying = { ...create("none"), process: true } as Command;
    const refused = execute(journal, paying, undefined, processorOf("none"), NOW_MS);
    expect(refusalOf(refused)).toEqual({ code: "processor_not_configured" });
    const manual = create("manual", { capture_method: "manual" });
    const chargesOnly = { ...LIVE, supports: (operation: string) => operation === "charge" };
    expect(refusalOf(execute(journal, manual, undefined, chargesOnly, NOW_MS))).toEqual({
      code: "operation_not_supported",
      operation: "authorize",
    });
    expect(journal.lastPosition).toBe(0);
  });

  it("A process command claims a charge once; further ones get the same charge", () => {
    run(create());
    const claim = run(about("process"), NOW_MS + 5);
    expect(claim).toMatchObject({
      kind: "pending",
      order: { attempt: 1, transaction: { status: "processing", version: 2 } },
      retry_at_ms: NOW_MS + 5,
      wrote: true,
    });
    expect(journal.charges.find(idOf("k"))).toEqual({
      id: idOf("k"),
      attempts: 0,
      next_attempt_at_ms: NOW_MS + 5,
      claimed_at_ms: NOW_MS + 5,
      awaits_action: 0,
    });
    expect(run(about("process"), NOW_MS + 9)).toEqual({ ...claim, wrote: false });
    expect(journal.lastPosition).toBe(2);
  });

  it("A charge with an unknown outcome is retried at growing intervals, up to five minutes, without end", () => {
    run(create());
    run(about("process"));
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 12; attempt++) {
      const now = NOW_MS + attempt;
      const answer = run(record(UNKNOWN), now);
      if (answer.kind !== "pending") throw new Error(answer.kind);
      expect(answer.order.attempt).toBe(attempt + 1);
      expect(run(about("process"), now)).toEqual({ ...answer, wrote: false });
      waits.push(answer.retry_at_ms - now);
    }
    expect(waits.map((wait) => wait / 1_000)).toEqual([
      1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300,
    ]);
    expect(parsed(run(record(SETTLED)))).toMatchObject({ status: "completed", version: 3 });
    expect(journal.charges.nextAtMs(NOW_MS)).toBeUndefined();
  });

  it.each([
    ["settled", SETTLED, "completed"],
    ["declined", A_DECLINE, "failed"],
  ])("A %s charge is recorded once; no later result changes it", (_, answer, status) => {
    run(create());
    run(about("process"));
    const outcome = run(record(answer), NOW_MS + 7);
    expect(outcome).toMatchObject({ kind: "done", wrote: true });
    expect(parsed(outcome).status).toBe(status);
    expect(journal.charges.find(idOf("k"))).toBeUndefined();
    for (const late of [record(SETTLED), record(A_DECLINE), record(UNKNOWN), about("process")]) {
      const word = late.kind === "record" ? late.answer : UNKNOWN;
      const isAgainst = word !== UNKNOWN && word !== answer;
      const contradicts = isAgainst ? { contradicts: true } : {};
      expect(run(late, NOW_MS + 99)).toEqual({ ...outcome, wrote: false, ...contradicts });
    }
    expect(journal.lastPosition).toBe(3);
  });

  it("A cancel cancels a pending transaction, and a repeated one changes nothing", () => {
    run(create());
    const cancelled = run(about("cancel"));
    expect(cancelled).toMatchObject({ kind: "done", wrote: true });
    expect(run(about("cancel"), NOW_MS + 9)).toEqual({ ...cancelled, wrote: false });
    expect(refusalOf(run(about("process")))).toEqual({
      code: "illegal_transition",
      status: "cancelled",
      action: "submit",
    });
  });

  it("A command that the table does not permit is refused, and opens no charge", () => {
    run(create());
    run(about("process"));
    expect(refusalOf(run(about("cancel")))).toEqual({
      code: "illegal_transition",
      status: "processing",
      action: "cancel",
    });
    run(create("blocked", { amount_minor: 1_000_001 }));
    expect(refusalOf(run(about("process", "blocked")))?.code).toBe("illegal_transition");
    expect(journal.charges.due(NOW_MS, 10)).toHaveLength(1);
  });

  it("A charge that was lost is reported instead of charged again", () => {
    run(create());
    run(about("process"));
    journal.charges.close(idOf("k"));
    journal.write();
    expect(() => run(about("process"))).toThrow("without an open operation");
  });
});
