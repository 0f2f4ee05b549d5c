/** What each command does to a transaction in each of its states. */
import { decideCancel, decideProcess } from "../../src/domain/transaction/decisions/decide-charge";
import { decideOutcome } from "../../src/domain/transaction/decisions/decide-outcome";
import { decideExpiry, decideReview } from "../../src/domain/transaction/decisions/decide-review";
import type { Result } from "../../src/domain/transaction/decisions/result";
import type { Change, Step } from "../../src/domain/transaction/decisions/transition";
import type { OperationResult } from "../../src/domain/transaction/operation";
import type { Status } from "../../src/domain/transaction/status";
import type { Transaction } from "../../src/domain/transaction/transaction";
import { DECLINED, type Example, LIVE, NOW_MS } from "./examples";

const DONE: OperationResult = { kind: "done" };
const A_DECLINE: OperationResult = { kind: "declined", failure: DECLINED };
export const LATER_MS = NOW_MS + 1_234;

/** What must come of a command: the status it leads to, nothing, waiting, or the refused action. */
type Expected = Status | "nothing" | "await" | `refuses ${string}`;
const DECISIONS: Record<string, Record<Example, Expected>> = {
  process: {
    pending: "processing",
    processing: "await",
    completed: "nothing",
    declined: "nothing",
    blocked: "refuses submit",
    cancelled: "refuses submit",
    held: "refuses submit",
    approved: "processing",
    rejected: "refuses submit",
    abandoned: "refuses submit",
  },
  cancel: {
    pending: "cancelled",
    processing: "refuses cancel",
    completed: "refuses cancel",
    declined: "refuses cancel",
    blocked: "refuses cancel",
    cancelled: "nothing",
    held: "cancelled",
    approved: "cancelled",
    rejected: "refuses cancel",
    abandoned: "nothing",
  },
  "record a settled charge of": {
    pending: "refuses settle",
    processing: "completed",
    completed: "refuses settle",
    declined: "refuses settle",
    blocked: "refuses settle",
    cancelled: "refuses settle",
    held: "refuses settle",
    approved: "refuses settle",
    rejected: "refuses settle",
    abandoned: "refuses settle",
  },
  "record a declined charge of": {
    pending: "refuses decline",
    processing: "failed",
    completed: "refuses decline",
    declined: "refuses decline",
    blocked: "refuses decline",
    cancelled: "refuses decline",
    held: "refuses decline",
    approved: "refuses decline",
    rejected: "refuses decline",
    abandoned: "refuses decline",
  },
};

const REVIEWS: typeof DECISIONS = {
  approve: {
    pending: "refuses approve",
    processing: "refuses approve",
    completed: "refuses approve",
    declined: "refuses approve",
    blocked: "refuses approve",
    cancelled: "refuses approve",
    held: "pending",
    approved: "nothing",
    rejected: "refuses approve",
    abandoned: "refuses approve",
  },
  reject: {
    pending: "refuses reject",
    processing: "refuses reject",
    completed: "refuses reject",
    declined: "refuses reject",
    blocked: "refuses reject",
    cancelled: "refuses reject",
    held: "failed",
    approved: "refuses reject",
    rejected: "nothing",
    abandoned: "refuses reject",
  },
  expire: {
    pending: "nothing",
    processing: "nothing",
    completed: "nothing",
    declined: "nothing",
    blocked: "nothing",
    cancelled: "nothing",
    held: "failed",
    approved: "nothing",
    rejected: "nothing",
    abandoned: "nothing",
  },
};

export const COMMANDS = { ...DECISIONS, ...REVIEWS };
export const BY = { reviewer: "ann", note: "Known." };

/** A command's decision in one form for all of them. */
export function decide(command: string, transaction: Transaction, nowMs: number) {
  switch (command) {
    case "process":
      return stepOf(decideProcess(transaction, LIVE, nowMs));
    case "cancel":
      return stepOf(decideCancel(transaction, LIVE, nowMs));
    case "record a settled charge of":
      return decideOutcome(transaction, DONE, LIVE, nowMs);
    case "approve":
    case "reject":
      return decideReview(transaction, { decision: command, ...BY }, nowMs);
    case "expire":
      return decideExpiry(transaction, Date.parse(transaction.review?.expires_at ?? ""), nowMs);
    default:
      return decideOutcome(transaction, A_DECLINE, LIVE, nowMs);
  }
}

/** A step in the form of the other decisions. */
function stepOf(decided: Result<Step>): Result<Change | null> | "await" {
  if (!decided.ok) return decided;
  if (decided.value.step === "wait") return "await";
  return { ok: true, value: "change" in decided.value ? decided.value.change : null };
}

export const APPROVED = "transaction.review_approved";
export const EXPIRED_MS = Date.parse("2026-11-25T21:00:00.000Z");
