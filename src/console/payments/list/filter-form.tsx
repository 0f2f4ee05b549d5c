/** The form with the filters of the list, and the search for one payment. Both are sent with GET: an address can be kept. */
import type { Child } from "hono/jsx";
import { STATUSES } from "../../../domain/transaction/status";
import { PAYMENTS } from "../bodies";
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
        <button type="submit" class="primary">
          Find
        </button>
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

/** Closed while nothing is filtered, so that the list comes first. */
export function FilterForm({ filters, faults }: Props) {
  const { order: _, ...restricting } = filters;
  const count = Object.values(restricting).filter((value) => value !== "").length;
  const text = (field: FilterField, attributes: Record<string, string | number> = {}) => (
    <Field field={field} fault={faults[field]}>
      <input
        {...describe(field, faults)}
        value={filters[field]}
        autocomplete="off"
        {...attributes}
      />
    </Field>
  );
  return (
    <details class="filters card" open={isFiltered(filters) || Object.keys(faults).length > 0}>
      <summary>Filters{count === 0 ? "" : ` (${count})`}</summary>
      <form method="get" action={PAYMENTS}>
        <div class="fields">
          {text("user_id", { maxlength: 128, spellcheck: "false", autocapitalize: "none" })}
          <Field field="status" fault={faults.status}>
            <select {...describe("status", faults)}>
              <option value="">Any</option>
              {STATUSES.map((status) => (
                <option value={status} selected={filters.status === status}>
                  {status.replaceAll("_", " ")}
                </option>
              ))}
            </select>
          </Field>
          {text("created_from", { type: "datetime-local", step: 1 })}
          {text("created_before", { type: "datetime-local", step: 1 })}
          {text("currency", { maxlength: 3, placeholder: "USD", autocapitalize: "characters" })}
          {text("amount_from", { inputmode: "decimal", placeholder: "10.00" })}
          {text("amount_to", { inputmode: "decimal", placeholder: "99.99" })}
          <Field field="order" fault={faults.order}>
            <select {...describe("order", faults)}>
              <option value="">Newest first</option>
              <option value="asc" selected={filters.order === "asc"}>
                Oldest first
              </option>
            </select>
          </Field>
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

function Field({
  field,
  fault,
  children,
}: {
  field: FilterField;
  fault: string | undefined;
  children?: Child;
}) {
  return (
    <div class="field">
      <label for={field}>{LABELS[field]}</label>
      {children}
      {fault ? (
        <p id={`${field}-fault`} class="fault" role="alert">
          {LABELS[field]} {fault}.
        </p>
      ) : null}
    </div>
  );
}

function describe(field: FilterField, faults: FilterFaults) {
  const isFaulty = faults[field] !== undefined;
  return {
    id: field,
    name: field,
    "aria-invalid": isFaulty ? "true" : undefined,
    "aria-describedby": isFaulty ? `${field}-fault` : undefined,
  };
}
