/** One delivery: its attempts, what was sent, and how to send it again. */
import type { z } from "zod";
import type { AppContext } from "../../api/context";
import type { EventList } from "../../api/events/event-schemas";
import { TEST_TYPE } from "../../domain/webhook/webhook";
import type { Session } from "../access/session";
import { isAllowed } from "../http/allowed";
import type { Visit } from "../http/define-page";
import { ActionForm, Empty, Id, Status, TableFrame } from "../view/parts";
import { renderPage } from "../view/render";
import { Time } from "../view/time";
import {
  DELIVERIES,
  type DeliveryBody,
  deliveryPath,
  endpointPath,
  paymentPath,
  resultText,
  WebhookTabs,
} from "./parts";

export async function deliveryPage(c: AppContext, { session, api }: Visit): Promise<Response> {
  const id = c.req.param("id") ?? "";
  const delivery = await api.get<DeliveryBody>(
    `/api/v1/webhook-deliveries/${encodeURIComponent(id)}`,
  );
  const content = await readContent(delivery, { session, api });
  return renderPage(
    c,
    session,
    { title: `Delivery of ${delivery.event_type}` },
    <>
      <div class="page-head">
        <h1>Delivery of {delivery.event_type}</h1>
        <Status status={delivery.status} />
        {isAllowed(session, "webhooks:write") ? (
          <RedeliverForm session={session} delivery={delivery} />
        ) : null}
      </div>
      <WebhookTabs session={session} current={DELIVERIES} />
      <Facts delivery={delivery} />
      <section class="group" aria-labelledby="attempts">
        <h2 id="attempts">Attempts</h2>
        <Attempts delivery={delivery} />
      </section>
      <section class="group" aria-labelledby="sent">
        <h2 id="sent">What is sent</h2>
        <Content text={content} />
      </section>
    </>,
  );
}

/** What a delivery has had until now. A form has it, so that sending the form twice redelivers once. */
export function progressOf({ status, attempts }: DeliveryBody): string {
  return `${status} ${attempts.at(-1)?.number ?? 0}`;
}

function RedeliverForm({ session, delivery }: { session: Session; delivery: DeliveryBody }) {
  const label = delivery.status === "pending" ? "Send now" : "Redeliver";
  return (
    <ActionForm session={session} action={`${deliveryPath(delivery.id)}/redeliver`} class="actions">
      <input type="hidden" name="progress" value={progressOf(delivery)} />
      <button type="submit" class="primary">
        {label}
      </button>
    </ActionForm>
  );
}

function Facts({ delivery }: { delivery: DeliveryBody }) {
  const { id, endpoint_id, event_id, transaction_id, url } = delivery;
  return (
    <section class="card" aria-label="Delivery">
      <dl class="facts">
        <dt>Id</dt>
        <dd>
          <Id id={id} />
        </dd>
        <dt>Event</dt>
        <dd>
          <Id id={event_id} />
        </dd>
        <dt>Payment</dt>
        <dd>
          {transaction_id ? (
            <Id id={transaction_id} href={paymentPath(transaction_id)} />
          ) : (
            "None: the event is about an endpoint"
          )}
        </dd>
        <dt>Endpoint</dt>
        <dd>
          {endpoint_id ? (
            <Id id={endpoint_id} href={endpointPath(endpoint_id)} />
          ) : (
            <>
              The payment's own <code>webhook_url</code>
            </>
          )}
        </dd>
        <dt>URL</dt>
        <dd>
          <bdi>{url}</bdi>
        </dd>
        <dt>Created</dt>
        <dd>
          <Time at={delivery.created_at} />
        </dd>
        <dt>{delivery.finished_at ? "Finished" : "Next attempt"}</dt>
        <dd>
          {delivery.finished_at ? (
            <Time at={delivery.finished_at} />
          ) : delivery.next_attempt_at ? (
            <Time at={delivery.next_attempt_at} />
          ) : (
            "under way"
          )}
        </dd>
      </dl>
    </section>
  );
}

function Attempts({ delivery: { attempts } }: { delivery: DeliveryBody }) {
  if (attempts.length === 0) {
    return (
      <Empty title="No attempt yet">
        <p>
          The first attempt is made within a second, unless the endpoint is failing or disabled.
        </p>
      </Empty>
    );
  }
  return (
    <TableFrame label="Attempts">
      <table class="stacked">
        <caption>The last 100 attempts at most, newest first</caption>
        <thead>
          <tr>
            <th scope="col" class="number">
              No.
            </th>
            <th scope="col">Started</th>
            <th scope="col" class="number">
              Duration
            </th>
            <th scope="col">Result</th>
            <th scope="col">Response</th>
          </tr>
        </thead>
        <tbody>
          {attempts.toReversed().map((attempt) => (
            <tr>
              <td data-label="No." class="number">
                {attempt.number}
              </td>
              <td data-label="Started">
                <Time at={attempt.started_at} />
              </td>
              <td data-label="Duration" class="number">
                {attempt.duration_ms} ms
              </td>
              <td data-label="Result">
                <Status status={attempt.error === null ? "delivered" : "failed"} />
              </td>
              <td data-label="Response">{resultText(attempt)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}

/** The webhook's content, from the event that it announces. The delivery log does not return it.
 *  @returns undefined if the session may not read the event, or if it is not the event of a payment */
async function readContent(
  delivery: DeliveryBody,
  { session, api }: Visit,
): Promise<string | undefined> {
  const { event_id, event_type, transaction_id, endpoint_id } = delivery;
  if (event_type === TEST_TYPE) {
    return format(event_type, delivery.created_at, { endpoint_id });
  }
  if (transaction_id === null || !isAllowed(session, "transactions:read")) return undefined;
  const path = `/api/v1/transactions/${transaction_id}/events`;
  const reply = await api.call<z.infer<typeof EventList>>("GET", path);
  const event = reply.ok ? reply.body.data.find(({ id }) => id === event_id) : undefined;
  return event && format(event.type, event.created_at, event.data);
}

function format(type: string, timestamp: string, data: unknown): string {
  return JSON.stringify({ type, timestamp, data }, null, 2);
}

function Content({ text }: { text: string | undefined }) {
  if (text === undefined) {
    return <p class="muted">The content of this webhook is not shown here.</p>;
  }
  return (
    <>
      <p class="muted">Set in lines here. It is sent and signed without white space.</p>
      <section class="card source" aria-label="Content" tabindex={0}>
        <pre>
          <code>{text}</code>
        </pre>
      </section>
    </>
  );
}
