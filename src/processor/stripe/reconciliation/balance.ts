/** Reads Stripe's balance transactions: everything that has moved money of the account, with the charge or the refund that
 *  has caused it. */
import type { Stripe } from "stripe";
import * as z from "zod";
import { Refund } from "../objects";
import { readOrNone, StripeUnavailable } from "../reads";

const id = z.string().max(255);
const amount = z.int();
const currency = z.string().regex(/^[a-z]{3}$/);

export const Charge = z.object({
  object: z.literal("charge"),
  id,
  amount_captured: amount.nonnegative(),
  currency,
  payment_intent: z.union([id, z.object({ id }).transform((object) => object.id)]).nullish(),
  metadata: z.object({ transaction_id: z.string().max(255).nullish().catch(null) }).nullish(),
});
export type Charge = z.output<typeof Charge>;

export const BalanceTransaction = z.object({
  object: z.literal("balance_transaction"),
  id,
  type: z.string().max(100),
  created: amount.nonnegative(),
  /** In the currency of the account's balance, which need not be that of the payment. */
  amount,
  currency,
  fee: amount,
  net: amount,
  fee_details: z.array(z.object({ amount })).max(100),
  source: z
    .union([Charge, Refund, z.object({ object: z.string().max(100) }), id])
    .nullish()
    .catch(null),
});
export type BalanceTransaction = z.output<typeof BalanceTransaction>;

/** A range of times in seconds: `from` and later, and before `to`. */
export type SecondsRange = { from_s: number; to_s: number };

/** A page of balance transactions, newest first, and the id after which the next one begins.
 *  @param after undefined for the first page
 *  @throws StripeUnavailable */
export async function readBalance(
  stripe: Stripe,
  { from_s, to_s }: SecondsRange,
  after: string | undefined,
  limit: number,
): Promise<{ entries: BalanceTransaction[]; next: string | undefined }> {
  const page = await readOrNone(() =>
    stripe.balanceTransactions.list({
      created: { gte: from_s, lt: to_s },
      limit,
      expand: ["data.source"],
      ...(after !== undefined && { starting_after: after }),
    }),
  );
  const { data } = z
    .object({ data: z.array(BalanceTransaction).max(limit), has_more: z.boolean() })
    .safeParse(page);
  if (!data) throw new StripeUnavailable("Stripe's balance transactions are not readable");
  const entries = data.data;
  return { entries, next: data.has_more ? entries.at(-1)?.id : undefined };
}
