/** Creating a merchant. */
import type { AppContext } from "../../api/context";
import type { Visit } from "../http/define-page";
import type { Form } from "../http/form";
import { PageProblem } from "../http/page-problem";
import { type RefusedForm, toRefusedForm } from "../http/refused-form";
import { redirect } from "../http/respond-page";
import { FormFault, TextField } from "../view/fields";
import { withNotice } from "../view/notices";
import { OnceField, onceHeaders, readToken } from "../view/once";
import { ActionForm } from "../view/parts";
import { renderPage } from "../view/render";
import { MERCHANTS, MERCHANTS_API, type MerchantBody, merchantPath } from "./parts";

type Entry = { name: string; currency: string };
type Again = { refused: RefusedForm; token: string | undefined };

export function newMerchantPage(c: AppContext, visit: Visit): Response {
  return showForm(c, visit, { name: "", currency: "USD" });
}

export async function createMerchant(c: AppContext, visit: Visit, form: Form): Promise<Response> {
  const entry = { name: form.get("name"), currency: form.get("default_currency").toUpperCase() };
  const reply = await visit.api.call<MerchantBody>("POST", MERCHANTS_API, {
    body: { name: entry.name, default_currency: entry.currency },
    headers: onceHeaders(form),
  });
  if (reply.ok) return redirect(c, withNotice(merchantPath(reply.body.id), "merchant_created"));
  if (reply.status >= 500) throw new PageProblem(reply.problem);
  // After a create that was made, a corrected form is another create, and gets a token of its own.
  const token = reply.problem.code === "idempotency_key_reused" ? undefined : readToken(form);
  return showForm(c, visit, entry, { refused: toRefusedForm(reply.problem), token });
}

function showForm(c: AppContext, { session }: Visit, entry: Entry, again?: Again): Response {
  const faults = again?.refused.fields ?? {};
  return renderPage(
    c,
    session,
    { title: "Create a merchant", status: again?.refused.status ?? 200 },
    <>
      <h1>Create a merchant</h1>
      <section class="card" aria-label="New merchant">
        <ActionForm session={session} action={MERCHANTS} class="stack">
          <OnceField token={again?.token} />
          <FormFault refused={again?.refused} />
          <TextField name="name" label="Name" required value={entry.name} fault={faults.name} />
          <TextField
            name="default_currency"
            label="Default currency"
            value={entry.currency}
            hint="ISO 4217 code. Payments that name no currency have this one. It cannot be changed."
            fault={faults.default_currency}
          />
          <div class="actions">
            <button type="submit" class="primary">
              Create the merchant
            </button>
            <a class="button" href={MERCHANTS}>
              Cancel
            </a>
          </div>
        </ActionForm>
      </section>
    </>,
  );
}
