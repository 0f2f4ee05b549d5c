/** What a shard's alarm continues: each operation under its key and in its trace. */
import { expect, it } from "vitest";
import { deriveRefundId } from "../../../../src/domain/identity/id";
import { keyOf } from "../../../../src/transactions/charging/charges";
import { Recovery } from "../../../../src/transactions/charging/recovery";
import type { Command } from "../../../../src/transactions/commands/command";
import type { OperationOrder } from "../../../../src/transactions/commands/result";
import { CAPTURE_WINDOW_MS, MERCHANT, NOW_MS, TRACEPARENT } from "../../../support/examples";
import {
  about,
  create,
  idOf,
  journal,
  record,
  restartShard,
  run,
  SETTLED,
} from "../../../support/shard";

const traceOf = (digit: string) => `00-${digit.repeat(32)}-${"b".repeat(16)}-01`;

function refundOf(key: string, idempotency_key: string, traceparent: string): Command {
  const own = { traceparent, merchant_id: MERCHANT, transaction_id: idOf(key) };
  const request = { idempotency_key, amount: "1.00", reason: null, metadata: {} };
  return { kind: "refund", ...own, ...request };
}

/** What one alarm calls the processor for: the key, the attempt and the trace of each call. */
async function calledBy(nowMs: number, underWay: string[] = []) {
  const called: [string, number, string | null][] = [];
  const recovery = new Recovery({
    journal,
    charges: {
      underWay: underWay.length,
      isUnderWay: (key: string) => underWay.includes(key),
      carryOut: async (order: OperationOrder, traceparent: string | null) => {
        called.push([keyOf(order), order.attempt, traceparent]);
      },
    } as unknown as ConstructorParameters<typeof Recovery>[0]["charges"],
    relays: { drain: async () => {}, moveEarlierBook: async () => {}, storeCheckpoints: () => {} },
    moveEarlierEvents: () => {},
    archive: () => {},
    submit: async (command) => ({ result: run(command, nowMs), in_book: undefined }),
    log: (_, event) => {
      throw new Error(event);
    },
  });
  await recovery.run(nowMs);
  return called;
}

it("After a restart the alarm continues refunds, each in the trace of its request", async () => {
  for (const command of [create(), about("process"), record(SETTLED)]) run(command);
  run(refundOf("k", "first", traceOf("1")));
  run(refundOf("k", "second", traceOf("2")));
  run(refundOf("k", "third", traceOf("3")));
  const [first, second, third] = ["first", "second", "third"].map((key) =>
    deriveRefundId(idOf("k"), key),
  ) as [string, string, string];
  restartShard();
  expect(await calledBy(NOW_MS + 1, [second])).toEqual([
    [first, 1, traceOf("1")],
    [third, 1, traceOf("3")],
  ]);
});

it("The alarm voids an authorization whose time is over, and continues a capture under its own key", async () => {
  for (const key of ["late", "open"]) {
    run(create(key, { capture_method: "manual" }));
    run(about("process", key));
    run(record(SETTLED, key), key === "late" ? NOW_MS : NOW_MS + 60_000);
  }
  const own = { merchant_id: MERCHANT, transaction_id: idOf("open"), traceparent: traceOf("4") };
  run({ kind: "capture", ...own, amount: null });
  restartShard();
  expect(await calledBy(NOW_MS + CAPTURE_WINDOW_MS - 1)).toEqual([
    [`${idOf("open")}:capture:4`, 1, traceOf("4")],
  ]);
  expect(await calledBy(NOW_MS + CAPTURE_WINDOW_MS, [`${idOf("open")}:capture:4`])).toEqual([
    [`${idOf("late")}:void:4`, 1, TRACEPARENT],
  ]);
});
