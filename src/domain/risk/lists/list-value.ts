/** The one spelling in which a value stands on a list, is compared by a rule, and is counted. A payment's own
 *  value is brought into the same form before it is looked up, so that `Ann@Example.com` does not slip past
 *  `ann@example.com`. */
import { isCardNumber } from "../../text/card-number";
import { LIST_FIELDS, type ListField } from "../rule-set";
import { canonicalDomain, foldText } from "./domain-name";
import { canonicalAddress } from "./ip-address";

/** The value in the form of lists, or undefined when it is not valid for this field. Idempotent. */
export function toListValue(field: ListField, text: string): string | undefined {
  const value = SPELLINGS[field](text);
  return value === undefined || value === "" || isCardNumber(value) ? undefined : value;
}

/** A metadata field's value as rules and counts compare it: in the form of the lists where the field has one,
 *  else to the letter. */
export function comparableValue(field: string, text: string): string {
  const known = LIST_FIELDS.find((name) => name === field);
  if (known === undefined) return text;
  const last = compared.get(known);
  if (last?.text === text) return last.value;
  const value = toListValue(known, text) ?? text;
  compared.set(known, { text, value });
  return value;
}

/** The last value of each field: all conditions of a rule set read the same payment. */
const compared = new Map<ListField, { text: string; value: string }>();

/** What follows the last @ of an e-mail address; undefined when there is none. */
export function domainOfEmail(email: string): string | undefined {
  const at = lastAt(email);
  return at < 0 ? undefined : email.slice(at + 1).trim();
}

const SPELLINGS: Record<ListField, (text: string) => string | undefined> = {
  // Names that others have made: every character counts.
  customer: (text) => text,
  card_fingerprint: (text) => text,
  ip: canonicalAddress,
  email: toEmail,
  email_domain: (text) => canonicalDomain(text.trim().replace(AT_FIRST, "")),
  country: (text) => /^[A-Za-z]{2}$/.exec(text.trim())?.[0].toUpperCase(),
};

/** The at sign and its full-width and small forms, which are one when they are folded. */
const AT = /[@\uff20\ufe6b]/g;
const AT_FIRST = /^[@\uff20\ufe6b]/;

function lastAt(email: string): number {
  return email.replace(AT, "@").lastIndexOf("@");
}

/** Who reads the mail is for the domain to say, but none makes a difference of case or width in earnest. */
function toEmail(text: string): string | undefined {
  const email = text.trim();
  const name = foldText(email.slice(0, Math.max(0, lastAt(email))));
  const domain = canonicalDomain(domainOfEmail(email) ?? "");
  return name !== "" && domain && !/\s/.test(name) ? `${name}@${domain}` : undefined;
}
