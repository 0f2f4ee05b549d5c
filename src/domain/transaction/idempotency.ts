/** What a create request is, and when two of them are the same request.
 *
 *  The whole canonical request is its own fingerprint: the transaction keeps every field of it, so a
 *  repetition is compared field by field instead of hash by hash, and a difference has a name. */

import { isCardNumber } from "../text/card-number";
import { isSameUrl } from "../webhook/webhook-url";
import type { CaptureMethod } from "./capture";
import { DETAIL_FIELDS, NO_DETAILS, type PaymentDetails } from "./payment-details";

/** A validated create request in canonical form: `{"amount":100.5}` and `{"amount":"100.50"}` are equal here. */
export type CreateRequest = {
  user_id: string;
  amount_minor: number;
  currency: string;
  description: string | null;
  metadata: Record<string, string>;
  webhook_url: string | null;
  /** Transactions of before there were captures have none, and neither have the requests of Workers of that time, which
   *  run during a deployment: then it is `automatic`. */
  capture_method?: CaptureMethod;
  /** What the processor needs besides. Transactions of before there was a processor that needs something have none. */
  details?: PaymentDetails;
};

/** Names as the client sent them. An amount in minor units differs when the amount does. */
const FIELDS: Record<Exclude<keyof CreateRequest, "details">, string> = {
  user_id: "user_id",
  amount_minor: "amount",
  currency: "currency",
  description: "description",
  metadata: "metadata",
  webhook_url: "webhook_url",
  capture_method: "capture_method",
};

/** Those that an erasure leaves, and that a repeated request is compared by afterwards. */
const KEPT_FIELDS: readonly (keyof typeof FIELDS)[] = [
  "amount_minor",
  "currency",
  "capture_method",
];

/** The fields in which a repeated request differs from the first one; empty when it is the same request. Fields that were
 *  erased are not compared. */
export function differingFields(
  first: CreateRequest & { erased_at?: string },
  repeated: CreateRequest,
): string[] {
  const { details = NO_DETAILS, erased_at } = first;
  const { details: repeatedDetails = NO_DETAILS } = repeated;
  const isErased = erased_at !== undefined;
  const fields = isErased ? KEPT_FIELDS : (Object.keys(FIELDS) as (keyof typeof FIELDS)[]);
  return [
    ...fields.filter((field) => !isSame(field, first, repeated)).map((field) => FIELDS[field]),
    ...(isErased ? [] : DETAIL_FIELDS.filter((field) => details[field] !== repeatedDetails[field])),
  ];
}

/** Earlier releases kept a URL as it was sent; today it is kept as it is parsed. */
function isSame(
  field: keyof typeof FIELDS,
  first: CreateRequest,
  repeated: CreateRequest,
): boolean {
  if (field === "webhook_url" && first.webhook_url !== null && repeated.webhook_url !== null) {
    return isSameUrl(first.webhook_url, repeated.webhook_url);
  }
  if (field === "capture_method") return captureMethod(first) === captureMethod(repeated);
  if (field === "metadata") return isSameMap(first.metadata, repeated.metadata);
  return first[field] === repeated[field];
}

/** How a payment is captured. */
export function captureMethod({ capture_method }: Pick<CreateRequest, "capture_method">) {
  return capture_method ?? "automatic";
}

/** Whether two maps have the same pairs, in any order. */
export function isSameMap(one: Record<string, string>, other: Record<string, string>): boolean {
  return canonical(one) === canonical(other);
}

function canonical(map: Record<string, string>): string {
  return JSON.stringify(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** 1 to 255 visible ASCII characters: what fits a header, a log line and an index everywhere. The two that a
 *  path cannot end in are none: they could not be looked up. */
const KEY = /^(?!\.{1,2}$)[\x21-\x7e]{1,255}$/;

/** What is wrong with a text that is no key. */
export const NOT_A_KEY =
  "must have 1 to 255 visible ASCII characters and must not be `.`, `..` or a card number";
const NOT_A_STRING =
  'starts with a quote but is not an RFC 9651 string: send "key", with \\" for a quote inside it';

/** Reads an idempotency key from a header field. What starts with a quote is an item of RFC 9651: a string, whose
 *  parameters a reader has to ignore (section 3.1.2). Everything else is taken as it is. Both spellings are one
 *  key. @returns the key, or what is wrong with the field */
export function parseIdempotencyKey(
  field: string,
): { ok: true; key: string } | { ok: false; message: string } {
  const key = field.startsWith('"') ? unquoted(field) : field;
  if (key === undefined) return { ok: false, message: NOT_A_STRING };
  return isIdempotencyKey(key) ? { ok: true, key } : { ok: false, message: NOT_A_KEY };
}

/** RFC 9651, section 4.2.5: visible ASCII and spaces, with a backslash before a quote or a backslash. */
const STRING = String.raw`"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"`;
/** Section 4.2.3.1: a number, string, token, byte sequence, boolean, date or display string. Each begins with
 *  characters of its own, so that there is one way to read a field, however long it is. */
const BARE_ITEM = [
  String.raw`-?(?:[0-9]{1,12}\.[0-9]{1,3}|[0-9]{1,15})`,
  STRING,
  String.raw`[A-Za-z*][!#$%&'*+\-.^_\x60|~0-9A-Za-z:/]*`,
  ":[A-Za-z0-9+/=]*:",
  String.raw`\?[01]`,
  "@-?[0-9]{1,15}",
  String.raw`%"(?:[\x20\x21\x23\x24\x26-\x7e]|%[0-9a-f]{2})*"`,
].join("|");
const PARAMETER = `; *[a-z*][a-z0-9_.*-]*(?:=(?:${BARE_ITEM}))?`;
const STRING_ITEM = new RegExp(`^(${STRING})(?:${PARAMETER})*$`);

/** The string of an item of RFC 9651 (`"key";parameter=1`); undefined when it is none. */
function unquoted(field: string): string | undefined {
  return STRING_ITEM.exec(field)?.[1]
    ?.slice(1, -1)
    .replace(/\\(["\\])/g, "$1");
}

/** Whether a text, taken as it is, can be a key. */
export function isIdempotencyKey(text: string): boolean {
  return KEY.test(text) && !isCardNumber(text);
}
