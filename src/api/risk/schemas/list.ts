/** Schemas of allow and block lists. */
import { z } from "@hono/zod-openapi";
import { MAX_VALUE_CHARACTERS } from "../../../domain/risk/limits";
import { toListValue } from "../../../domain/risk/lists/list-value";
import type { ListField } from "../../../domain/risk/rule-set";
import { containsCardNumber, isCardNumber } from "../../../domain/text/card-number";
import { countCodePoints } from "../../../domain/text/code-points";
import { collectIssues } from "../../http/collect-issues";
import {
  CARD,
  CARD_MESSAGE,
  Cursor,
  cursor,
  freeText,
  HasMore,
  limit,
  Time,
  text,
  time,
} from "../../http/common-schemas";
import { listField, listName, object } from "./fields";

const MAX_NOTE_CHARACTERS = 500;
/** The same limit as a payment's `user_id`. */
const MAX_CUSTOMER_CHARACTERS = 128;

export const EXAMPLE_ENTRY_ID = "rle_mfzwizlhn5xgs3dpnrsw45dfoi";
const fields = {
  list: listName,
  field: listField,
  value: text(1, MAX_VALUE_CHARACTERS).openapi({ example: "203.0.113.7" }),
  note: freeText(0, MAX_NOTE_CHARACTERS).nullish().openapi({ example: "stolen cards" }),
  expires_at: time.nullish().openapi({
    type: ["string", "null"],
    description: "Time at which the entry expires. It must be in the future. Null: never.",
    example: "2030-01-01T00:00:00Z",
  }),
};
export const ListEntryBody = object(fields).openapi("CreateRiskListEntry", {
  example: { list: "block", field: "ip", value: "203.0.113.7", note: "stolen cards" },
});

/** Fault message of a value that cannot be normalized, by field. */
const FORMS: Record<ListField, string> = {
  customer: "must be a customer id",
  card_fingerprint: "must be a card fingerprint",
  ip: "must be an IPv4 or IPv6 address",
  email: "must be an email address",
  email_domain: "must be a domain, such as shop.example",
  country: "must be a two-letter country code, such as NL",
};

/** The fault of a value for a field, if any. */
function findValueFault(
  field: ListField,
  value: string,
): { message: string; params?: object } | undefined {
  const isCard = field === "customer" ? isCardNumber(value) : containsCardNumber(value);
  if (isCard) return { message: CARD_MESSAGE, params: CARD };
  if (toListValue(field, value) === undefined) return { message: FORMS[field] };
  if (field === "customer" && countCodePoints(value) > MAX_CUSTOMER_CHARACTERS) {
    return { message: `must have at most ${MAX_CUSTOMER_CHARACTERS} characters` };
  }
  return undefined;
}

/** Parses the body; its value is normalized to the form that lists store. */
export const newListEntry = collectIssues(
  ListEntryBody,
  ({ field, value }, { fault }) => {
    const known = listField.safeParse(field);
    if (!known.success || typeof value !== "string" || value === "") return;
    const wrong = findValueFault(known.data, value);
    if (wrong) fault(["value"], wrong.message, wrong.params);
  },
  (body) => {
    const { field, value, note = null, expires_at } = body;
    const form = toListValue(field, value);
    if (form === undefined) throw new TypeError("the value was not checked");
    return { ...body, value: form, note, expires_at: expires_at?.ceil_ms ?? null };
  },
);

export const ListEntry = z
  .object({
    id: z.string().openapi({ example: EXAMPLE_ENTRY_ID }),
    list: listName,
    field: listField,
    value: z.string().openapi({ example: "203.0.113.7" }),
    note: z.string().nullable().openapi({ example: "stolen cards" }),
    created_at: Time,
    expires_at: Time.nullable(),
  })
  .openapi("RiskListEntry");
export const ListEntryList = z
  .object({ data: z.array(ListEntry), has_more: HasMore, next_cursor: Cursor })
  .openapi("RiskListEntryPage");
export const ListEntriesQuery = z.strictObject({
  list: listName.optional().openapi({ description: "Only entries of this list." }),
  field: listField.optional().openapi({ description: "Only entries with this field." }),
  limit,
  cursor,
});
