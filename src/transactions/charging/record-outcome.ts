/** Commits a processor's answer to an operation by a command in a batch, and logs what was wrong with the answer. */
import { type Log, traceFields } from "../../observability/log";
import type { Command } from "../commands/command";
import type { Committed } from "../group-commit/batch-processor";
import type { RecordAnswer } from "./charges";

/** @param submit adds a command to the next batch
 *  @returns a function that resolves when the answer is committed and, unless that takes too long, in the book */
export function createOutcomeRecorder(
  submit: (command: Command) => Promise<Committed>,
  log: Log,
): RecordAnswer {
  return async ({ transaction, refund, attempt }, { operation, traceparent }, answer) => {
    const transaction_id = transaction.id;
    const fields = {
      transaction_id,
      ...(refund && { refund_id: refund.id }),
      operation,
      attempt,
      ...traceFields(traceparent),
    };
    if (answer.kind === "unknown") {
      log("warn", "charge.unknown", { ...fields, reason: answer.reason });
      if (answer.differs) {
        log("error", "charge.other_payment", { ...fields, reason: answer.differs.join("; ") });
      }
    } else if (answer.mended) {
      log("warn", "charge.answer_mended", { ...fields, reason: answer.mended.join("; ") });
    }
    const recorded = await submit({
      kind: "record",
      transaction_id,
      answer,
      operation,
      claimed_version: transaction.version,
      refund_id: refund?.id,
      traceparent,
    });
    if (recorded.result.kind === "done" && recorded.result.contradicts) {
      const reason = `${answer.kind}, and the transaction is ${recorded.result.status}`;
      log("error", "charge.contradicted", { ...fields, reason });
    }
    await recorded.in_book;
    return recorded.result;
  };
}
