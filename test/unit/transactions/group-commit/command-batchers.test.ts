/** Which commands share a batch. */
import { expect, it } from "vitest";
import type { ProcessorMode } from "../../../../src/domain/transaction/livemode";
import type { Command } from "../../../../src/transactions/commands/command";
import { refused } from "../../../../src/transactions/commands/result";
import type { BatchProcessor } from "../../../../src/transactions/group-commit/batch-processor";
import { CommandBatchers } from "../../../../src/transactions/group-commit/command-batchers";

const base = { transaction_id: "txn_1", traceparent: null };
const record: Command = {
  kind: "record",
  ...base,
  answer: { kind: "done" },
  operation: "charge",
  claimed_version: 2,
};

/** The kinds of the batches that were begun in the turn in which `commands` were submitted, while callers that just got a
 *  response are expected. */
async function batchesInTurn(mode: ProcessorMode, commands: Command[]): Promise<string[][]> {
  const batches: string[][] = [];
  const run: BatchProcessor["run"] = async (batch) => {
    batches.push(batch.map(({ kind }) => kind));
    const result = refused({ code: "transaction_not_found" });
    return batch.map(() => ({ ok: true, result: { result, in_book: undefined } }));
  };
  const batchers = new CommandBatchers({ run } as BatchProcessor, mode);
  batchers.responded();
  const submitted = Promise.all(commands.map((command) => batchers.submit(command)));
  for (let turn = 0; turn < 20; turn++) await null;
  const inTurn = [...batches];
  batchers.arrived();
  await submitted;
  return inTurn;
}

it("Outcomes of the sandbox are committed together in the turn of their claims", async () => {
  expect(await batchesInTurn("sandbox", [record, record, record])).toEqual([
    ["record", "record", "record"],
  ]);
});

it("Outcomes of another processor join the batch that waits for callers", async () => {
  expect(await batchesInTurn("live", [record])).toEqual([]);
});

it("Claims do not wait in the batch of other commands", async () => {
  const merchant = { ...base, merchant_id: "mer_1" };
  expect(
    await batchesInTurn("sandbox", [
      { kind: "process", ...merchant },
      { kind: "cancel", ...merchant },
    ]),
  ).toEqual([]);
});
