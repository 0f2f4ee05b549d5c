/** The one spelling of a domain. What people and programs write for the same domain differs: U-labels and
 *  A-labels, composed and decomposed letters, full-width forms, other full stops, upper case.
 *
 *  IDNA is done by the runtime's URL parser, which has to do UTS #46 for hosts (URL standard, 3.3: not
 *  transitional, so that faß.example is not fass.example) and is kept up to date with it. */
import ipaddr from "ipaddr.js";

/** Full stops that IDNA takes for one (RFC 3490, 3.1). */
const FULL_STOPS = /[\u3002\uff0e\uff61]/g;
/** What would be read as another part of a URL. */
const NO_HOST = /[\s/?#@:\\%[\]]/;
/** Labels with dots between them; how names are made is left to those who give them out. */
const LABELS = /^[^\s@.]+(?:\.[^\s@.]+)+$/;
/** In its final spelling already, as nearly all are: worth asking first. No A-label, and no number at the end. */
const PLAIN = /^(?!(?:.*\.)?xn--)(?:[a-z0-9_-]+\.)+[a-z][a-z0-9-]*$/;

/** The domain in ASCII, in lower case and without a dot at the end; undefined when it is none.
 *  What IDNA has no word for, such as `[203.0.113.7]`, is folded as text. */
export function canonicalDomain(text: string): string | undefined {
  if (PLAIN.test(text)) return text;
  const folded = foldText(text).replace(/\.$/, "");
  const name = asciiName(text) ?? asciiName(folded) ?? folded;
  return LABELS.exec(name)?.[0];
}

/** Text with one spelling for letters that only differ in case, width or composition, and one full stop. */
export function foldText(text: string): string {
  return text.normalize("NFKC").toLowerCase().normalize("NFKC").replace(FULL_STOPS, ".");
}

function asciiName(text: string): string | undefined {
  const host = NO_HOST.test(text) ? undefined : URL.parse(`https://${text}/`)?.hostname;
  // "1.2" would come out as the address 1.0.0.2.
  return host === undefined || ipaddr.IPv4.isValid(host) ? undefined : host.replace(/\.$/, "");
}
