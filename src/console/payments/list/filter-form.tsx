/** The form with the filters of the list, and the search for one payment. Both are sent with GET: an address can be kept. */
import { STATUSES } from "../../../domain/transaction/status";
import { SelectField, TextField } from "../../view/fields";
import { MAX_CUSTOMER_CHARACTERS, PAYMENTS } from "../bodies";
import {
  type FilterFaults,
  type FilterField,
  type Filters,
  isFiltered,
  LABELS,
} from "./list-filters";

/** The longest id, key or customer that can be searched for. */
const MAX_SEARCHED_CHARACTERS = 255;

/** Finds a payment by its id, by that of a refund, or by its idempotency key; or else a customer. */
export function SearchForm({
  entered = "",
  fault,
}: {
  entered?: string;
  fault?: string | undefined;
}) {
  return (
    <search>
      <form method="get" action={PAYMENTS} class="find">
        <label for="find">Find a payment or a customer</label>
        <input
          id="find"
          name="find"
          value={entered}
          maxlength={MAX_SEARCHED_CHARACTERS}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          placeholder="Id of a payment or refund, idempotency key, or customer"
          aria-invalid={fault ? "true" : undefined}
          aria-describedby={fault ? "find-fault" : undefined}
        />
        <button type="submit">Find</button>
        {fault ? (
          <p id="find-fault" class="fault" role="alert">
            {fault}
          </p>
        ) : null}
      </form>
    </search>
  );
}

type Props = { filters: Filters; faults: FilterFaults };

const ANY_STATUS = [
  { value: "", label: "Any" },
  ...STATUSES.map((value) => ({ value, label: value.replaceAll("_", " ") })),
];
const ORDERS = [
  { value: "", label: "Newest first" },
  { value: "asc", label: "Oldest first" },
];

/** Closed while nothing is filtered, so that the list comes first. */
export function FilterForm({ filters, faults }: Props) {
  const { order: _, ...restricting } = filters;
  const count = Object.values(restricting).filter((value) => value !== "").length;
  const field = (name: FilterField) => ({
    name,
    label: LABELS[name],
    value: filters[name],
    fault: faults[name] && `${LABELS[name]} ${faults[name]}.`,
  });
  return (
    <details class="filters card" open={isFiltered(filters) || Object.keys(faults).length > 0}>
      <summary>Filters{count === 0 ? "" : ` (${count})`}</summary>
      <form method="get" action={PAYMENTS}>
        <div class="fields">
          <TextField {...field("user_id")} maxlength={MAX_CUSTOMER_CHARACTERS} />
          <SelectField {...field("status")} options={ANY_STATUS} />
          <TextField {...field("created_from")} type={timeType(filters.created_from)} />
          <TextField {...field("created_before")} type={timeType(filters.created_before)} />
          <TextField {...field("currency")} maxlength={3} placeholder="USD" />
          <TextField {...field("amount_from")} inputmode="decimal" placeholder="10.00" />
          <TextField {...field("amount_to")} inputmode="decimal" placeholder="99.99" />
          <SelectField {...field("order")} options={ORDERS} />
        </div>
        <div class="actions">
          <button type="submit">Filter</button>
          {count === 0 ? null : (
            <a class="button quiet" href={PAYMENTS}>
              Clear the filters
            </a>
          )}
        </div>
      </form>
    </details>
  );
}

/** A field for times can show nothing else, so a faulty entry is shown as text. */
function timeType(value: string): "datetime-local" | "text" {
  const isTime = value === "" || /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(value);
  return isTime ? "datetime-local" : "text";
}
