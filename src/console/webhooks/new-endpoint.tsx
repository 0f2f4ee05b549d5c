/** Adding an endpoint: the form, and the page that shows its secret once. */
import type { z } from "zod";
import type { AppContext } from "../../api/context";
import type { NewEndpoint } from "../../api/webhooks/schemas";
import type { Visit } from "../http/define-page";
import type { Form } from "../http/form";
import { PageProblem } from "../http/page-problem";
import { type RefusedForm, toRefusedForm } from "../http/refused-form";
import { redirect } from "../http/respond-page";
import { withNotice } from "../view/notices";
import { OnceField, onceHeaders, readToken } from "../view/once";
import { renderPage } from "../view/render";
import { EndpointForm, type EntryOfEndpoint, readEntry, toRequest } from "./endpoint-form";
import { WEBHOOKS, WebhookTabs } from "./parts";
import { secretPage } from "./secret-page";

export const CREATE = `${WEBHOOKS}/endpoints`;
const BLANK: EntryOfEndpoint = { url: "", events: ["*"], description: "" };

export function newEndpointPage(c: AppContext, visit: Visit): Response {
  return showForm(c, visit, BLANK);
}

export async function createEndpoint(c: AppContext, visit: Visit, form: Form): Promise<Response> {
  const entry = readEntry(form);
  const reply = await visit.api.call<z.infer<typeof NewEndpoint>>(
    "POST",
    "/api/v1/webhook-endpoints",
    { body: toRequest(entry), headers: onceHeaders(form) },
  );
  if (!reply.ok && reply.problem.code === "webhook_endpoint_exists") {
    return redirect(c, withNotice(WEBHOOKS, "endpoint_exists"));
  }
  if (!reply.ok && reply.status >= 500) throw new PageProblem(reply.problem);
  if (!reply.ok) {
    return showForm(c, visit, entry, toRefusedForm(reply.problem), readToken(form));
  }
  const { id, url, secret } = reply.body;
  return secretPage(c, visit, { id, secret, title: "Endpoint added", url, status: reply.status });
}

function showForm(
  c: AppContext,
  { session }: Visit,
  entry: EntryOfEndpoint,
  refused?: RefusedForm,
  token?: string,
): Response {
  return renderPage(
    c,
    session,
    { title: "Add a webhook endpoint", status: refused?.status ?? 200 },
    <>
      <h1>Add a webhook endpoint</h1>
      <WebhookTabs session={session} current={WEBHOOKS} />
      <section class="card" aria-label="New endpoint">
        <EndpointForm
          session={session}
          action={CREATE}
          entry={entry}
          refused={refused}
          once={<OnceField token={token} />}
          submit="Add the endpoint"
          isPrimary
        />
      </section>
    </>,
  );
}
