/** What a create request is, and when two of them are the same request.
 *
 *  The whole canonical request is its own fingerprint: the transaction keeps every field of it, so a
 *  repetition is compared field by field instead of hash by hash, and a difference has a name. */
import { isSameUrl } from "./webhook-url";

/** A validated create request in canonical form: `{"amount":100.5}` and `{"amount":"100.50"}` are equal here. */
export type CreateRequest = {
  user_id: string;
  amount_minor: number;
  currency: string;
  description: string | null;
  metadata: Record<string, string>;
  webhook_url: string | null;
};

/** Names as the client sent them. An amount in minor units differs when the amount does. */
const FIELDS: Record<keyof CreateRequest, string> = {
  user_id: "user_id",
  amount_minor: "amount",
  currency: "currency",
  description: "description",
  metadata: "metadata",
  webhook_url: "webhook_url",
};

/** The fields in which a repeated request differs from the first one; empty when it is the same request. */
export function differingFields(first: CreateRequest, repeated: CreateRequest): string[] {
  return (Object.keys(FIELDS) as (keyof CreateRequest)[])
    .filter((field) => !isSame(field, first, repeated))
    .map((field) => FIELDS[field]);
}

/** Earlier releases kept a URL as it was sent; today it is kept as it is parsed. */
function isSame(
  field: keyof CreateRequest,
  first: CreateRequest,
  repeated: CreateRequest,
): boolean {
  if (field === "webhook_url" && first.webhook_url !== null && repeated.webhook_url !== null) {
    return isSameUrl(first.webhook_url, repeated.webhook_url);
  }
  return canonical(first[field]) === canonical(repeated[field]);
}

function canonical(value: CreateRequest[keyof CreateRequest]): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** 1 to 255 visible ASCII characters: what fits a header, a log line and an index everywhere. The two that a
 *  path cannot end in are none: nobody could look them up. */
const KEY = /^(?!\.{1,2}$)[\x21-\x7e]{1,255}$/;
const QUOTED = /^"((?:[^"\\]|\\["\\])*)"$/;

/** Reads an idempotency key, bare or as a quoted string (RFC 8941); both spellings are one key.
 *  @returns undefined when it is not a key. */
export function parseIdempotencyKey(header: string): string | undefined {
  if (!header.startsWith('"')) return isIdempotencyKey(header) ? header : undefined;
  const key = QUOTED.exec(header)?.[1]?.replace(/\\(["\\])/g, "$1");
  return key !== undefined && isIdempotencyKey(key) ? key : undefined;
}

/** Whether a text, taken as it is, can be a key. */
export function isIdempotencyKey(text: string): boolean {
  return KEY.test(text);
}
