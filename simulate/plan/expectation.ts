// What the documents promise of a payment, said once more and independently of src/: what the processor of the
// simulation makes of an operation, and the fraud rules under the settings that the simulator gives its server.
// Pure.

/** What the processor is asked for. */
export type Operation = "charge" | "authorize" | "capture" | "void" | "refund";

/** What the processor does instead of answering: it has carried out the operation and cuts the line (`cut`) or never
 *  answers (`hang`); it fails before it does anything (`error`); it has not decided yet (`pending`). */
export type Unclear = "cut" | "hang" | "error" | "pending";

/** What an operation comes to. `code` is why it is declined, or null; `unclear` what the first questions about it get. */
export type Outcome = { code: string | null; unclear: Unclear[]; is_slow?: true };

const done: Outcome = { code: null, unclear: [] };
const declined: Outcome = { code: "card_declined", unclear: [] };

/** By the name of the outcome. */
export const OUTCOMES: Record<string, Outcome> = {
  decline: declined,
  insufficient_funds: { ...declined, code: "insufficient_funds" },
  expired_card: { ...declined, code: "expired_card" },
  do_not_honor: { ...declined, code: "do_not_honor" },
  slow: { ...done, is_slow: true },
  lost: { ...done, unclear: ["cut"] },
  lost_decline: { ...declined, unclear: ["cut"] },
  silent: { ...done, unclear: ["hang"] },
  error: { ...done, unclear: ["error", "error"] },
  pending: { ...done, unclear: ["pending", "pending"] },
  // At Stripe: it succeeds first.
  refund_fails_later: { ...declined, code: "expired_card" },
  pending_decline: { ...declined, unclear: ["pending", "pending"] },
};

/** The first operation of its kind on a payment is declined, the next one is not. */
export const DECLINE_FIRST = "decline_first";

/** The member of `metadata` that names the outcome: of the payment, and of a refund its own. */
const NAMED_BY: Record<Operation, string> = {
  charge: "outcome",
  authorize: "outcome",
  capture: "capture_outcome",
  void: "void_outcome",
  refund: "outcome",
};

/** @param earlier how many operations of this kind the payment has had */
export function outcomeOf(
  operation: Operation,
  metadata: Record<string, string>,
  earlier = 0,
): Outcome {
  const name = metadata[NAMED_BY[operation]] ?? "";
  if (name === DECLINE_FIRST) return earlier === 0 ? declined : done;
  return OUTCOMES[name] ?? done;
}

/** The fraud rules' settings; the threshold is in US dollars. */
export const RULES = { threshold: 5_000, daily: 10, block_score: 70 };
export const RISK_BLOCKED = "risk_blocked";
const POINTS = { amount_above_threshold: 40, amount_above_twice: 30, frequency: 30 };

/** How long a payment stays authorized without a capture: the shortest that can be set. */
export const CAPTURE_WINDOW_S = 60;
/** How long a payment waits for its customer: the shortest that can be set. */
export const ACTION_WINDOW_S = 60;
/** Why a payment fails whose customer does not authenticate successfully. */
export const AUTHENTICATION_FAILED = "authentication_failed";

/** The currencies of the simulation and their decimals. */
export const DECIMALS = { USD: 2, EUR: 2, GBP: 2, JPY: 0, KWD: 3, CLP: 0 };
export type Currency = keyof typeof DECIMALS;

/** Minor units for a US dollar, as coarse as the default fraud rules take them (docs/risk.md). */
export const MINOR_PER_USD: Record<Currency, number> = {
  USD: 100,
  EUR: 80,
  GBP: 80,
  JPY: 150,
  KWD: 300,
  CLP: 1_000,
};

/** An amount as decimal text in major units. */
export function decimalText(amount_minor: number, currency: Currency): string {
  const decimals = DECIMALS[currency];
  const digits = String(amount_minor).padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  return decimals === 0 ? whole : `${whole}.${digits.slice(-decimals)}`;
}

/** The score of a payment and whether it is blocked, given whether the customer buys too often. */
export function assess(
  { amount_minor, currency }: { amount_minor: number; currency: Currency },
  isFrequent: boolean,
): { score: number; rules: string[]; isBlocked: boolean } {
  const threshold_minor = RULES.threshold * MINOR_PER_USD[currency];
  const rules: (keyof typeof POINTS)[] = [
    ...(amount_minor > threshold_minor ? (["amount_above_threshold"] as const) : []),
    ...(amount_minor > 2 * threshold_minor ? (["amount_above_twice"] as const) : []),
    ...(isFrequent ? (["frequency"] as const) : []),
  ];
  const score = rules.reduce((sum, rule) => sum + POINTS[rule], 0);
  return { score, rules, isBlocked: score >= RULES.block_score };
}
