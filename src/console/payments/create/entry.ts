/** What is entered to create a payment, and the request of the API that it becomes. */
import type { AppContext } from "../../../api/context";
import { Problem, problemDocument } from "../../../api/http/problem";
import { parsePart } from "../../../api/http/request-body";
import { selectCreateSchema } from "../../../api/transactions/create-schema";
import type { CreateRequest } from "../../../domain/transaction/idempotency";
import type { Form } from "../../http/form";
import { type RefusedForm, toRefusedForm } from "../../http/refused-form";
import { parsePairs } from "./pairs";

/** Each field as it was entered, by the API's name of the member. */
export type Entry = {
  user_id: string;
  amount: string;
  currency: string;
  capture_method: string;
  description: string;
  /** Lines of `name=value`. */
  metadata: string;
  payment_method: string;
  customer: string;
  /** `yes`, or empty for a payment that is only created. */
  process: string;
};

export function readEntry(form: Form): Entry {
  return {
    user_id: form.get("user_id"),
    amount: form.get("amount"),
    currency: form.get("currency").toUpperCase(),
    capture_method: form.get("capture_method"),
    description: form.get("description"),
    metadata: form.getText("metadata").trim(),
    payment_method: form.get("payment_method"),
    customer: form.get("customer"),
    process: form.get("process"),
  };
}

/** The body of the API's request, and what it means. */
type Checked =
  | { ok: true; body: object; request: CreateRequest }
  | { ok: false; refused: RefusedForm };

/** Parses the entry as the API does, so that its faults are shown before the confirmation.
 *  @param defaultCurrency of the merchant */
export function checkEntry(c: AppContext, entry: Entry, defaultCurrency: string): Checked {
  const pairs = parsePairs(entry.metadata);
  if (!pairs.ok) {
    const detail = "The metadata cannot be read.";
    return { ok: false, refused: { status: 400, detail, fields: { metadata: pairs.fault } } };
  }
  const body = toBody(entry, pairs.value);
  const schema = selectCreateSchema(c.get("config").allow_insecure_webhooks, defaultCurrency);
  try {
    return { ok: true, body, request: parsePart(schema, body, []).request };
  } catch (fault) {
    if (!(fault instanceof Problem)) throw fault;
    return { ok: false, refused: toRefusedForm(problemDocument(c, fault.code, fault.details)) };
  }
}

/** An optional field that is empty is not sent. */
function toBody(entry: Entry, metadata: Record<string, string>): object {
  const { user_id, amount, metadata: _, process, ...optional } = entry;
  const sent = Object.entries(optional).filter(([, value]) => value !== "");
  return { user_id, amount, ...Object.fromEntries(sent), metadata, process: process === "yes" };
}
