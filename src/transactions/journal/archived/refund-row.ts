/** The row of a refund in a shard's table `refunds`. */
import type { ArchivedPayment } from "../../../archive/line";
import type { Refund, RefundStatus } from "../../../domain/transaction/refund";

/** `position` is that of the refund's first event, `sent_minor` the amount that its request named, and `data` its JSON text. */
export type RefundRow = {
  id: string;
  position: number;
  status: RefundStatus;
  sent_minor: number | null;
  data: string;
};

/** The refunds of an archived payment as rows, the oldest first. Each is as of the last event about it. */
export function toRefundRows({ events, refunds }: ArchivedPayment): RefundRow[] {
  const sent = new Map(refunds.map(({ id, sent_minor }) => [id, sent_minor]));
  const rows = new Map<string, RefundRow>();
  for (const { refund: data, position } of events) {
    if (data === null) continue;
    const { id, status } = JSON.parse(data) as Refund; // Our own text.
    const first = rows.get(id)?.position ?? position;
    rows.set(id, { id, position: first, status, sent_minor: sent.get(id) ?? null, data });
  }
  return [...rows.values()];
}
