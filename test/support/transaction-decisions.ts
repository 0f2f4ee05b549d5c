/** What each command does to a transaction in each of its states. */
import {
  type ChargeResult,
  decideCancel,
  decideOutcome,
  decideProcess,
} from "../../src/domain/transaction/decisions/decide-charge";
import { decideExpiry, decideReview } from "../../src/domain/transaction/decisions/decide-review";
import type { Status } from "../../src/domain/transaction/status";
import type { Transaction } from "../../src/domain/transaction/transaction";
import { DECLINED, type Example, NOW_MS } from "./examples";

const SETTLED: ChargeResult = { kind: "settled" };
const A_DECLINE: ChargeResult = { kind: "declined", failure: DECLINED };
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
    completed: "nothing",
    declined: "nothing",
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
    completed: "nothing",
    declined: "nothing",
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
  const nothing = { ok: true, value: null } as const;
  switch (command) {
    case "process": {
      const decided = decideProcess(transaction, "live", nowMs);
      if (!decided.ok) return decided;
      if (decided.value.step === "claim") return { ok: true, value: decided.value.change } as const;
      return decided.value.step === "await" ? ("await" as const) : nothing;
    }
    case "cancel":
      return decideCancel(transaction, nowMs);
    case "record a settled charge of":
      return decideOutcome(transaction, SETTLED, nowMs);
    case "approve":
    case "reject":
      return decideReview(transaction, { decision: command, ...BY }, nowMs);
    case "expire":
      return decideExpiry(transaction, Date.parse(transaction.review?.expires_at ?? ""), nowMs);
    default:
      return decideOutcome(transaction, A_DECLINE, nowMs);
  }
}

export const APPROVED = "transaction.review_approved";
export const EXPIRED_MS = Date.parse("2026-11-25T21:00:00.000Z");
