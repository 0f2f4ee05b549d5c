/** A processor for development, demos and benchmarks: it moves no money and responds by one table, which is the same for
 *  every operation. An outcome is chosen by a member of `metadata`, or by an amount whose minor units end in the row's
 *  four digits (9002 for 90.02 USD, 190.02 USD …). Everything else is done at once. */
import type { OperationName, OperationResult } from "../domain/transaction/operation";
import type { Answer, OperationRequest, Processor } from "./processor";

const SLOW_MS = 1_000;
/** Calls without a response before an `unknown_then_…` outcome: 1 + 2 s with the standard delays. */
const UNKNOWN_ATTEMPTS = 2;

type Outcome = {
  amount_ending: string;
  answer: OperationResult;
  /** What happens before the response. `action`: the customer has to act, and has done so when the processor was asked as
   *  often as that takes for an `unknown` outcome. `abandoned`: the customer never acts. */
  first?: "slow" | "timeout" | "unknown" | "action" | "abandoned";
};

const declined = (code: string, message: string): Outcome["answer"] => ({
  kind: "declined",
  failure: { code, message },
});
const done: Outcome["answer"] = { kind: "done" };
const generic = declined("card_declined", "The card was declined");

/** docs/sandbox.md shows this table; a test compares them. */
export const SANDBOX_OUTCOMES: Record<string, Outcome> = {
  settle: { amount_ending: "9000", answer: done },
  decline: { amount_ending: "9001", answer: generic },
  insufficient_funds: {
    amount_ending: "9002",
    answer: declined("insufficient_funds", "The account has insufficient funds"),
  },
  expired_card: { amount_ending: "9003", answer: declined("expired_card", "The card has expired") },
  do_not_honor: {
    amount_ending: "9004",
    answer: declined("do_not_honor", "The issuer declined without a reason"),
  },
  slow: { amount_ending: "9010", answer: done, first: "slow" },
  timeout_then_settle: { amount_ending: "9011", answer: done, first: "timeout" },
  unknown_then_settle: { amount_ending: "9012", answer: done, first: "unknown" },
  unknown_then_decline: { amount_ending: "9013", answer: generic, first: "unknown" },
  action_then_settle: { amount_ending: "9020", answer: done, first: "action" },
  action_then_decline: { amount_ending: "9021", answer: generic, first: "action" },
  action_abandoned: { amount_ending: "9022", answer: done, first: "abandoned" },
};

const ENDING_DIGITS = 4;
const BY_ENDING = new Map(
  Object.values(SANDBOX_OUTCOMES).map((outcome) => [outcome.amount_ending, outcome]),
);
const DONE: Outcome = { amount_ending: "", answer: done };

/** The member of `metadata` that names the outcome of an operation. A capture and a void have the metadata of their
 *  payment, in which each needs a member of its own; a refund has its own metadata. */
const NAMED_BY: Record<OperationName, string> = {
  charge: "sandbox_outcome",
  authorize: "sandbox_outcome",
  capture: "sandbox_capture_outcome",
  void: "sandbox_void_outcome",
  refund: "sandbox_outcome",
};

function chooseOutcome(request: OperationRequest): Outcome {
  const named = request.metadata[NAMED_BY[request.operation]];
  if (named !== undefined && Object.hasOwn(SANDBOX_OUTCOMES, named)) {
    return SANDBOX_OUTCOMES[named] ?? DONE;
  }
  if (!choosesByAmount(request)) return DONE;
  return BY_ENDING.get(String(request.amount_minor).slice(-ENDING_DIGITS)) ?? DONE;
}

/** An amount that has chosen the outcome of an authorization does not choose that of its void or of a capture of all of
 *  it, too. */
function choosesByAmount(request: OperationRequest): boolean {
  const { operation, amount_minor, authorized_amount_minor = amount_minor } = request;
  if (operation === "void") return false;
  return operation !== "capture" || amount_minor < authorized_amount_minor;
}

/** A page that exists and does nothing. */
const ACTION_URL = "https://example.com/sandbox/authenticate";

/** Only a charge and an authorization need the customer; of anything else the outcome is unknown. */
function actionRequired({ operation, details }: OperationRequest): Answer {
  const begins = operation === "charge" || operation === "authorize";
  if (!begins) return { kind: "unknown", reason: "the sandbox outcome is still unknown" };
  const redirect_to_url = { url: ACTION_URL, return_url: details?.return_url ?? null };
  return { kind: "action_required", next_action: { type: "redirect_to_url", redirect_to_url } };
}

export const sandbox: Processor = {
  supports: (operation) => operation !== "find",
  call(request: OperationRequest, signal: () => AbortSignal): Answer | Promise<Answer> {
    const { answer, first } = chooseOutcome(request);
    if (first === "abandoned" || (first === "action" && request.attempt <= UNKNOWN_ATTEMPTS)) {
      return actionRequired(request);
    }
    if (first === "unknown" && request.attempt <= UNKNOWN_ATTEMPTS) {
      return { kind: "unknown", reason: "the sandbox outcome is still unknown" };
    }
    if (first === "timeout" && request.attempt === 1) {
      return new Promise((resolve) => {
        signal().addEventListener("abort", () => resolve(answer), { once: true });
      });
    }
    if (first !== "slow") return answer;
    return new Promise((resolve) => setTimeout(() => resolve(answer), SLOW_MS));
  },
};
