/** The form of an endpoint's URL, events and description, for a new one and for a change. */
import type { Child } from "hono/jsx";
import { WEBHOOK_TYPES } from "../../domain/webhook/webhook";
import type { Session } from "../access/session";
import type { Form } from "../http/form";
import type { RefusedForm } from "../http/refused-form";
import { CheckboxGroup, FormFault, TextField } from "../view/fields";
import { ActionForm } from "../view/parts";
import type { EndpointBody } from "./parts";

/** What is entered. */
export type EntryOfEndpoint = { url: string; events: string[]; description: string };

const ALL = "*";
const OPTIONS = [
  { value: ALL, label: "All events, also of later releases" },
  ...WEBHOOK_TYPES.map((value) => ({ value, label: value })),
];

export function toEntry({ url, events, description }: EndpointBody): EntryOfEndpoint {
  return { url, events, description: description ?? "" };
}

export function readEntry(form: Form): EntryOfEndpoint {
  return {
    url: form.get("url"),
    events: form.getAll("events"),
    description: form.get("description"),
  };
}

/** The members of the API's request. All events include each of them. */
export function toRequest({ url, events, description }: EntryOfEndpoint) {
  return {
    url,
    events: events.includes(ALL) ? [ALL] : events,
    description: description === "" ? null : description,
  };
}

type Props = {
  session: Session;
  action: string;
  entry: EntryOfEndpoint;
  refused?: RefusedForm | undefined;
  /** The field that makes a create happen once. */
  once?: Child;
  submit: string;
  isPrimary?: boolean;
};

export function EndpointForm(props: Props) {
  const { session, action, entry, refused, once, submit, isPrimary = false } = props;
  const faults = refused?.fields ?? {};
  return (
    <ActionForm session={session} action={action} class="stack">
      {once}
      <FormFault refused={refused} />
      <TextField
        name="url"
        label="URL"
        type="url"
        required
        value={entry.url}
        hint="Begins with https:// and is reachable from the internet."
        fault={faults.url}
      />
      <CheckboxGroup
        name="events"
        label="Events"
        options={OPTIONS}
        checked={entry.events}
        fault={faults.events}
      />
      <TextField
        name="description"
        label="Description"
        value={entry.description}
        fault={faults.description}
      />
      <button type="submit" class={isPrimary ? "primary" : ""}>
        {submit}
      </button>
    </ActionForm>
  );
}
