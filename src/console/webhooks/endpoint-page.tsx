/** One endpoint: its health, and everything that can be done with it. */
import type { z } from "zod";
import type { AppContext } from "../../api/context";
import type { DeliveryList } from "../../api/webhooks/schemas";
import type { Session } from "../access/session";
import { isAllowed } from "../http/allowed";
import type { Visit } from "../http/define-page";
import type { RefusedForm } from "../http/refused-form";
import { FormFault, TextField } from "../view/fields";
import { ActionForm, Empty, Id, Warning } from "../view/parts";
import { renderPage } from "../view/render";
import { Time } from "../view/time";
import { DeliveryTable } from "./delivery-table";
import { EndpointForm, type EntryOfEndpoint, toEntry } from "./endpoint-form";
import {
  DELIVERIES,
  type EndpointBody,
  EndpointStatus,
  endpointPath,
  Health,
  WEBHOOKS,
  WebhookTabs,
} from "./parts";
import { RotateForm } from "./rotate-form";

const SHOWN_DELIVERIES = 5;

/** A form of the page that was refused, with what was entered. */
export type RefusedOnPage =
  | { form: "change"; refused: RefusedForm; entry: EntryOfEndpoint }
  | { form: "recover"; refused: RefusedForm; since: string; until: string }
  | { form: "rotate"; refused: RefusedForm; value: string };

export function endpointPage(c: AppContext, visit: Visit): Promise<Response> {
  return showEndpoint(c, visit);
}

/** The page of the endpoint in the address. @param again a form that was refused */
export async function showEndpoint(
  c: AppContext,
  { session, api }: Visit,
  again?: RefusedOnPage,
): Promise<Response> {
  const id = encodeURIComponent(c.req.param("id") ?? "");
  const endpoint = await api.get<EndpointBody>(`/api/v1/webhook-endpoints/${id}`);
  const deliveries = await api.get<z.infer<typeof DeliveryList>>("/api/v1/webhook-deliveries", {
    endpoint_id: endpoint.id,
    limit: SHOWN_DELIVERIES,
  });
  const mayChange = isAllowed(session, "webhooks:write");
  return renderPage(
    c,
    session,
    { title: `Endpoint ${endpoint.url}`, status: again?.refused.status ?? 200 },
    <>
      <div class="page-head">
        <h1>Webhook endpoint</h1>
        <EndpointStatus endpoint={endpoint} />
        {mayChange ? <HeadActions session={session} endpoint={endpoint} /> : null}
      </div>
      <WebhookTabs session={session} current={WEBHOOKS} />
      {endpoint.enabled ? null : (
        <Warning>
          <Health endpoint={endpoint} /> Events that occur now are not sent to it, then or later.
        </Warning>
      )}
      <Facts endpoint={endpoint} />
      <section class="group" aria-labelledby="recent">
        <h2 id="recent">Recent deliveries</h2>
        {deliveries.data.length === 0 ? (
          <Empty title="None yet">
            <p>The next event that this endpoint receives is shown here.</p>
          </Empty>
        ) : (
          <DeliveryTable deliveries={deliveries.data} caption="Newest first" />
        )}
        <p>
          <a href={`${DELIVERIES}?endpoint_id=${endpoint.id}`}>All deliveries to this endpoint</a>
        </p>
      </section>
      {mayChange ? <Changes session={session} endpoint={endpoint} again={again} /> : null}
    </>,
  );
}

function HeadActions({ session, endpoint }: { session: Session; endpoint: EndpointBody }) {
  const path = endpointPath(endpoint.id);
  return (
    <div class="actions">
      <ActionForm session={session} action={`${path}/${endpoint.enabled ? "disable" : "enable"}`}>
        <button type="submit">{endpoint.enabled ? "Disable" : "Enable"}</button>
      </ActionForm>
      <ActionForm session={session} action={`${path}/test`}>
        <button type="submit" class="primary">
          Send a test event
        </button>
      </ActionForm>
    </div>
  );
}

function Facts({ endpoint }: { endpoint: EndpointBody }) {
  return (
    <section class="card" aria-label="Endpoint">
      <dl class="facts">
        <dt>URL</dt>
        <dd>
          <bdi>{endpoint.url}</bdi>
        </dd>
        <dt>Id</dt>
        <dd>
          <Id id={endpoint.id} />
        </dd>
        <dt>Description</dt>
        <dd>
          {endpoint.description ? (
            <bdi>{endpoint.description}</bdi>
          ) : (
            <span class="muted">none</span>
          )}
        </dd>
        <dt>Events</dt>
        <dd>{endpoint.events.includes("*") ? "All events" : endpoint.events.join(", ")}</dd>
        <dt>Health</dt>
        <dd>
          <Health endpoint={endpoint} />
        </dd>
        <dt>Created</dt>
        <dd>
          <Time at={endpoint.created_at} />
        </dd>
      </dl>
    </section>
  );
}

type ChangesProps = {
  session: Session;
  endpoint: EndpointBody;
  again: RefusedOnPage | undefined;
};

function Changes({ session, endpoint, again }: ChangesProps) {
  const path = endpointPath(endpoint.id);
  const change = again?.form === "change" ? again : undefined;
  const rotate = again?.form === "rotate" ? again : undefined;
  return (
    <>
      <section class="card" aria-labelledby="change">
        <h2 id="change">Change</h2>
        <EndpointForm
          session={session}
          action={path}
          entry={change?.entry ?? toEntry(endpoint)}
          refused={change?.refused}
          submit="Save"
        />
      </section>
      <div class="cards">
        <section class="card" aria-labelledby="rotate">
          <h2 id="rotate">Rotate the secret</h2>
          <p>
            The new secret is shown once. Until the old one expires, each webhook has two
            signatures, so the receiver keeps working while it gets the new secret.
          </p>
          <RotateForm
            session={session}
            id={endpoint.id}
            label="Rotate the secret"
            refused={rotate?.refused}
            {...(rotate && { value: rotate.value })}
          />
        </section>
        <RecoverSection
          session={session}
          path={path}
          again={again?.form === "recover" ? again : undefined}
        />
        <section class="card" aria-labelledby="delete">
          <h2 id="delete">Delete</h2>
          <p>Pending deliveries end as dead, and no event is sent to the URL any more.</p>
          <p>
            <a class="button danger" href={`${path}/delete`}>
              Delete the endpoint…
            </a>
          </p>
        </section>
      </div>
    </>
  );
}

type RecoverProps = {
  session: Session;
  path: string;
  again: Extract<RefusedOnPage, { form: "recover" }> | undefined;
};

function RecoverSection({ session, path, again }: RecoverProps) {
  const faults = again?.refused.fields ?? {};
  return (
    <section class="card" aria-labelledby="recover">
      <h2 id="recover">Recover failed deliveries</h2>
      <p>
        Sends again what was created in a time and is dead or has failed at least once: the oldest
        1,000 at a time. Counts as 50 requests.
      </p>
      <ActionForm session={session} action={`${path}/recover`} class="stack">
        <FormFault refused={again?.refused} />
        <TextField
          name="since"
          label="Created since (UTC)"
          type="datetime-local"
          required
          value={again?.since}
          fault={faults.since}
        />
        <TextField
          name="until"
          label="Created until (UTC)"
          type="datetime-local"
          value={again?.until}
          hint="Empty: until now."
          fault={faults.until}
        />
        <button type="submit">Recover</button>
      </ActionForm>
    </section>
  );
}
