/** The life of a transaction: one table of status and action, and nothing beside it. */

export const STATUSES = [
  "pending",
  "review",
  "processing",
  "requires_action",
  "authorized",
  "completed",
  "failed",
  "cancelled",
] as const;
export type Status = (typeof STATUSES)[number];

export const ACTIONS = [
  "submit",
  "block",
  "hold",
  "approve",
  "reject",
  "cancel",
  "settle",
  "decline",
  "authorize",
  "capture",
  "void",
  "release",
  "restore",
  "require_action",
  "resume",
  "refund",
  "dispute",
] as const;
export type Action = (typeof ACTIONS)[number];

/** Every move a transaction may make. A cell left out is a move it may not make. `submit`, `capture` and `void` claim a
 *  call to the processor; `processing` ends by what the processor answers. `requires_action` waits for the
 *  customer and is left through `processing`: by `resume` when the processor has an outcome, or by a `void`. A refund, its
 *  outcome and a dispute change a completed transaction, which stays completed. */
const MOVES: Record<Status, Partial<Record<Action, Status>>> = {
  pending: { submit: "processing", block: "failed", hold: "review", cancel: "cancelled" },
  review: { approve: "pending", reject: "failed", cancel: "cancelled" },
  processing: {
    settle: "completed",
    decline: "failed",
    authorize: "authorized",
    release: "cancelled",
    restore: "authorized",
    require_action: "requires_action",
  },
  requires_action: { resume: "processing", void: "processing" },
  authorized: { capture: "processing", void: "processing" },
  completed: { refund: "completed", dispute: "completed" },
  failed: {},
  cancelled: {},
};

/** The status that `action` leads to from `status`, or undefined when the move does not exist. */
export function nextStatus(status: Status, action: Action): Status | undefined {
  return MOVES[status][action];
}
