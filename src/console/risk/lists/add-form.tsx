/** The form that adds a value to a list. */
import type { Session } from "../../access/session";
import type { Form } from "../../http/form";
import type { RefusedForm } from "../../http/refused-form";
import { FormFault, SelectField, TextField } from "../../view/fields";
import { ActionForm } from "../../view/parts";
import { LISTS, toUtc } from "../parts";
import { FIELD_OPTIONS, LIST_OPTIONS } from "./entries";

/** The members of a new entry of the API, by the names of the form's fields: those of the filter are on the same page. */
const MEMBERS = {
  new_list: "list",
  new_field: "field",
  value: "value",
  note: "note",
  expires_at: "expires_at",
} as const;

export type EnteredEntry = Record<keyof typeof MEMBERS, string>;

export const NO_ENTRY: EnteredEntry = {
  new_list: "block",
  new_field: "customer",
  value: "",
  note: "",
  expires_at: "",
};

/** The form's fields by the API's members, to place its messages. */
export const FIELD_NAMES = Object.fromEntries(
  Object.entries(MEMBERS).map(([name, member]) => [member, name]),
);

export function readEntry(form: Form): EnteredEntry {
  const names = Object.keys(MEMBERS) as (keyof EnteredEntry)[]; // The table has these and no others.
  return Object.fromEntries(names.map((name) => [name, form.get(name)])) as EnteredEntry;
}

/** What is sent to the API. */
export function toEntryBody({ new_list, new_field, value, note, expires_at }: EnteredEntry) {
  return {
    list: new_list,
    field: new_field,
    value,
    note: note === "" ? null : note,
    expires_at: expires_at === "" ? null : toUtc(expires_at),
  };
}

type Props = { session: Session; entered: EnteredEntry; refused: RefusedForm | undefined };

export function AddForm({ session, entered, refused }: Props) {
  const faults = refused?.fields ?? {};
  return (
    <section class="card" aria-labelledby="add">
      <h2 id="add">Add a value</h2>
      <FormFault refused={refused} />
      <ActionForm session={session} action={LISTS} class="add-entry">
        <div class="fields">
          <SelectField
            name="new_list"
            label="On the"
            options={LIST_OPTIONS}
            value={entered.new_list}
            fault={faults.new_list}
          />
          <SelectField
            name="new_field"
            label="What it is"
            options={FIELD_OPTIONS}
            value={entered.new_field}
            fault={faults.new_field}
          />
          <TextField
            name="value"
            label="Value"
            required
            value={entered.value}
            fault={faults.value}
          />
          <TextField name="note" label="Note (optional)" value={entered.note} fault={faults.note} />
          <TextField
            name="expires_at"
            label="Expires (UTC, optional)"
            type="datetime-local"
            value={entered.expires_at}
            fault={faults.expires_at}
          />
        </div>
        <div class="actions">
          <button type="submit" class="primary">
            Add
          </button>
        </div>
      </ActionForm>
    </section>
  );
}
