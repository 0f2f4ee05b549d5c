/** The members of Stripe's objects that are read, each checked. An object without them is not read at all. */
import * as z from "zod";

const MAX_ID_CHARACTERS = 255;
const MAX_TEXT_CHARACTERS = 500;

const text = z.string().max(MAX_TEXT_CHARACTERS);
const id = z
  .string()
  .max(MAX_ID_CHARACTERS)
  .regex(/^[a-z]+_[a-zA-Z0-9_]+$/);
/** An object that is named by its id or, expanded, is there itself. */
const reference = z.union([id, z.object({ id }).transform((object) => object.id)]);
const amount = z.int().nonnegative();
const currency = z.string().regex(/^[a-z]{3}$/);
const unixSeconds = z.int().nonnegative().max(253_402_300_799);
/** Metadata of ours. Other text is not ours, so a wrong type is as good as none. */
const ours = text.nullish().catch(null);
const metadata = z.object({ transaction_id: ours, refund_id: ours }).nullish();
const error = z.object({
  code: text.nullish().catch(null),
  decline_code: text.nullish().catch(null),
});
const action = z.object({
  type: text,
  redirect_to_url: z
    .object({ url: z.string().nullish(), return_url: z.string().nullish() })
    .nullish(),
});

export const PaymentIntent = z.object({
  object: z.literal("payment_intent"),
  id,
  status: text,
  /** What was asked for, in Stripe's minor units. */
  amount,
  amount_received: amount.nullish(),
  currency,
  livemode: z.boolean(),
  metadata,
  next_action: action.nullish().catch(null),
  last_payment_error: error.nullish().catch(null),
});
export type PaymentIntent = z.output<typeof PaymentIntent>;

export const Refund = z.object({
  object: z.literal("refund"),
  id,
  /** Null and unknown ones are no outcome. */
  status: text.nullish(),
  amount,
  currency,
  payment_intent: reference.nullish(),
  /** Null while no money has moved: of the part of an authorization that is released, Stripe makes a refund as well. */
  balance_transaction: reference.nullish(),
  metadata,
  failure_reason: text.nullish().catch(null),
});
export type Refund = z.output<typeof Refund>;

export const Dispute = z.object({
  object: z.literal("dispute"),
  id,
  status: text,
  reason: text.nullish().catch(null),
  amount,
  currency,
  payment_intent: reference.nullish(),
  created: unixSeconds,
  evidence_details: z
    .object({ due_by: unixSeconds.nullish().catch(null) })
    .nullish()
    .catch(null),
});
export type Dispute = z.output<typeof Dispute>;

export const Event = z.object({
  type: text,
  data: z.object({ object: z.unknown() }),
});

/** An error of the API, as the `stripe` package throws it. */
export const ApiError = z.object({
  raw: z.object({
    statusCode: z.int(),
    type: text.nullish().catch(null),
    code: text.nullish().catch(null),
    decline_code: text.nullish().catch(null),
    param: text.nullish().catch(null),
    payment_intent: PaymentIntent.nullish().catch(null),
  }),
});
