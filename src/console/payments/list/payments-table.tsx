/** The table of payments, and what stands in its place. */

import { Money } from "../../view/money";
import { Empty, Id, Status, TableFrame } from "../../view/parts";
import { Time } from "../../view/time";
import { NEW_PAYMENT, PAYMENTS, type Payment, paymentPath } from "../bodies";
import { listAddress } from "./list-filters";

export function PaymentsTable({ payments }: { payments: Payment[] }) {
  return (
    <TableFrame label="Payments">
      <table class="payments">
        <thead>
          <tr>
            <th scope="col">Created</th>
            <th scope="col">Customer</th>
            <th scope="col" class="number">
              Amount
            </th>
            <th scope="col">Status</th>
            <th scope="col">Risk</th>
            <th scope="col">Payment</th>
          </tr>
        </thead>
        <tbody>
          {payments.map((payment) => (
            <Row payment={payment} />
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}

function Row({ payment }: { payment: Payment }) {
  const { id, user_id, amount_minor, currency, status, fraud_score, risk, created_at } = payment;
  return (
    <tr>
      <td class="time">
        <Time at={created_at} />
      </td>
      <td class="customer" title={user_id}>
        <a href={listAddress({ user_id })}>
          <bdi>{user_id}</bdi>
        </a>
      </td>
      <td class="number">
        <Money minor={amount_minor} currency={currency} />
      </td>
      <td class="state">
        <Status status={status} />
      </td>
      <td class="risk">
        {fraud_score} <span class="muted">{risk.decision}</span>
      </td>
      <td class="key">
        <Id id={id} href={paymentPath(id)} />
      </td>
    </tr>
  );
}

/** @param origin of this deployment. @param mayCreate whether the session's key may create payments */
export function NoPayments({ origin, mayCreate }: { origin: string; mayCreate: boolean }) {
  return (
    <Empty title="No payments yet">
      <p>Each payment of this merchant will be here as soon as it is created.</p>
      {mayCreate ? (
        <p>
          <a href={NEW_PAYMENT}>Create the first one here</a>, or by the API:
        </p>
      ) : (
        <p>By the API:</p>
      )}
      <pre class="command">
        <code>{`curl -i ${origin}/api/v1/transactions -H "Authorization: Bearer $KEY" -H "Idempotency-Key: order-1001" \\
  -H "Content-Type: application/json" -d '{"user_id":"user_123","amount":100.50,"currency":"USD"}'`}</code>
      </pre>
    </Empty>
  );
}

/** @param isFurther whether earlier pages have been searched */
export function NoMatch({ isFurther }: { isFurther: boolean }) {
  return (
    <Empty title={isFurther ? "No further payment matches" : "No payment matches these filters"}>
      <p>
        Change a filter, or <a href={PAYMENTS}>show all payments</a>.
      </p>
    </Empty>
  );
}
