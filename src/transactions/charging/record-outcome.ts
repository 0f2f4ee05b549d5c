/** Commits a processor's word about a charge, in a round like any other, and logs what was wrong with it. */

import { type Log, traceFields } from "../../observability/log";
import type { ChargeAnswer } from "../../processor/processor";
import type { Command, CommandResult } from "../commands/command";
import type { Committed } from "../group-commit/batch-processor";

/** @param submit hands a command to the next round
 *  @returns what records a word and tells the transaction as it is then, once the book has it */
export function createOutcomeRecorder(submit: (command: Command) => Promise<Committed>, log: Log) {
  return async (
    transaction_id: string,
    answer: ChargeAnswer,
    attempt: number,
    traceparent: string | null,
  ): Promise<CommandResult> => {
    const about = { transaction_id, attempt, ...traceFields(traceparent) };
    if (answer.kind === "unknown") {
      log("warn", "charge.unknown", { ...about, reason: answer.reason });
      if (answer.differs)
        log("error", "charge.other_payment", { ...about, reason: listOf(answer.differs) });
    } else if (answer.mended) {
      log("warn", "charge.answer_mended", { ...about, reason: listOf(answer.mended) });
    }
    const recorded = await submit({ kind: "record", transaction_id, answer, traceparent });
    if (recorded.answer.kind === "done" && recorded.answer.contradicts) {
      const reason = `${answer.kind}, and the transaction is ${recorded.answer.status}`;
      log("error", "charge.contradicted", { ...about, reason });
    }
    await recorded.appended;
    return recorded.answer;
  };
}

/** Names of members and what was wrong with them: words of our own. */
const listOf = (words: string[]): string => words.join("; ");
