/** What can be done with one endpoint. A refused form is shown again on the endpoint's page, as it was entered. */
import type { z } from "zod";
import type { AppContext } from "../../api/context";
import type { Recovered, RotatedSecret } from "../../api/webhooks/schemas";
import { rememberCarriedOut, wasCarriedOut } from "../access/cookie";
import type { ApiReply } from "../http/api-client";
import type { Visit } from "../http/define-page";
import { type Form, incomplete } from "../http/form";
import { PageProblem } from "../http/page-problem";
import { toRefusedForm } from "../http/refused-form";
import { redirect } from "../http/respond-page";
import { type NoticeCode, withNotice } from "../view/notices";
import { readToken } from "../view/once";
import { ActionForm } from "../view/parts";
import { renderPage } from "../view/render";
import { readEntry, toRequest } from "./endpoint-form";
import { showEndpoint } from "./endpoint-page";
import {
  type DeliveryBody,
  deliveryPath,
  type EndpointBody,
  endpointPath,
  WEBHOOKS,
  WebhookTabs,
} from "./parts";
import { secretPage } from "./secret-page";

const API = "/api/v1/webhook-endpoints";
/** The id of the secret for the URLs that payments name themselves. */
const DEFAULT_SECRET = "default";

const readId = (c: AppContext): string => c.req.param("id") ?? "";
const apiPath = (c: AppContext): string => `${API}/${encodeURIComponent(readId(c))}`;

function backToEndpoint(c: AppContext, notice: NoticeCode): Response {
  return redirect(c, withNotice(endpointPath(encodeURIComponent(readId(c))), notice));
}

/** What the API refuses for what was entered, or for now; the form is shown again. */
const CORRECTABLE = [400, 409, 429];

/** @throws PageProblem for a problem that no correction of the form solves */
function requireCorrectable<Body>(reply: ApiReply<Body>): void {
  if (!reply.ok && !CORRECTABLE.includes(reply.status)) throw new PageProblem(reply.problem);
}

export async function changeEndpoint(c: AppContext, visit: Visit, form: Form): Promise<Response> {
  const entry = readEntry(form);
  const body = toRequest(entry);
  const reply = await visit.api.call<EndpointBody>("PATCH", apiPath(c), { body });
  requireCorrectable(reply);
  if (reply.ok) return backToEndpoint(c, "endpoint_changed");
  return showEndpoint(c, visit, { form: "change", refused: toRefusedForm(reply.problem), entry });
}

/** Enables or disables the endpoint. */
export const switchEndpoint =
  (enabled: boolean) =>
  async (c: AppContext, { api }: Visit): Promise<Response> => {
    const reply = await api.call<EndpointBody>("PATCH", apiPath(c), { body: { enabled } });
    if (!reply.ok) throw new PageProblem(reply.problem);
    return backToEndpoint(c, enabled ? "endpoint_enabled" : "endpoint_disabled");
  };

/** Sends a test event, and leads to its delivery. */
export async function testEndpoint(c: AppContext, { api }: Visit): Promise<Response> {
  const reply = await api.call<DeliveryBody>("POST", `${apiPath(c)}/test`);
  if (!reply.ok) throw new PageProblem(reply.problem);
  return redirect(c, withNotice(deliveryPath(reply.body.id), "test_sent"));
}

/** The response has the new secret, so loading it again sends the form again: that does not rotate once more. */
export async function rotateSecret(c: AppContext, visit: Visit, form: Form): Promise<Response> {
  const value = form.get("expires_in_seconds");
  const isDefault = readId(c) === DEFAULT_SECRET;
  const token = readToken(form);
  if (token === undefined) throw incomplete();
  if (wasCarriedOut(c, token)) {
    if (isDefault) return redirect(c, withNotice(WEBHOOKS, "secret_rotated"));
    return backToEndpoint(c, "secret_rotated");
  }
  const body = { expires_in_seconds: value === "" ? undefined : Number(value) };
  const reply = await visit.api.call<z.infer<typeof RotatedSecret>>(
    "POST",
    `${apiPath(c)}/rotate-secret`,
    { body },
  );
  requireCorrectable(reply);
  if (!reply.ok) {
    if (isDefault) throw new PageProblem(reply.problem);
    const refused = toRefusedForm(reply.problem);
    return showEndpoint(c, visit, { form: "rotate", refused, value });
  }
  rememberCarriedOut(c, token);
  const { id, secret, previous_secrets_expire_at } = reply.body;
  const url = isDefault ? {} : { url: (await visit.api.get<EndpointBody>(apiPath(c))).url };
  const previous = { previousUntil: previous_secrets_expire_at };
  return secretPage(c, visit, {
    id,
    secret,
    title: "Secret rotated",
    status: 200,
    ...url,
    ...previous,
  });
}

/** A time of a `datetime-local` field, which is UTC here, as RFC 3339. */
const toTime = (text: string): string | undefined => (text === "" ? undefined : `${text}Z`);

export async function recoverDeliveries(
  c: AppContext,
  visit: Visit,
  form: Form,
): Promise<Response> {
  const [since, until] = [form.get("since"), form.get("until")];
  const body = { since: toTime(since), until: toTime(until) };
  const reply = await visit.api.call<z.infer<typeof Recovered>>("POST", `${apiPath(c)}/recover`, {
    body,
  });
  requireCorrectable(reply);
  if (!reply.ok) {
    const refused = toRefusedForm(reply.problem);
    return showEndpoint(c, visit, { form: "recover", refused, since, until });
  }
  const { redelivered, has_more } = reply.body;
  if (has_more) return backToEndpoint(c, "recovered_in_part");
  return backToEndpoint(c, redelivered > 0 ? "recovered" : "nothing_to_recover");
}

/** Requests the confirmation. */
export async function deleteEndpointPage(c: AppContext, { session, api }: Visit) {
  const endpoint = await api.get<EndpointBody>(apiPath(c));
  const path = endpointPath(endpoint.id);
  return renderPage(
    c,
    session,
    { title: "Delete the endpoint" },
    <>
      <h1>Delete the endpoint?</h1>
      <WebhookTabs session={session} current={WEBHOOKS} />
      <section class="card" aria-label="Confirmation">
        <p>
          <bdi>{endpoint.url}</bdi> gets no event any more, and its pending deliveries end as dead.
          Its secret is deleted. This cannot be undone.
        </p>
        <ActionForm session={session} action={`${path}/delete`} class="actions">
          <button type="submit" class="danger">
            Delete the endpoint
          </button>
          <a class="button" href={path}>
            Keep it
          </a>
        </ActionForm>
      </section>
    </>,
  );
}

/** An endpoint that another request has deleted is as good as deleted. */
export async function deleteEndpoint(c: AppContext, { api }: Visit): Promise<Response> {
  const reply = await api.call<void>("DELETE", apiPath(c));
  if (!reply.ok && reply.status !== 404) throw new PageProblem(reply.problem);
  return redirect(c, withNotice(WEBHOOKS, "endpoint_deleted"));
}
