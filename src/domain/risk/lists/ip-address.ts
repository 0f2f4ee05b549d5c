/** The one spelling of an IP address. What proxies, logs and frameworks hand on as "the address" may carry a
 *  port, brackets, a zone, leading zeros, or the prefix length of a single address. */
import ipaddr from "ipaddr.js";
import { foldText } from "./domain-name";

/** `[2001:db8::1]` and `[2001:db8::1]:443`; `203.0.113.7:443`. */
const BRACKETED = /^\[([^[\]]+)\](?::\d{1,5})?$/;
const WITH_PORT = /^([\d.]+):\d{1,5}$/;
/** An IPv4 address, also at the end of an IPv6 one. Zeros in front are read as decimal, as people pad them. */
const DOTTED = /\d{1,3}(?:\.\d{1,3}){3}$/;

/** The address in its shortest form (RFC 5952), one that came by IPv6 as IPv4; undefined when it is none.
 *  A range is none, unless it is of one address. */
export function canonicalAddress(text: string): string | undefined {
  const folded = foldText(text.trim());
  const host = BRACKETED.exec(folded)?.[1] ?? WITH_PORT.exec(folded)?.[1] ?? folded;
  const [bare = "", prefix] = host.split("/", 2);
  const address = bare
    .replace(/%.+$/, "") // A zone is of the machine that saw the address (RFC 4007).
    .replace(DOTTED, (octets) => octets.split(".").map(Number).join("."));
  const isIPv4 = ipaddr.IPv4.isValidFourPartDecimal(address);
  if (!isIPv4 && !ipaddr.IPv6.isValid(address)) return undefined;
  if (prefix !== undefined && prefix !== (isIPv4 ? "32" : "128")) return undefined;
  return ipaddr.process(address).toString();
}
