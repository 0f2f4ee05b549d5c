/** Schemas of the reconciliation with Stripe. */
import { z } from "@hono/zod-openapi";
import { DIFFERENCE_KINDS } from "../../processor/stripe/reconciliation/difference";
import { Cursor, HasMore, limitOf, time } from "../http/common-schemas";

/** A page makes at most twice as many calls, to Stripe and to objects, and a handful of others. With this default it stays
 *  below the 50 requests to other services that a Worker of the free plan may make. */
const DEFAULT_LIMIT = 20;
/** A page of Stripe with its charges stays below half a megabyte, the most that is read of a response. */
const MAX_LIMIT = 50;
const MAX_CURSOR_CHARACTERS = 400;

export const ReconciliationQuery = z
  .strictObject({
    from: time.openapi({
      description: "Beginning of the range, inclusive.",
    }),
    to: time.openapi({
      description:
        "End of the range, exclusive. Payments under way are differences, so choose a time some minutes ago.",
    }),
    cursor: z.string().max(MAX_CURSOR_CHARACTERS, "is not a valid cursor").optional().openapi({
      description: "The `next_cursor` of the previous page. Valid for the same range.",
      example: "AQJmGBTkbyBtYXRjaA",
    }),
    limit: limitOf(
      DEFAULT_LIMIT,
      MAX_LIMIT,
      "Number of payments, refunds or balance transactions to compare.",
    ),
  })
  .refine(({ from, to }) => from.ceil_ms < to.ceil_ms, {
    path: ["to"],
    message: "must be later than from",
  });

const text = (description: string, example: string | null) =>
  z.string().nullable().openapi({ description, example });

const Difference = z
  .object({
    kind: z.enum(DIFFERENCE_KINDS).openapi({
      description:
        "`missing_here`: money has moved at Stripe that no transaction or refund has. `missing_there`: Stripe does not have a payment or refund that is recorded. `amount`, `currency`, `state`: both have it, and this differs. `fee`: Stripe's fee or net amount is not the sum of its parts.",
      example: "amount",
    }),
    transaction_id: text(
      "The transaction; null when Stripe names none.",
      "txn_mfzwizlhn5xgs3dpnrsw45dfoi",
    ),
    refund_id: text("The refund, if the difference is about one.", null),
    processor_reference: text(
      "Stripe's id of the payment, the refund or, for a fee, the balance transaction.",
      "pi_3PbXyz2eZvKYlo2C0aBcDeFg",
    ),
    ours: text(
      "What is recorded here: a status, or an amount in minor units with its currency. Null if nothing is.",
      "1250 USD",
    ),
    theirs: text("The same at Stripe.", "1200 USD"),
  })
  .openapi("Difference");

const count = (description: string, example: number) => z.int().openapi({ description, example });

export const ReconciliationPage = z
  .object({
    data: z.array(Difference).openapi({ description: "The differences of this page." }),
    compared: z
      .object({
        balance_transactions: count("Balance transactions of Stripe.", 20),
        payments: count("Transactions of this deployment.", 0),
        refunds: count("Refunds of this deployment.", 0),
      })
      .openapi({ description: "What this page has compared." }),
    has_more: HasMore,
    next_cursor: Cursor,
  })
  .openapi("ReconciliationPage");
