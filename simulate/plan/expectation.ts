// What the documents promise of a payment, said once more and independently of src/: the sandbox's
// table (docs/sandbox.md) and the fraud rules under the settings that the simulator gives its server.
// Pure.

/** What charging comes to; `unknowns` is how often the processor has no outcome before it has one. */
export type ChargeOutcome = { status: string; code: string | null; unknowns: number };
type SandboxRow = ChargeOutcome & { ending: string };

const settled = { status: "completed", code: null, unknowns: 0 };
const declined = (code: string) => ({ status: "failed", code, unknowns: 0 });

/** By `metadata.sandbox_outcome`. */
export const SANDBOX: Record<string, SandboxRow> = {
  settle: { ending: "9000", ...settled },
  decline: { ending: "9001", ...declined("card_declined") },
  insufficient_funds: { ending: "9002", ...declined("insufficient_funds") },
  expired_card: { ending: "9003", ...declined("expired_card") },
  do_not_honor: { ending: "9004", ...declined("do_not_honor") },
  slow: { ending: "9010", ...settled },
  timeout_then_settle: { ending: "9011", ...settled, unknowns: 1 },
  unknown_then_settle: { ending: "9012", ...settled, unknowns: 2 },
  unknown_then_decline: { ending: "9013", ...declined("card_declined"), unknowns: 2 },
};

/** The fraud rules' settings; the threshold is in US dollars. */
export const RULES = { threshold: 5_000, daily: 10, block_score: 70 };
export const RISK_BLOCKED = "risk_blocked";
const POINTS = { amount_above_threshold: 40, amount_above_twice: 30, frequency: 30 };

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

const ENDING_DIGITS = 4;
const BY_ENDING = new Map(Object.values(SANDBOX).map((row) => [row.ending, row]));

type Payment = { amount_minor: number; metadata: Record<string, string> };

export function chargeOutcome({ amount_minor, metadata }: Payment): ChargeOutcome {
  const named = SANDBOX[metadata.sandbox_outcome ?? ""];
  return named ?? BY_ENDING.get(String(amount_minor).slice(-ENDING_DIGITS)) ?? settled;
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
