/** Commits a processor's response to a charge by a command in a batch, and logs what was wrong with the response. */
import { type Log, traceFields } from "../../observability/log";
import type { Command } from "../commands/command";
import type { Committed } from "../group-commit/batch-processor";
import type { RecordResponse } from "./charges";

/** @param submit adds a command to the next batch
 *  @returns a function that resolves when the response is committed and, unless that takes too long, in the book */
export function createOutcomeRecorder(
  submit: (command: Command) => Promise<Committed>,
  log: Log,
): RecordResponse {
  return async (transaction_id, response, attempt, traceparent) => {
    const fields = { transaction_id, attempt, ...traceFields(traceparent) };
    if (response.kind === "unknown") {
      log("warn", "charge.unknown", { ...fields, reason: response.reason });
      if (response.differs) {
        log("error", "charge.other_payment", { ...fields, reason: response.differs.join("; ") });
      }
    } else if (response.mended) {
      log("warn", "charge.answer_mended", { ...fields, reason: response.mended.join("; ") });
    }
    const recorded = await submit({
      kind: "record",
      transaction_id,
      answer: response,
      traceparent,
    });
    if (recorded.result.kind === "done" && recorded.result.contradicts) {
      const reason = `${response.kind}, and the transaction is ${recorded.result.status}`;
      log("error", "charge.contradicted", { ...fields, reason });
    }
    await recorded.in_book;
    return recorded.result;
  };
}
