/** The one spelling in which a value stands on a list. A payment's own value is brought into the same
 *  form before it is looked up, so that `Ann@Example.com` does not slip past `ann@example.com`. */
import ipaddr from "ipaddr.js";
import { isCardNumber } from "../card-number";
import type { ListField } from "./rule-set";

/** The value as lists hold it, or undefined when it cannot stand for this field. */
export function listValueOf(field: ListField, text: string): string | undefined {
  const value = SPELLINGS[field](text);
  return value === undefined || value === "" || isCardNumber(value) ? undefined : value;
}

const SPELLINGS: Record<ListField, (text: string) => string | undefined> = {
  // Names that others have made: every character counts.
  customer: (text) => text,
  card_fingerprint: (text) => text,
  ip: addressOf,
  email: emailOf,
  email_domain: (text) => domainOf(text.trim().replace(/^@/, "")),
  country: (text) => /^[A-Za-z]{2}$/.exec(text.trim())?.[0].toUpperCase(),
};

/** One spelling for each address: IPv6 in its shortest form, and IPv4 that came by IPv6 as IPv4. */
function addressOf(text: string): string | undefined {
  const address = text.trim();
  const isWhole = ipaddr.IPv4.isValidFourPartDecimal(address) || ipaddr.IPv6.isValid(address);
  return isWhole ? ipaddr.process(address).toString() : undefined;
}

/** An address's domain is whatever follows its last @. */
function emailOf(text: string): string | undefined {
  const email = text.trim().toLowerCase();
  const at = email.lastIndexOf("@");
  const domain = domainOf(email.slice(at + 1));
  return at > 0 && domain && !/\s/.test(email) ? `${email.slice(0, at)}@${domain}` : undefined;
}

/** Labels with dots between them; how names are made is left to those who give them out. A dot at the end
 *  names the root of all domains: mail goes to the same place, so it is not kept. */
function domainOf(text: string): string | undefined {
  return /^[^\s@.]+(\.[^\s@.]+)+(?=\.?$)/.exec(text.toLowerCase())?.[0];
}
