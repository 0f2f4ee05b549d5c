/** What can be done with a payment: for which statuses, and with which scope. */
import type { Scope } from "../../../domain/identity/api-key";
import { type Action as Move, nextStatus } from "../../../domain/transaction/status";
import { leftToRefund, type Payment } from "../bodies";
import type { PaymentState } from "../read-payment";

export const ACTIONS = ["process", "capture", "refund", "cancel"] as const;
export type Action = (typeof ACTIONS)[number];

/** What every action here needs. Reviews are decided on pages of their own. */
export const SCOPE: Scope = "transactions:write";

type Definition = {
  label: string;
  isDangerous?: boolean;
  /** The moves of a payment that this action asks for: it is possible if its status has one of them. */
  moves: Move[];
};

export const DEFINITIONS: Record<Action, Definition> = {
  process: { label: "Charge", moves: ["submit", "resume"] },
  capture: { label: "Capture", moves: ["capture"] },
  refund: { label: "Refund", moves: ["refund"] },
  cancel: { label: "Cancel", moves: ["cancel", "void"], isDangerous: true },
};

/** The word on the button. */
export function labelOf(action: Action, { status, capture_method }: Payment): string {
  if (action !== "process") return DEFINITIONS[action].label;
  if (status === "requires_action") return "Query the processor";
  return capture_method === "manual" ? "Authorize" : "Charge";
}

/** Whether the payment allows the action now: its status and amounts, and what an erasure has left of it. */
export function isPossible(action: Action, { payment, refunds }: PaymentState): boolean {
  if (action === "refund" && leftToRefund(payment, refunds) === 0) return false;
  if (action === "process" && payment.erased_at !== undefined) return false;
  return DEFINITIONS[action].moves.some((move) => nextStatus(payment.status, move) !== undefined);
}

/** The most that can be captured or refunded, in minor units; undefined for actions without an amount. */
export function largestAmount(action: Action, { payment, refunds }: PaymentState) {
  if (action === "refund") return leftToRefund(payment, refunds);
  return action === "capture" ? payment.amount_capturable_minor : undefined;
}
