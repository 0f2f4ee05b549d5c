/** Reports in every order, late, twice, before and after our own answers, between requests, the customer's actions, expiries
 *  and restarts: in the end a payment is what it is at the processor, and each outcome is announced once. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { d1Metrics } from "../../../../src/api/operations/d1-metrics";
import { countedAs } from "../../../../src/d1/totals";
import type { EventRecord } from "../../../../src/domain/transaction/event";
import { openOperation } from "../../../../src/domain/transaction/operation";
import type { Transaction } from "../../../../src/domain/transaction/transaction";
import type { Answer } from "../../../../src/processor/processor";
import type { Command } from "../../../../src/transactions/commands/command";
import type { CommandResult } from "../../../../src/transactions/commands/result";
import { CAPTURE_WINDOW_MS, MERCHANT, NOW_MS, TRACEPARENT } from "../../../support/examples";
import { ACTION, FakeIntent, MINOR } from "../../../support/fake-intent";
import {
  about,
  create,
  freshShard,
  idOf,
  journal,
  restartShard,
  run,
} from "../../../support/shard";

type Step =
  | { what: "act"; success: boolean }
  | { what: "cancel" | "expire" | "restart" | "cancel there" }
  | { what: "capture" | "capture there"; minor: number }
  /** The processor is called for the open operation. */
  | { what: "call" }
  /** The response to an earlier call arrives. */
  | { what: "response" | "report"; which: number };

const minors = fc.constantFrom(1, 4_000, MINOR);
const which = fc.nat(7);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ what: fc.constant("act" as const), success: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constantFrom("cancel", "expire", "restart", "cancel there"),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ what: fc.constantFrom("capture", "capture there"), minor: minors }),
  },
  { weight: 4, arbitrary: fc.record({ what: fc.constant("call" as const) }) },
  {
    weight: 8,
    arbitrary: fc.record({ what: fc.constantFrom("response", "report"), which }),
  },
);

const ID = idOf("k");
const base = { traceparent: TRACEPARENT, transaction_id: ID };
const FINAL = ["completed", "captured", "failed", "cancelled", "voided", "action_expired"]
  .concat("capture_expired")
  .map((name) => `transaction.${name}`);

type World = { intent: FakeIntent; responses: Command[]; contradictions: number; now: number };

const current = (): Transaction => journal.find(ID)?.transaction as Transaction;

function execute(world: World, command: Command): CommandResult {
  const result = run(command, world.now);
  if (result.kind === "done" && (result.contradicts || result.reported === "contradicts")) {
    world.contradictions += 1;
  }
  return result;
}

/** Calls the processor for the open operation; its response arrives when a step says so. */
function call(world: World): void {
  const transaction = current();
  if (!["processing", "requires_action"].includes(transaction.status)) return;
  const operation = openOperation(transaction);
  const { intent } = world;
  const { pending_operation } = transaction;
  const capturing = pending_operation?.type === "capture" ? pending_operation.amount_minor : 0;
  const answer: Answer =
    operation === "void"
      ? intent.void()
      : operation === "capture"
        ? intent.capture(capturing)
        : intent.charge();
  const claimed_version = transaction.version;
  world.responses.push({ kind: "record", ...base, answer, operation, claimed_version });
}

function take(world: World, given: Step): void {
  const { intent, responses } = world;
  world.now += 1_000;
  switch (given.what) {
    case "act":
      intent.act(given.success);
      return;
    case "cancel there":
      intent.cancelThere();
      return;
    case "capture there":
      intent.captureThere(given.minor);
      return;
    case "restart":
      restartShard();
      return;
    case "cancel":
      execute(world, about("cancel"));
      return;
    case "expire":
      world.now += CAPTURE_WINDOW_MS;
      execute(world, { kind: "expire", ...base });
      return;
    case "capture": {
      const amount = String(given.minor / 100);
      execute(world, { kind: "capture", ...base, merchant_id: MERCHANT, amount });
      return;
    }
    case "call":
      call(world);
      return;
    case "response": {
      const [response] = responses.splice(given.which % Math.max(1, responses.length), 1);
      if (response) execute(world, response);
      return;
    }
    case "report": {
      const report = intent.reports[given.which % Math.max(1, intent.reports.length)];
      if (report) execute(world, { kind: "report", ...base, report });
    }
  }
}

/** Every response arrives at last, and operations are repeated until they have an outcome.
 *  @param reports whether every report arrives too */
function settle(world: World, reports: boolean): void {
  for (let round = 0; round < 20; round++) {
    while (world.responses.length > 0) take(world, { what: "response", which: 0 });
    for (const at of reports ? world.intent.reports.keys() : []) {
      take(world, { what: "report", which: at });
    }
    const open = journal.charges.find(ID) !== undefined;
    const isWaiting = current().status === "requires_action";
    if (!open || (isWaiting && world.intent.state === "action_required")) return;
    take(world, { what: "call" });
  }
  throw new Error("the operation has no outcome after twenty calls");
}

const STATUS_OF: Record<FakeIntent["state"], string[]> = {
  none: ["processing"],
  action_required: ["requires_action"],
  authorized: ["authorized"],
  succeeded: ["completed"],
  failed: ["failed"],
  cancelled: ["cancelled"],
};

function expectConsistent(): void {
  const transaction = current();
  const { status, action_expires_at, capture_before } = transaction;
  const isOpen = status === "processing" || status === "requires_action";
  expect(journal.charges.find(ID) !== undefined).toBe(isOpen);
  const rows = journal.charges.due(Number.MAX_SAFE_INTEGER, 10).filter(({ id }) => id === ID);
  expect(rows.length).toBe(isOpen ? 1 : 0);
  const deadline = { requires_action: action_expires_at, authorized: capture_before }[
    status as string
  ];
  const expires = journal.deadlines.expiresAtMs(ID);
  expect(expires && new Date(expires).toISOString()).toBe(deadline);
  const action = journal.details.nextActionOf(ID);
  if (status === "requires_action") expect(action).toBe(JSON.stringify(ACTION));
  else if (status !== "processing") expect(action).toBeUndefined();
  const events = journal.readEvents(ID);
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
  expect(events.at(-1)?.data).toBe(journal.findText(ID)?.data);
  expect(events.filter(({ type }) => FINAL.includes(type)).length).toBeLessThanOrEqual(1);
  expect(events.filter(({ type }) => type === "transaction.authorized").length).toBeLessThanOrEqual(
    1,
  );
  expect(JSON.stringify(events)).not.toContain("s3cret");
}

/** The gauge by status that D1's totals give for the events of one transaction, without the zeros. */
function gaugeOf(events: EventRecord[]): Record<string, number> {
  const totals = events.map(({ type, data }) => {
    const transaction = JSON.parse(data) as Transaction;
    const { currency, code, amount_minor } = countedAs(type, transaction, null);
    return { type, currency, code, decision: "approve", count: 1, amount_minor };
  });
  const gauge = d1Metrics(totals).find(({ name }) => name === "payments_transactions");
  const counts = (gauge?.samples ?? []).map(({ labels, value }) => [labels.status, value]);
  return Object.fromEntries(counts.filter(([, value]) => value !== 0));
}

it("A payment becomes what it is at the processor, whatever the order of its reports and answers", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.constantFrom("action_required", "action_required", "done", "failed"),
      fc.array(step, { maxLength: 30, size: "max" }),
      fc.boolean(),
      (isManual, begins, steps, reports) => {
        freshShard();
        const intent = new FakeIntent(isManual, begins);
        const world: World = { intent, responses: [], contradictions: 0, now: NOW_MS };
        const method = isManual ? "manual" : "automatic";
        run({ ...create("k", { capture_method: method }), process: true } as Command);
        call(world);
        for (const given of steps) {
          take(world, given);
          expectConsistent();
        }
        settle(world, reports);
        expectConsistent();
        const { status, amount_captured_minor } = current();
        // Nothing is open then, so that only a report says what was done to it at the processor.
        const isMissed = !reports && status === "authorized";
        if (!isMissed) {
          expect(STATUS_OF[intent.state]).toContain(status);
          expect(amount_captured_minor).toBe(intent.captured);
        }
        expect(world.contradictions).toBe(0);
        expect(gaugeOf(journal.readEvents(ID))).toEqual({ [status]: 1 });
        for (const { type } of journal.readEvents(ID)) seen.add(type);
      },
    ),
    { numRuns: 2_000 },
  );
  expect([...seen].sort()).toEqual(
    [
      "created",
      "processing",
      "requires_action",
      "authorized",
      "captured",
      "voided",
      "capture_expired",
      "action_expired",
      "completed",
      "failed",
    ]
      .map((name) => `transaction.${name}`)
      .sort(),
  );
});
