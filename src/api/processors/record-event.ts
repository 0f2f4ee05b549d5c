/** Records what an event of Stripe says with the object that owns its transaction. */
import { isTransactionId } from "../../domain/identity/id";
import { describeFault } from "../../observability/log";
import { findTransactionOf } from "../../processor/stripe/find-transaction";
import { closeDeclined } from "../../processor/stripe/payments";
import { connectToRead } from "../../processor/stripe/reads";
import { toReport } from "../../processor/stripe/reports";
import { withTimeout } from "../../runtime/with-timeout";
import type { EventResult } from "../../transactions/rpc";
import type { AppContext } from "../context";
import { callOwner } from "../transactions/owner";
import type { SignedEvent } from "./signed-event";

/** Below the time that Stripe waits for a response. */
const OWNER_LIMIT_MS = 5_000;

/** The result of an event. `unavailable` when the owner or Stripe does not respond: Stripe delivers the event again. */
export async function recordEvent(
  c: AppContext,
  { event, is_ours, settings }: SignedEvent,
): Promise<EventResult> {
  if (!is_ours) return "not_ours";
  const reported = toReport(event);
  if (reported === "unreadable") {
    c.get("log")("warn", "processor.event_unreadable", { event_type: event.type });
  }
  if (reported === "ignored" || reported === "unreadable") return "ignored";
  const { report, payment_reference } = reported;
  try {
    const transactionId =
      reported.transaction_id ??
      (payment_reference && (await findTransactionOf(settings, payment_reference)));
    if (!transactionId || !isTransactionId(transactionId)) return "not_ours";
    const reply = await withTimeout(
      OWNER_LIMIT_MS,
      callOwner(c, transactionId, (owner, { merchant_id: _, ...address }) =>
        owner.report(address, report),
      ),
    );
    if (!reply.ok) {
      return reply.refusal.code === "transaction_not_found" ? "not_ours" : "unavailable";
    }
    const isDecline = report.kind === "payment" && report.state === "failed";
    if (!isDecline || reply.result === "contradicts") return reply.result;
    const stripe = await connectToRead(settings);
    const status = await closeDeclined(stripe, report.processor_reference);
    return status === undefined ? "unavailable" : reply.result;
  } catch (fault) {
    c.get("log")("warn", "processor.event_failed", { fault: describeFault(fault) });
    return "unavailable";
  }
}
