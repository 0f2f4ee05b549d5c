/** One merchant: its API keys, and creating another one. */
import type { AppContext } from "../../api/context";
import { SCOPES } from "../../domain/identity/api-key";
import type { Session } from "../access/session";
import type { Visit } from "../http/define-page";
import type { RefusedForm } from "../http/refused-form";
import { CheckboxGroup, FormFault, TextField } from "../view/fields";
import { OnceField } from "../view/once";
import { ActionForm, Empty, Id } from "../view/parts";
import { renderPage } from "../view/render";
import { Time } from "../view/time";
import { KeyTable } from "./key-table";
import { type ApiKeyBody, type MerchantBody, merchantApi, merchantPath } from "./parts";

/** The form of a new key that was refused, with what was entered. */
export type RefusedKey = {
  refused: RefusedForm;
  name: string;
  scopes: string[];
  token: string | undefined;
};

export function merchantPage(c: AppContext, visit: Visit): Promise<Response> {
  return showMerchant(c, visit);
}

/** The page of the merchant in the address. @param again a form that was refused */
export async function showMerchant(
  c: AppContext,
  { session, api }: Visit,
  again?: RefusedKey,
): Promise<Response> {
  const path = merchantApi(c.req.param("id") ?? "");
  const [merchant, keys] = await Promise.all([
    api.get<MerchantBody>(path),
    api.get<{ data: ApiKeyBody[] }>(`${path}/api-keys`),
  ]);
  return renderPage(
    c,
    session,
    { title: merchant.name, status: again?.refused.status ?? 200 },
    <>
      <h1>
        <bdi>{merchant.name}</bdi>
      </h1>
      <Facts merchant={merchant} />
      <section class="group" aria-labelledby="keys">
        <h2 id="keys">API keys</h2>
        {keys.data.length === 0 ? (
          <Empty title="No API keys yet">
            <p>Create one below. Without a key the merchant's systems cannot call the API.</p>
          </Empty>
        ) : (
          <KeyTable keys={keys.data} nowMs={Date.now()} />
        )}
      </section>
      <section class="card" aria-labelledby="new-key">
        <h2 id="new-key">Create an API key</h2>
        <NewKeyForm session={session} merchantId={merchant.id} again={again} />
      </section>
    </>,
  );
}

function Facts({ merchant }: { merchant: MerchantBody }) {
  return (
    <section class="card" aria-label="Merchant">
      <dl class="facts">
        <dt>Id</dt>
        <dd>
          <Id id={merchant.id} />
        </dd>
        <dt>Default currency</dt>
        <dd>{merchant.default_currency}</dd>
        <dt>Created</dt>
        <dd>
          <Time at={merchant.created_at} />
        </dd>
      </dl>
    </section>
  );
}

type FormProps = { session: Session; merchantId: string; again: RefusedKey | undefined };

function NewKeyForm({ session, merchantId, again }: FormProps) {
  const faults = again?.refused.fields ?? {};
  return (
    <ActionForm session={session} action={`${merchantPath(merchantId)}/keys`} class="stack">
      <OnceField token={again?.token} />
      <FormFault refused={again?.refused} />
      <TextField
        name="name"
        label="Name"
        value={again?.name}
        hint="What the key is for, such as the system that uses it."
        fault={faults.name}
      />
      <CheckboxGroup
        name="scopes"
        label="Scopes"
        options={SCOPES.map((value) => ({ value, label: value }))}
        checked={again?.scopes ?? []}
        hint="What the key may do. A key for the console of an analyst needs the reading scopes."
        fault={faults.scopes}
      />
      <button type="submit" class="primary">
        Create the key
      </button>
    </ActionForm>
  );
}
