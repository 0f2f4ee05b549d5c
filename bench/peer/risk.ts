// The default fraud rules of the Worker, in US dollars: two by amount, one by the number of payments in 24 hours.

export type Reason = { rule: string; points: number };
type Assessment = { decision: "approve" | "block"; score: number; reasons: Reason[] };

const THRESHOLD_MINOR = 500_000;
const BLOCK_SCORE = 70;

/** Scores a payment. `customer_count` includes it. */
export function assess(
  amount_minor: number,
  customer_count: number,
  max_daily: number,
): Assessment {
  const reasons: Reason[] = [];
  if (amount_minor > THRESHOLD_MINOR) reasons.push({ rule: "amount_above_threshold", points: 40 });
  if (amount_minor > 2 * THRESHOLD_MINOR) reasons.push({ rule: "amount_above_twice", points: 30 });
  if (customer_count > max_daily) reasons.push({ rule: "frequency", points: 30 });
  const score = reasons.reduce((sum, { points }) => sum + points, 0);
  return { decision: score >= BLOCK_SCORE ? "block" : "approve", score, reasons };
}
