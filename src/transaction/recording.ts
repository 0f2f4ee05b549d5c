/** Commits a processor's word about a charge, in a round like any other. */
import type { ChargeAnswer } from "../processor/processor";
import { type Log, tracedBy } from "../telemetry/log";
import type { Answer, Command } from "./command";
import type { Booked } from "./playing";

/** @param submit hands a command to the next round
 *  @returns what records a word and tells the transaction as it is then, once the book has it */
export function recordingBy(submit: (command: Command) => Promise<Booked>, log: Log) {
  return async (
    transaction_id: string,
    answer: ChargeAnswer,
    attempt: number,
    traceparent: string | null,
  ): Promise<Answer> => {
    if (answer.kind === "unknown") {
      const { reason } = answer;
      log("warn", "charge.unknown", { transaction_id, attempt, reason, ...tracedBy(traceparent) });
    }
    const recorded = await submit({ kind: "record", transaction_id, answer, traceparent });
    await recorded.booked;
    return recorded.answer;
  };
}
