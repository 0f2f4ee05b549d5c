/** Creates, replaces and revokes API keys. A new key is shown once, in the direct response to the form. */
import type { z } from "zod";
import type { AppContext } from "../../api/context";
import type { NewApiKey } from "../../api/merchants/schemas";
import type { Visit } from "../http/define-page";
import type { Form } from "../http/form";
import { NOT_FOUND, PageProblem } from "../http/page-problem";
import { toRefusedForm } from "../http/refused-form";
import { redirect } from "../http/respond-page";
import { withNotice } from "../view/notices";
import { onceHeaders, readToken } from "../view/once";
import { ActionForm } from "../view/parts";
import { renderPage } from "../view/render";
import { SecretOnce } from "../view/secret-once";
import { showKey } from "./key-page";
import { showMerchant } from "./merchant-page";
import { type ApiKeyBody, keyPath, merchantApi, merchantPath } from "./parts";

type NewKey = z.infer<typeof NewApiKey>;

/** The address of the key in the API. */
function keyApi(c: AppContext): string {
  const keyId = encodeURIComponent(c.req.param("key_id") ?? "");
  return `${merchantApi(c.req.param("id") ?? "")}/api-keys/${keyId}`;
}

/** A form that was sent twice leads to the merchant the second time: the key exists, and was shown by the first. */
export async function createKey(c: AppContext, visit: Visit, form: Form): Promise<Response> {
  const [name, scopes] = [form.get("name"), form.getAll("scopes")];
  const merchantId = c.req.param("id") ?? "";
  const reply = await visit.api.call<NewKey>("POST", `${merchantApi(merchantId)}/api-keys`, {
    body: { name: name === "" ? null : name, scopes },
    headers: onceHeaders(form),
  });
  if (reply.ok) return newKeyPage(c, visit, reply.body, "API key created");
  const { code } = reply.problem;
  if (code === "api_key_exists") {
    return redirect(c, withNotice(merchantPath(encodeURIComponent(merchantId)), "key_exists"));
  }
  if (![400, 409].includes(reply.status)) throw new PageProblem(reply.problem);
  const refused = toRefusedForm(reply.problem);
  return showMerchant(c, visit, { refused, name, scopes, token: readToken(form) });
}

/** The API replaces a key once, so a form that was sent twice makes one new key. */
export async function rollKey(c: AppContext, visit: Visit, form: Form): Promise<Response> {
  const overlap = form.get("overlap_s");
  const body = { overlap_s: overlap === "" ? undefined : Number(overlap) };
  const reply = await visit.api.call<NewKey>("POST", `${keyApi(c)}/roll`, { body });
  if (reply.ok) return newKeyPage(c, visit, reply.body, "API key replaced");
  if (![400, 409].includes(reply.status)) throw new PageProblem(reply.problem);
  return showKey(c, visit, { refused: toRefusedForm(reply.problem), overlap });
}

function newKeyPage(c: AppContext, { session }: Visit, key: NewKey, title: string): Response {
  return renderPage(
    c,
    session,
    { title, status: 201, scripts: ["copy"] },
    <>
      <h1>{title}</h1>
      <SecretOnce label="API key" secret={key.key}>
        <p>
          {key.name === null ? "It has no name" : <bdi>{key.name}</bdi>}. Scopes:{" "}
          {key.scopes.join(", ")}.
        </p>
        <p>
          <a class="button" href={merchantPath(key.merchant_id)}>
            To the merchant
          </a>
        </p>
      </SecretOnce>
    </>,
  );
}

/** Requests the confirmation. */
export async function revokeKeyPage(c: AppContext, { session, api }: Visit): Promise<Response> {
  const path = `${merchantApi(c.req.param("id") ?? "")}/api-keys`;
  const { data } = await api.get<{ data: ApiKeyBody[] }>(path);
  const key = data.find(({ id }) => id === c.req.param("key_id"));
  if (!key) throw new PageProblem(NOT_FOUND);
  const own = keyPath(key.merchant_id, key.id);
  return renderPage(
    c,
    session,
    { title: "Revoke the API key" },
    <>
      <h1>Revoke the API key?</h1>
      <section class="card" aria-label="Confirmation">
        <p>
          {key.name === null ? null : (
            <>
              <bdi>{key.name}</bdi>,{" "}
            </>
          )}
          ending in <code>{key.last_four}</code>, stops working within ten seconds. What uses it
          gets 401 from then on. This cannot be undone.
        </p>
        <ActionForm session={session} action={`${own}/revoke`} class="actions">
          <button type="submit" class="danger">
            Revoke the key
          </button>
          <a class="button" href={own}>
            Keep it
          </a>
        </ActionForm>
      </section>
    </>,
  );
}

export async function revokeKey(c: AppContext, { api }: Visit): Promise<Response> {
  const reply = await api.call<void>("DELETE", keyApi(c));
  if (!reply.ok) throw new PageProblem(reply.problem);
  return redirect(
    c,
    withNotice(merchantPath(encodeURIComponent(c.req.param("id") ?? "")), "key_revoked"),
  );
}
