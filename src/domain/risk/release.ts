/** The velocity counts that a payment leaves when it was not completed. */
import type { EventRecord, EventType } from "../transaction/event";
import { REVIEW_REJECTED, RISK_BLOCKED, type Transaction } from "../transaction/transaction";
import type { Release } from "./observation";
import { readSentSubject, readSubject } from "./payment";
import { MEASURES, type Subject, WINDOWS } from "./rule-set";

/** After these a transaction will never be charged or captured. */
export const RELEASING_TYPES: readonly EventType[] = [
  "transaction.failed",
  "transaction.cancelled",
  "transaction.voided",
  "transaction.capture_expired",
  "transaction.action_expired",
];

const OUTCOMES: Record<string, Release["outcome"]> = {
  [RISK_BLOCKED]: "blocked",
  [REVIEW_REJECTED]: "blocked",
};

/** One for each subject that the payment was counted for: the customer, and the metadata fields whose
 *  velocity is among its frozen signals. */
export function buildReleases({ merchant_id, type, data }: EventRecord): Release[] {
  const transaction = JSON.parse(data) as Transaction; // Our own text, from the journal.
  const outcome =
    type === "transaction.failed"
      ? (OUTCOMES[transaction.failure?.code ?? ""] ?? "declined")
      : "cancelled";
  const releases: Release[] = [];
  for (const subject of readSubjects(transaction)) {
    // An earlier release may have counted it by the spelling that was sent. A release that matches no count has no effect.
    const values = new Set([
      readSubject(transaction, subject),
      readSentSubject(transaction, subject),
    ]);
    for (const value of values) {
      if (value === undefined) continue;
      releases.push({ transaction_id: transaction.id, merchant_id, subject, value, outcome });
    }
  }
  return releases;
}

/** The name of a metadata field may have dots itself. */
const METADATA_SIGNAL = new RegExp(
  `^(metadata\\..+)\\.(?:${MEASURES.join("|")})\\.(?:${WINDOWS.join("|")})(?:\\.completed)?$`,
  "s",
);

/** Transactions from before signals existed were counted for their customer alone. */
function readSubjects({ risk }: Transaction): Set<Subject> {
  const subjects = new Set<Subject>(["customer"]);
  for (const name of Object.keys(risk.signals ?? {})) {
    const subject = METADATA_SIGNAL.exec(name)?.[1];
    if (subject !== undefined) subjects.add(subject as Subject); // The pattern begins as one does.
  }
  return subjects;
}
