/** The form that rotates a signing secret. */
import type { Session } from "../access/session";
import type { RefusedForm } from "../http/refused-form";
import { FormFault, SelectField } from "../view/fields";
import { OnceField } from "../view/once";
import { ActionForm } from "../view/parts";
import { WEBHOOKS } from "./parts";

/** How long the old secret also signs, in seconds. The API accepts up to a week. */
const OVERLAPS = [
  { value: "0", label: "No overlap: the old secret has leaked" },
  { value: "3600", label: "1 hour" },
  { value: "86400", label: "1 day" },
  { value: "604800", label: "7 days" },
];
const USUAL_OVERLAP = "86400";

type Props = {
  session: Session;
  /** Of an endpoint, or `default`. */
  id: string;
  label: string;
  refused?: RefusedForm | undefined;
  value?: string;
};

export function RotateForm({ session, id, label, refused, value = USUAL_OVERLAP }: Props) {
  return (
    <ActionForm session={session} action={`${WEBHOOKS}/secrets/${id}/rotate`} class="stack">
      <OnceField />
      <FormFault refused={refused} />
      <SelectField
        name="expires_in_seconds"
        label="Both secrets sign for"
        options={OVERLAPS}
        value={value}
        fault={refused?.fields.expires_in_seconds}
      />
      <button type="submit">{label}</button>
    </ActionForm>
  );
}
