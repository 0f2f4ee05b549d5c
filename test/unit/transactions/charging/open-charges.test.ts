/** Claims in memory: what a restarted shard knows of charges that were under way. */
import { expect, it } from "vitest";
import { deriveRefundId } from "../../../../src/domain/identity/id";
import type { Answer } from "../../../../src/processor/processor";
import type { Command } from "../../../../src/transactions/commands/command";
import { Journal } from "../../../../src/transactions/journal/journal";
import { DECLINED, MERCHANT, NOW_MS } from "../../../support/examples";
import { turnBackToWholeTexts } from "../../../support/first-journal";
import {
  about,
  create,
  idOf,
  journal,
  record,
  run,
  SETTLED,
  storage,
  times,
  UNKNOWN,
} from "../../../support/shard";

const rows = () => storage.sql.exec("SELECT * FROM charges").toArray();
const dueAfterRestart = () =>
  new Journal(storage.sql).charges.due(NOW_MS + 1, 100).map(({ id, attempts }) => [id, attempts]);

it("A charge with an outcome at the first attempt writes no row", () => {
  for (const command of [create(), about("process"), record(SETTLED)]) run(command);
  expect(rows()).toEqual([]);
  expect(dueAfterRestart()).toEqual([]);
});

it("A charge's row is deleted with its outcome", () => {
  for (const command of [create(), about("process"), record(UNKNOWN)]) run(command);
  expect(rows()).toHaveLength(1);
  run(record(SETTLED));
  expect(rows()).toEqual([]);
});

it("A restarted shard repeats the claims that had no outcome, and no others", () => {
  const keys = times(30, (n) => `k${n}`);
  for (const key of keys) run(create(key));
  for (const key of keys) run(about("process", key));
  for (const key of keys.filter((_, n) => n % 3 === 0)) run(record(SETTLED, key));
  for (const key of keys.filter((_, n) => n % 3 === 1)) run(record(UNKNOWN, key));
  const open = keys.filter((_, n) => n % 3 === 2).map((key) => [idOf(key), 0]);
  expect(dueAfterRestart()).toEqual(open);
  const later = new Journal(storage.sql).charges.due(NOW_MS + 60_000, 100);
  expect(later).toHaveLength(20);
  expect(later.filter(({ attempts }) => attempts === 1)).toHaveLength(10);
  expect(new Journal(storage.sql).charges.summarize(NOW_MS + 1)).toMatchObject({ open: 20 });
});

it("A claim is found after a restart however many payments were made and ended since", () => {
  run(create("slow"));
  run(about("process", "slow"));
  for (const n of times(50, (count) => count)) {
    for (const command of [create(`k${n}`), about("process", `k${n}`)]) run(command);
    run(record(SETTLED, `k${n}`));
  }
  expect(dueAfterRestart()).toEqual([[idOf("slow"), 0]]);
  const restarted = new Journal(storage.sql);
  expect(restarted.charges.storedThrough(restarted.lastPosition)).toBe(1);
  run(record(UNKNOWN, "slow"));
  expect(new Journal(storage.sql).checkpoints.get("charges_stored_through")).toBe(152);
});

it("A shard reads no event twice that was settled before its last commit", () => {
  for (const command of [create(), about("process"), record(SETTLED), create("next")]) run(command);
  expect(journal.checkpoints.get("charges_stored_through")).toBe(4);
});

it("A restarted shard repeats refunds that had no outcome, in the order of all claims", () => {
  for (const key of ["a", "b"]) {
    for (const command of [create(key), about("process", key), record(SETTLED, key)]) run(command);
  }
  const refundOf = (key: string, idempotency_key: string): Command => ({
    kind: "refund",
    traceparent: null,
    merchant_id: MERCHANT,
    transaction_id: idOf(key),
    idempotency_key,
    amount: "1.00",
    reason: null,
    metadata: {},
  });
  run(refundOf("b", "first"));
  run(create("c"));
  run(about("process", "c"));
  run(refundOf("a", "second"));
  run(refundOf("a", "third"));
  const [first, second, third] = [
    deriveRefundId(idOf("b"), "first"),
    deriveRefundId(idOf("a"), "second"),
    deriveRefundId(idOf("a"), "third"),
  ];
  const answer = { operation: "refund", claimed_version: 0 } as const;
  const ofA = { kind: "record", traceparent: null, transaction_id: idOf("a") } as const;
  run({ ...ofA, ...answer, answer: SETTLED, refund_id: third });
  expect(dueAfterRestart()).toEqual([
    [first, 0],
    [idOf("c"), 0],
    [second, 0],
  ]);
  run({ ...ofA, ...answer, answer: UNKNOWN, refund_id: second });
  const restarted = new Journal(storage.sql).charges;
  expect(restarted.find(second)).toMatchObject({ attempts: 1, claimed_at_ms: NOW_MS });
  expect(restarted.summarize(NOW_MS + 60_001)).toEqual({
    open: 3,
    overdue: 3,
    oldest_age_ms: 60_001,
  });
});

it("The open charges of the release before refunds are found, with the times of their claims", () => {
  run(create());
  run(about("process"), NOW_MS + 1_000);
  run(record(UNKNOWN), NOW_MS + 2_000);
  turnBackToWholeTexts(storage.sql);
  for (const statement of [
    "DROP TABLE refunds",
    "ALTER TABLE charges DROP COLUMN claimed_at_ms",
    "ALTER TABLE events DROP COLUMN refund",
    "UPDATE schema_version SET version = 2",
  ]) {
    storage.sql.exec(statement);
  }
  const upgraded = new Journal(storage.sql);
  expect(upgraded.charges.find(idOf("k"))).toMatchObject({
    attempts: 1,
    claimed_at_ms: NOW_MS + 1_000,
  });
  expect(upgraded.charges.summarize(NOW_MS + 61_001)).toMatchObject({ overdue: 1 });
  expect(upgraded.readEvents(idOf("k")).map(({ refund }) => refund)).toEqual([null, null]);
});

const REQUIRED: Answer = {
  kind: "action_required",
  next_action: { type: "redirect_to_url", redirect_to_url: { url: "https://a", return_url: null } },
};

it("A charge whose customer has to act is open and not overdue, and is asked again a second after the last time", () => {
  for (const command of [create(), about("process")]) run(command);
  for (let attempt = 1; attempt <= 8; attempt++) run(record(REQUIRED));
  const open = journal.charges.find(idOf("k"));
  expect(open).toMatchObject({ attempts: 8, next_attempt_at_ms: NOW_MS + 128_000 });
  const later = NOW_MS + 100_000;
  expect(journal.charges.summarize(later)).toEqual({ open: 0, overdue: 0, oldest_age_ms: 0 });
  expect(journal.charges.nextAtMs(later)).toBe(NOW_MS + 128_000);
  const asked = run(about("process"), later);
  expect(asked).toMatchObject({ kind: "pending", retry_at_ms: NOW_MS + 1_000, wrote: false });
  expect(dueAfterRestart()).toEqual([]);
  expect(new Journal(storage.sql).charges.find(idOf("k"))).toEqual(open);
});

it("The void of such a charge takes its place, also after a restart, and gives it back when it is refused", () => {
  for (const command of [create(), about("process"), record(REQUIRED), about("cancel")])
    run(command);
  expect(rows()).toEqual([]);
  expect(dueAfterRestart()).toEqual([[idOf("k"), 0]]);
  expect(journal.charges.summarize(NOW_MS)).toMatchObject({ open: 1 });
  const declined: Answer = { kind: "declined", failure: DECLINED };
  run({ ...record(declined), operation: "void" } as Command);
  expect(rows()).toMatchObject([{ attempts: 1, awaits_action: 1 }]);
  expect(journal.find(idOf("k"))?.transaction.status).toBe("requires_action");
});

it("Charges that a release without actions has stored do not wait for a customer", () => {
  for (const command of [create(), about("process"), record(UNKNOWN)]) run(command);
  turnBackToWholeTexts(storage.sql);
  storage.sql.exec("ALTER TABLE charges DROP COLUMN awaits_action");
  storage.sql.exec("DROP TABLE payment_details");
  storage.sql.exec("DROP TABLE next_actions");
  storage.sql.exec("UPDATE schema_version SET version = 3");
  const upgraded = new Journal(storage.sql);
  expect(upgraded.charges.find(idOf("k"))).toMatchObject({ attempts: 1, awaits_action: 0 });
  expect(upgraded.details.of(idOf("k"))).toBeUndefined();
});
