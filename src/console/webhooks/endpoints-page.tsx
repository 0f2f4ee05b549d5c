/** The merchant's webhook endpoints, and the secret of webhooks to transactions' own URLs. */
import type { z } from "zod";
import type { AppContext } from "../../api/context";
import type { EndpointList } from "../../api/webhooks/schemas";
import { MAX_ENDPOINTS } from "../../domain/webhook/webhook";
import type { Session } from "../access/session";
import { isAllowed } from "../http/allowed";
import type { Visit } from "../http/define-page";
import { Empty, TableFrame } from "../view/parts";
import { renderPage } from "../view/render";
import { Time } from "../view/time";
import {
  type EndpointBody,
  EndpointStatus,
  endpointPath,
  eventsText,
  Health,
  NEW_ENDPOINT,
  WEBHOOKS,
  WebhookTabs,
} from "./parts";
import { RotateForm } from "./rotate-form";

export async function endpointsPage(c: AppContext, { session, api }: Visit): Promise<Response> {
  const { data } = await api.get<z.infer<typeof EndpointList>>("/api/v1/webhook-endpoints");
  const mayChange = isAllowed(session, "webhooks:write");
  return renderPage(
    c,
    session,
    { title: "Webhooks" },
    <>
      <div class="page-head">
        <h1>Webhooks</h1>
        {mayChange && data.length < MAX_ENDPOINTS ? (
          <p class="actions">
            <a class="button primary" href={NEW_ENDPOINT}>
              Add an endpoint
            </a>
          </p>
        ) : null}
      </div>
      <WebhookTabs session={session} current={WEBHOOKS} />
      {data.length === 0 ? <NoEndpoints mayChange={mayChange} /> : <Endpoints endpoints={data} />}
      {mayChange ? <DefaultSecret session={session} /> : null}
    </>,
  );
}

function NoEndpoints({ mayChange }: { mayChange: boolean }) {
  return (
    <Empty title="No endpoints yet">
      <p>
        An endpoint is a URL that receives the events of all payments as signed requests.{" "}
        {mayChange
          ? "Add one to get the first event within a second of the payment."
          : "A key with the scope webhooks:write can add one."}
      </p>
    </Empty>
  );
}

function Endpoints({ endpoints }: { endpoints: EndpointBody[] }) {
  return (
    <TableFrame label="Webhook endpoints">
      <table class="stacked">
        <caption>
          {endpoints.length} of at most {MAX_ENDPOINTS} endpoints, oldest first
        </caption>
        <thead>
          <tr>
            <th scope="col">URL</th>
            <th scope="col">Status</th>
            <th scope="col">Events</th>
            <th scope="col">Health</th>
            <th scope="col">Created</th>
          </tr>
        </thead>
        <tbody>
          {endpoints.map((endpoint) => (
            <tr>
              <td data-label="URL" class="break wide">
                <a class="clamp" href={endpointPath(endpoint.id)}>
                  <bdi>{endpoint.url}</bdi>
                </a>
                {endpoint.description ? (
                  <p class="muted clamp">
                    <bdi>{endpoint.description}</bdi>
                  </p>
                ) : null}
              </td>
              <td data-label="Status">
                <EndpointStatus endpoint={endpoint} />
              </td>
              <td data-label="Events">{eventsText(endpoint.events)}</td>
              <td data-label="Health">
                <Health endpoint={endpoint} />
              </td>
              <td data-label="Created">
                <Time at={endpoint.created_at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}

function DefaultSecret({ session }: { session: Session }) {
  return (
    <section class="card" aria-labelledby="default-secret">
      <h2 id="default-secret">Default secret</h2>
      <p>
        A payment can have a <code>webhook_url</code> of its own. These webhooks are signed with the
        merchant's default secret, which is shown when it is rotated.
      </p>
      <RotateForm session={session} id="default" label="Rotate the default secret" />
    </section>
  );
}
