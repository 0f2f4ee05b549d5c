/** The shapes of allow and block lists. */
import { z } from "@hono/zod-openapi";
import { containsCardNumber, isCardNumber } from "../domain/card-number";
import { countCodePoints } from "../domain/code-points";
import { MAX_VALUE_CHARACTERS } from "../domain/risk/limits";
import { listValueOf } from "../domain/risk/list-value";
import { LIST_FIELDS, LIST_NAMES, type ListField } from "../domain/risk/rule-set";
import { CARD, CARD_MESSAGE, Cursor, cursor, freeText, limit, Time, text, time } from "./fields";
import { choice, object } from "./risk-fields";

const MAX_NOTE_CHARACTERS = 500;
/** As long as a customer's name may be in a payment. */
const MAX_CUSTOMER_CHARACTERS = 128;

const list = choice(LIST_NAMES);
const field = choice(LIST_FIELDS).openapi({
  description:
    "`customer` is the payment's `user_id`; `email_domain` is that of its metadata's `email`; the others are the metadata's fields of these names.",
});
const fields = {
  list,
  field,
  value: text(1, MAX_VALUE_CHARACTERS).openapi({ example: "203.0.113.7" }),
  note: freeText(0, MAX_NOTE_CHARACTERS).nullish(),
  expires_at: time.nullish().openapi({
    type: ["string", "null"],
    description: "In the future. From then on it is as if it were not there.",
  }),
};
export const ListEntryBody = object(fields).openapi("CreateRiskListEntry");

/** What is wrong with a value that cannot be brought into its field's form. */
const FORMS: Record<ListField, string> = {
  customer: "must be a customer's id",
  card_fingerprint: "must be a fingerprint",
  ip: "must be an IPv4 or IPv6 address",
  email: "must be an e-mail address",
  email_domain: "must be a domain, such as shop.example",
  country: "must be a country's two letters, such as NL",
};

/** The body as checked: its value comes out in the form in which lists hold it. */
export const newListEntry = ListEntryBody.transform((body, context) => {
  const fault = (path: string, message: string, params?: object) =>
    context.addIssue({ code: "custom", path: [path], message, ...params });
  const { field, value } = body;
  const isCard = field === "customer" ? isCardNumber(value) : containsCardNumber(value);
  const form = listValueOf(field, value);
  if (isCard) fault("value", CARD_MESSAGE, CARD);
  else if (form === undefined) fault("value", FORMS[field]);
  else if (field === "customer" && countCodePoints(value) > MAX_CUSTOMER_CHARACTERS) {
    fault("value", `must have at most ${MAX_CUSTOMER_CHARACTERS} characters`);
  }
  const { expires_at } = body;
  return {
    ...body,
    value: form ?? "",
    note: body.note ?? null,
    expires_at: expires_at?.ceil_ms ?? null,
  };
});

export const ListEntry = z
  .object({
    id: z.string().openapi({ example: "rle_…" }),
    list,
    field,
    value: z.string(),
    note: z.string().nullable(),
    created_at: Time,
    expires_at: Time.nullable(),
  })
  .openapi("RiskListEntry");
export const ListEntryList = z
  .object({ data: z.array(ListEntry), has_more: z.boolean(), next_cursor: Cursor })
  .openapi("RiskListEntryList");
export const ListEntriesQuery = z.strictObject({
  list: list.optional(),
  field: field.optional(),
  limit,
  cursor,
});
