// Disputes: opened by a control call or a test payment method, and closed.

import { notNow } from "../http/errors.ts";
import type { Account } from "./account.ts";
import { moveMoney } from "./charges.ts";
import type { Dispute } from "./objects.ts";

const FEE = 1_500;
const EVIDENCE_S = 691_200;

export type DisputeEnd = "won" | "lost" | "warning_closed";

function move(
  account: Account,
  dispute: Dispute,
  amount: number,
  fee: number,
  category: string,
): void {
  const { id, currency } = dispute;
  const moved = { amount, currency, fee, type: "adjustment", category, source: id } as const;
  dispute.balance_transactions.push(moveMoney(account, moved));
}

/** The card's holder disputes a payment; the money is taken back at once. */
export function openDispute(
  account: Account,
  payment_intent: string,
  { reason = "fraudulent", amount }: { reason?: string | undefined; amount?: number | undefined },
): Dispute {
  const intent = account.get("payment_intent", payment_intent);
  const charge = account.get("charge", String(intent.latest_charge));
  if (charge.disputed) throw notNow("The charge has a dispute already");
  charge.disputed = true;
  const dispute = account.add<Dispute>({
    id: account.newId("dispute"),
    object: "dispute",
    amount: amount ?? charge.amount_captured,
    balance_transactions: [],
    charge: charge.id,
    created: account.now(),
    currency: charge.currency,
    evidence_details: {
      ...{ due_by: account.now() + EVIDENCE_S, has_evidence: false },
      ...{ past_due: false, submission_count: 0 },
    },
    is_charge_refundable: false,
    livemode: charge.livemode,
    metadata: {},
    payment_intent,
    reason,
    status: "needs_response",
  });
  move(account, dispute, -dispute.amount, FEE, "dispute");
  account.emit("charge.dispute.created", dispute);
  account.emit("charge.dispute.funds_withdrawn", dispute);
  return dispute;
}

/** The issuer has decided. */
export function closeDispute(account: Account, id: string, status: DisputeEnd): Dispute {
  const dispute = account.get("dispute", id);
  dispute.status = status;
  account.get("charge", String(dispute.charge)).disputed = status === "lost";
  if (status !== "lost") {
    move(account, dispute, dispute.amount, 0, "dispute_reversal");
    account.emit("charge.dispute.funds_reinstated", dispute);
  }
  account.emit("charge.dispute.closed", dispute);
  return dispute;
}
