/** The filters of the list of payments: how they are entered, and what the API is sent for them. */

import type { AppContext } from "../../../api/context";
import { AMOUNT_FAULTS } from "../../../api/http/common-schemas";
import { findCurrency, notCurrencyText } from "../../../domain/money/currency";
import { parseAmount } from "../../../domain/money/money";
import type { ProblemBody } from "../../http/api-client";
import { PAYMENTS } from "../bodies";

/** The fields of the form, and the parameter of the API that each becomes. */
const PARAMETERS = {
  user_id: "user_id",
  status: "status",
  currency: "currency",
  amount_from: "amount_minor[gte]",
  amount_to: "amount_minor[lte]",
  created_from: "created_at[gte]",
  created_before: "created_at[lt]",
  order: "order",
} as const;

export type FilterField = keyof typeof PARAMETERS;
/** What was entered; empty where nothing was. */
export type Filters = Record<FilterField, string>;
/** What is wrong with a field, in words that follow its name. */
export type FilterFaults = Partial<Record<FilterField, string>>;

const FIELDS = Object.keys(PARAMETERS) as FilterField[];

/** What the form calls each field. Times are entered without a zone. */
export const LABELS: Record<FilterField, string> = {
  user_id: "Customer",
  status: "Status",
  currency: "Currency",
  amount_from: "Amount from",
  amount_to: "Amount to",
  created_from: "From (UTC)",
  created_before: "Before (UTC)",
  order: "Order",
};

/** The filters in the page's address. */
export function readFilters(c: AppContext): Filters {
  const entries = FIELDS.map((field) => [field, (c.req.query(field) ?? "").trim()]);
  const filters = Object.fromEntries(entries) as Filters;
  return { ...filters, currency: filters.currency.toUpperCase() };
}

/** Whether the list has not all payments. */
export function isFiltered({ order: _, ...filters }: Filters): boolean {
  return Object.values(filters).some((value) => value !== "");
}

/** The address of the list with these filters. @param more other parameters */
export function listAddress(filters: Partial<Filters>, more: Record<string, string> = {}): string {
  const query = Object.entries({ ...filters, ...more })
    .filter(([, value]) => value !== "")
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return query.length === 0 ? PAYMENTS : `${PAYMENTS}?${query.join("&")}`;
}

/** The query of the API. Amounts are entered in major units of the currency, and become minor units exactly. */
export function toApiQuery(filters: Filters): {
  query: Record<string, string>;
  faults: FilterFaults;
} {
  const faults: FilterFaults = {};
  const query: Record<string, string> = {};
  for (const field of FIELDS) {
    const entered = filters[field];
    if (entered === "") continue;
    const value = isAmount(field)
      ? toMinorUnits(entered, field, filters.currency, faults)
      : isTime(field)
        ? toTime(entered)
        : entered;
    if (value !== undefined) query[PARAMETERS[field]] = value;
  }
  return { query, faults };
}

const isAmount = (field: FilterField): boolean => field.startsWith("amount_");
const isTime = (field: FilterField): boolean => field.startsWith("created_");

function toMinorUnits(
  entered: string,
  field: FilterField,
  currency: string,
  faults: FilterFaults,
): string | undefined {
  const known = findCurrency(currency);
  if (!known) {
    faults.currency = currency === "" ? "is needed to read the amounts" : notCurrencyText(currency);
    return undefined;
  }
  const parsed = parseAmount(entered, known.decimals);
  if (parsed.ok) return String(parsed.amount_minor);
  faults[field] = AMOUNT_FAULTS[parsed.fault](currency, known.decimals);
  return undefined;
}

/** What `datetime-local` enters has no zone, and no seconds when they are zero. The form says that it is UTC. */
function toTime(entered: string): string {
  const hasNoSeconds = /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(entered);
  return `${entered}${hasNoSeconds ? ":00" : ""}Z`;
}

/** The faults that the API has found, beside the fields that they are about. */
export function toFaults({ errors = [] }: ProblemBody): FilterFaults {
  const faults: FilterFaults = {};
  for (const { parameter, message } of errors) {
    const field = FIELDS.find((name) => PARAMETERS[name] === parameter);
    if (field) faults[field] = inWordsOfTheForm(message);
  }
  return faults;
}

function inWordsOfTheForm(message: string): string {
  return FIELDS.filter((field) => PARAMETERS[field].includes("[")).reduce(
    (text, field) => text.replaceAll(PARAMETERS[field], `“${LABELS[field]}”`),
    message,
  );
}
