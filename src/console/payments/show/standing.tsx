/** What a reader has to see first: an outcome that is not known yet, or what went wrong last. */
import { moneyText } from "../../view/money";
import { Time } from "../../view/time";
import { type Payment, type PaymentEvent, paymentPath, type Refund } from "../bodies";

type Props = { payment: Payment; refunds: Refund[]; events: PaymentEvent[] };

export function Standing({ payment, refunds, events }: Props) {
  const failed = failedRefund(refunds, events);
  return (
    <>
      <Unknown payment={payment} refunds={refunds} />
      {payment.failure ? (
        <p class="notice bad">
          {payment.status === "failed" ? "Failed: " : "The processor refused the last request: "}
          <bdi>{payment.failure.message}</bdi> <Code payment={payment} />
        </p>
      ) : null}
      {failed?.failure ? (
        <p class="notice bad">
          The refund of {moneyText(failed.amount_minor, failed.currency)} failed:{" "}
          <bdi>{failed.failure.message}</bdi>{" "}
          <code>
            <bdi>{failed.failure.code}</bdi>
          </code>
        </p>
      ) : null}
    </>
  );
}

function Code({ payment: { failure } }: { payment: Payment }) {
  if (!failure) return null;
  const { code, processor_code } = failure;
  return (
    <code>
      <bdi>{processor_code === undefined ? code : `${code}, ${processor_code}`}</bdi>
    </code>
  );
}

/** The refund that the last event is about, if that says that it has failed. */
function failedRefund(refunds: Refund[], events: PaymentEvent[]): Refund | undefined {
  const last = events.at(-1);
  if (last?.type !== "refund.failed") return undefined;
  return refunds.find(({ id }) => id === last.data.id);
}

/** The page's script looks for `data-waiting`, and loads the page again when it is gone. */
function Unknown({ payment, refunds }: { payment: Payment; refunds: Refund[] }) {
  const pending = refunds.find(({ status }) => status === "pending");
  const text = describeUnknown(payment, pending);
  if (text === undefined) return null;
  return (
    <div class="notice warning waiting" role="status" data-waiting>
      <p>
        {text}{" "}
        {payment.status === "requires_action" && payment.action_expires_at ? (
          <>
            until <Time at={payment.action_expires_at} />
          </>
        ) : null}
      </p>
      <a class="button" href={paymentPath(payment.id)}>
        Load again
      </a>
    </div>
  );
}

function describeUnknown(
  { status, pending_operation, capture_method }: Payment,
  pending: Refund | undefined,
): string | undefined {
  if (status === "requires_action") return "The customer has to confirm the payment at the bank,";
  if (status === "processing") {
    const operation =
      pending_operation?.type === "capture"
        ? "capture"
        : pending_operation?.type === "void"
          ? "cancellation"
          : capture_method === "manual"
            ? "authorization"
            : "charge";
    return `The outcome of the ${operation} is not known yet. The processor is queried until it is; nothing has to be repeated.`;
  }
  if (!pending) return undefined;
  const amount = moneyText(pending.amount_minor, pending.currency);
  return `The outcome of the refund of ${amount} is not known yet. The processor is queried until it is; nothing has to be repeated.`;
}
