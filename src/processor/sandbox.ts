/** A processor for development, demos and benchmarks: it moves no money and responds by one table.
 *  An outcome is chosen by `metadata.sandbox_outcome`, or by an amount whose minor units end in the
 *  row's four digits (9002 for 90.02 USD, 190.02 USD …). Everything else settles at once. */
import type { Failure } from "../domain/transaction/transaction";
import type { ChargeAnswer, ChargeRequest, Processor } from "./processor";

const SLOW_MS = 1_000;
/** Calls without a response before an `unknown_then_…` outcome: 1 + 2 s with the standard delays. */
const UNKNOWN_ATTEMPTS = 2;

type Outcome = {
  amount_ending: string;
  answer: { kind: "settled" } | { kind: "declined"; failure: Failure };
  /** What happens before the response. */
  first?: "slow" | "timeout" | "unknown";
};

const declined = (code: string, message: string): Outcome["answer"] => ({
  kind: "declined",
  failure: { code, message },
});
const settled: Outcome["answer"] = { kind: "settled" };
const generic = declined("card_declined", "The card was declined");

/** docs/sandbox.md shows this table; a test compares them. */
export const SANDBOX_OUTCOMES: Record<string, Outcome> = {
  settle: { amount_ending: "9000", answer: settled },
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
  slow: { amount_ending: "9010", answer: settled, first: "slow" },
  timeout_then_settle: { amount_ending: "9011", answer: settled, first: "timeout" },
  unknown_then_settle: { amount_ending: "9012", answer: settled, first: "unknown" },
  unknown_then_decline: { amount_ending: "9013", answer: generic, first: "unknown" },
};

const ENDING_DIGITS = 4;
const BY_ENDING = new Map(
  Object.values(SANDBOX_OUTCOMES).map((outcome) => [outcome.amount_ending, outcome]),
);
const SETTLE: Outcome = { amount_ending: "", answer: settled };

function chooseOutcome({ metadata, amount_minor }: ChargeRequest): Outcome {
  const named = metadata.sandbox_outcome;
  if (named !== undefined && Object.hasOwn(SANDBOX_OUTCOMES, named)) {
    return SANDBOX_OUTCOMES[named] ?? SETTLE;
  }
  return BY_ENDING.get(String(amount_minor).slice(-ENDING_DIGITS)) ?? SETTLE;
}

export const sandbox: Processor = {
  charge(request: ChargeRequest, signal: () => AbortSignal): ChargeAnswer | Promise<ChargeAnswer> {
    const { answer, first } = chooseOutcome(request);
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
