/** The problem that reports a refusal of the domain; docs/problems.md explains each. */
import { currencyDecimals } from "../../domain/money/currency";
import { formatAmount } from "../../domain/money/money";
import { formatTime } from "../../domain/time/format-time";
import { MAX_DECLINED } from "../../domain/transaction/capture";
import { MAX_REFUNDS } from "../../domain/transaction/refund";
import type { Refusal } from "../../domain/transaction/refusal";
import type { Action } from "../../domain/transaction/status";
import { AMOUNT_FAULTS } from "../http/common-schemas";
import { Problem } from "../http/problem";

/** The operator has to change a setting and deploy. */
const CONFIGURED_AFTER_S = "60";

/** The problem that reports a refusal of the domain.
 *  @param at JSON Pointer to the refused request within the body: to an item of a batch, or to the whole body */
export function toProblem(refusal: Refusal, at = "#"): Problem {
  switch (refusal.code) {
    case "illegal_transition":
      return new Problem(refusal.code, { detail: illegal(refusal) });
    case "version_mismatch": {
      const { version, status } = refusal;
      return new Problem(refusal.code, {
        detail: `The transaction has version ${version} and status ${status}. Nothing was changed.`,
        errors: [
          { header: "If-Match", message: `does not have the current version, "${version}"` },
        ],
      });
    }
    case "charge_may_still_end": {
      const at = formatTime(refusal.resolvable_at_ms);
      return new Problem(refusal.code, {
        detail: `Resolve the charge after ${at}, when no call to the processor is in progress, or set force to true.`,
      });
    }
    case "idempotency_key_reused":
      return new Problem(refusal.code, {
        detail: `The first request with this idempotency key differs in: ${refusal.fields.join(", ")}.`,
        errors: refusal.fields.map((field) => ({
          pointer: `${at}/${field}`,
          message: "differs from the first request with this idempotency key",
        })),
      });
    case "invalid_amount": {
      const { fault, currency } = refusal;
      const message = AMOUNT_FAULTS[fault](currency, currencyDecimals(currency));
      return new Problem("invalid_request", {
        detail: `amount ${message}.`,
        errors: [{ pointer: `${at}/amount`, message }],
      });
    }
    case "amount_exceeds_capturable": {
      const { amount_minor, capturable_minor, currency } = refusal;
      return new Problem(refusal.code, {
        detail: `The amount is ${money(amount_minor, currency)}; ${money(capturable_minor, currency)} can be captured.`,
      });
    }
    case "capture_amount_differs": {
      const { first_minor, amount_minor, currency } = refusal;
      return new Problem(refusal.code, {
        detail: `A transaction is captured once. The first capture is of ${money(first_minor, currency)}, this one of ${money(amount_minor, currency)}.`,
      });
    }
    case "refund_exceeds_remaining": {
      const { amount_minor, remaining_minor, currency } = refusal;
      const asked =
        amount_minor === null
          ? "No amount was given"
          : `The amount is ${money(amount_minor, currency)}`;
      return new Problem(refusal.code, {
        detail: `${asked}; ${money(remaining_minor, currency)} is left to refund.`,
      });
    }
    case "amount_not_supported": {
      const { amount_minor, currency, lower_minor, upper_minor } = refusal;
      const nearest = [lower_minor, upper_minor]
        .filter((minor) => minor !== null)
        .map((minor) => money(minor, currency));
      const message = `must be an amount that the processor takes exactly; nearest: ${nearest.join(" and ")}`;
      return new Problem(refusal.code, {
        detail: `The processor cannot take ${money(amount_minor, currency)} exactly. It takes ${nearest.join(" and ")}.`,
        errors: [{ pointer: `${at}/amount`, message }],
      });
    }
    case "currency_not_supported":
      return new Problem(refusal.code, {
        detail: `The deployment's processor does not take ${refusal.currency}.`,
        errors: [
          { pointer: `${at}/currency`, message: "must be a currency that the processor takes" },
        ],
      });
    case "payment_method_required":
      return new Problem(refusal.code, {
        detail: "The deployment's processor charges a payment method, and the request names none.",
        errors: [{ pointer: `${at}/payment_method`, message: "is required" }],
      });
    case "too_many_refunds":
      return new Problem(refusal.code, {
        detail: `The transaction has ${MAX_REFUNDS} refunds, the maximum.`,
      });
    case "too_many_attempts":
      return new Problem(refusal.code, {
        detail: `The processor has declined ${MAX_DECLINED} captures and cancellations of the transaction, the maximum.`,
      });
    case "operation_not_supported":
      return new Problem(refusal.code, {
        detail: `The deployment's processor does not support the operation ${refusal.operation} (setting PROCESSOR_OPERATIONS).`,
      });
    case "livemode_mismatch":
      return new Problem(refusal.code, {
        detail: refusal.livemode
          ? "The transaction was created with a live processor; this deployment's moves no money (settings PROCESSOR and STRIPE_SECRET_KEY)."
          : "The transaction was created with the sandbox or a test key; this deployment's processor is live (settings PROCESSOR and STRIPE_SECRET_KEY).",
      });
    case "processor_mismatch":
      return new Problem(refusal.code, {
        detail: `The transaction was processed with PROCESSOR \`${refusal.processor}\`, and no other processor is called for it.`,
      });
    case "customer_erased":
      return new Problem(refusal.code, {
        detail:
          "The customer's data was erased before the transaction was charged. It can only be cancelled.",
      });
    case "processor_not_configured":
      return new Problem(refusal.code, {
        detail:
          "Set PROCESSOR to `stripe`, `http` or `sandbox`. The transaction is unchanged and can be processed afterwards.",
        headers: { "Retry-After": CONFIGURED_AFTER_S },
      });
    case "transaction_not_found":
    case "refund_not_found":
    case "shard_count_changed":
    case "unavailable":
      return new Problem(refusal.code);
  }
}

/** An amount in major units with its currency. */
function money(amountMinor: number, currency: string): string {
  return `${formatAmount(amountMinor, currencyDecimals(currency))} ${currency}`;
}

const VERBS: Record<Action, string> = {
  submit: "processed",
  cancel: "cancelled",
  block: "blocked",
  hold: "held for review",
  approve: "approved",
  reject: "rejected",
  settle: "settled",
  decline: "declined",
  authorize: "authorized",
  capture: "captured",
  void: "voided",
  release: "released",
  restore: "restored",
  require_action: "made to wait for the customer",
  resume: "resumed",
  refund: "refunded",
  dispute: "disputed",
};

function illegal({ status, action }: Refusal & { code: "illegal_transition" }): string {
  return `A transaction with status ${status} cannot be ${VERBS[action]}.`;
}
