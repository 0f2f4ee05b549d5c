/** One API key: replacing it with an overlap, and revoking it. */
import type { AppContext } from "../../api/context";
import type { Session } from "../access/session";
import type { Visit } from "../http/define-page";
import { NOT_FOUND, PageProblem } from "../http/page-problem";
import type { RefusedForm } from "../http/refused-form";
import { FormFault, SelectField } from "../view/fields";
import { ActionForm, Id, Status } from "../view/parts";
import { renderPage } from "../view/render";
import { Time } from "../view/time";
import { keyStatus } from "./key-table";
import { type ApiKeyBody, keyPath, type MerchantBody, merchantApi, merchantPath } from "./parts";

/** How long the old key stays valid, in seconds. The API accepts up to a week. */
const OVERLAPS = [
  { value: "0", label: "No overlap: it ends at once" },
  { value: "3600", label: "1 hour" },
  { value: "86400", label: "1 day" },
  { value: "604800", label: "7 days" },
];
const USUAL_OVERLAP = "86400";

export type RefusedRoll = { refused: RefusedForm; overlap: string };

export function keyPage(c: AppContext, visit: Visit): Promise<Response> {
  return showKey(c, visit);
}

/** The page of the key in the address. @param again a form that was refused */
export async function showKey(
  c: AppContext,
  { session, api }: Visit,
  again?: RefusedRoll,
): Promise<Response> {
  const path = merchantApi(c.req.param("id") ?? "");
  const [merchant, keys] = await Promise.all([
    api.get<MerchantBody>(path),
    api.get<{ data: ApiKeyBody[] }>(`${path}/api-keys`),
  ]);
  const key = keys.data.find(({ id }) => id === c.req.param("key_id"));
  if (!key) throw new PageProblem(NOT_FOUND);
  const status = keyStatus(key, Date.now());
  return renderPage(
    c,
    session,
    { title: "API key", status: again?.refused.status ?? 200 },
    <>
      <div class="page-head">
        <h1>API key …{key.last_four}</h1>
        <Status status={status} />
      </div>
      <FormFault refused={again?.refused} />
      <section class="card" aria-label="Key">
        <dl class="facts">
          <dt>Merchant</dt>
          <dd>
            <a href={merchantPath(merchant.id)}>
              <bdi>{merchant.name}</bdi>
            </a>
          </dd>
          <dt>Name</dt>
          <dd>{key.name === null ? <span class="muted">none</span> : <bdi>{key.name}</bdi>}</dd>
          <dt>Id</dt>
          <dd>
            <Id id={key.id} />
          </dd>
          <dt>Scopes</dt>
          <dd>{key.scopes.join(", ")}</dd>
          <dt>Created</dt>
          <dd>
            <Time at={key.created_at} />
          </dd>
          <dt>Last used</dt>
          <dd>
            {key.last_used_at === null ? (
              "not yet"
            ) : (
              <>
                in the hour from <Time at={key.last_used_at} />
              </>
            )}
          </dd>
          <dt>Expires</dt>
          <dd>{key.expires_at === null ? "never" : <Time at={key.expires_at} />}</dd>
        </dl>
      </section>
      {status === "ended" ? null : <Actions session={session} apiKey={key} again={again} />}
    </>,
  );
}

type ActionsProps = { session: Session; apiKey: ApiKeyBody; again: RefusedRoll | undefined };

function Actions({ session, apiKey, again }: ActionsProps) {
  const path = keyPath(apiKey.merchant_id, apiKey.id);
  return (
    <div class="cards">
      {apiKey.expires_at === null ? (
        <section class="card" aria-labelledby="roll">
          <h2 id="roll">Replace the key</h2>
          <p>Makes a new key with the same name and scopes, which is shown once.</p>
          <ActionForm session={session} action={`${path}/roll`} class="stack">
            <SelectField
              name="overlap_s"
              label="The old key stays valid for"
              options={OVERLAPS}
              value={again?.overlap ?? USUAL_OVERLAP}
              fault={again?.refused.fields.overlap_s}
            />
            <button type="submit">Replace the key</button>
          </ActionForm>
        </section>
      ) : null}
      <section class="card" aria-labelledby="revoke">
        <h2 id="revoke">Revoke the key</h2>
        <p>
          Requests with the key are refused within ten seconds, and sessions of the console that
          were opened with it end. This cannot be undone.
        </p>
        <p>
          <a class="button danger" href={`${path}/revoke`}>
            Revoke the key…
          </a>
        </p>
      </section>
    </div>
  );
}
