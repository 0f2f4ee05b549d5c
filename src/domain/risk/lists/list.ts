/** A merchant's allow and block lists: how a payment's values are found on them. */

import type { Payment } from "../payment";
import { LIST_FIELDS, type ListField, type ListName, listedName, type Signals } from "../rule-set";
import { domainOfEmail, toListValue } from "./list-value";

/** `value` as `toListValue` writes it, or did when it was stored. An entry counts until, and no longer at, `expires_at_ms`. */
export type ListEntry = {
  list: ListName;
  field: ListField;
  value: string;
  expires_at_ms: number | null;
};

/** Entries by place: when each one ends. */
export type Lists = ReadonlyMap<string, number>;

export const NO_LISTS: Lists = new Map();

const formatKey = (list: ListName, field: ListField, value: string) => `${list} ${field} ${value}`;

/** Builds the lookup of entries. An earlier release may have stored an entry in another form, so two entries can become
 *  one; the later end counts. */
export function buildLists(entries: Iterable<ListEntry>): Lists {
  const lists = new Map<string, number>();
  for (const { list, field, value, expires_at_ms } of entries) {
    const place = formatKey(list, field, toListValue(field, value) ?? value);
    const endsAtMs = expires_at_ms ?? Number.POSITIVE_INFINITY;
    lists.set(place, Math.max(endsAtMs, lists.get(place) ?? 0));
  }
  return lists;
}

/** The list signals that are 1. A missing list signal is 0, so none is ever missing. */
export function listSignals(payment: Payment, lists: Lists, nowMs: number): Signals {
  const signals: Signals = {};
  if (lists.size === 0) return signals;
  for (const field of LIST_FIELDS) {
    const given = fieldValue(payment, field);
    const value = given === undefined ? undefined : toListValue(field, given);
    if (value === undefined) continue;
    for (const list of ["block", "allow"] as const) {
      const endsAtMs = lists.get(formatKey(list, field, value));
      if (endsAtMs !== undefined && endsAtMs > nowMs) signals[listedName(list, field)] = 1;
    }
  }
  return signals;
}

function fieldValue({ user_id, metadata }: Payment, field: ListField): string | undefined {
  if (field === "customer") return user_id;
  if (field !== "email_domain") return metadata[field];
  const { email, email_domain } = metadata;
  return (email === undefined ? undefined : domainOfEmail(email)) ?? email_domain;
}
