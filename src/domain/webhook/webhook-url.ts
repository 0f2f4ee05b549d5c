/** Which webhook URLs are accepted, and the form in which they are stored. Hosts that could be inside a private network
 *  are refused by name. A Worker cannot see the address that a name resolves to; docs/webhooks.md has what that means. */
import ipaddr from "ipaddr.js";
import { countCodePoints } from "../text/code-points";
import { isPublicName } from "./public-host-name";

/** As long as browsers and proxies agree to carry. */
const MAX_URL_CHARACTERS = 2048;
/** Ports of mail, file and shell services answer to HTTP requests in unwelcome ways. Below 1024 only the web's own. */
const LOWEST_FREE_PORT = 1024;
const DEFAULT_PORT = "";
/** A URL written out in full: the parser would also take " https:host". */
const WRITTEN_OUT = /^https?:\/\/(?<authority>[^\s\p{Cc}/?#\\]*)[^\s\p{Cc}]*$/iu;

/** `href` is the URL in the parser's one spelling, ASCII throughout; undefined when no release could ever have
 *  kept it. `fault` says to its sender why it is refused; undefined when it may be called. */
export type ParsedWebhookUrl = { href?: string; fault?: string };

/** Reads a webhook URL as its sender writes it.
 *  @param allowInsecure local development: plain HTTP, private hosts and any port are fine then. */
export function parseWebhookUrl(text: string, allowInsecure: boolean): ParsedWebhookUrl {
  if (countCodePoints(text) > MAX_URL_CHARACTERS)
    return { fault: `must have at most ${MAX_URL_CHARACTERS} characters` };
  const url = URL.parse(text);
  if (!url) return { fault: "must be an absolute URL" };
  if (!/^https?:$/.test(url.protocol)) return { fault: "must start with https://" };
  const authority = WRITTEN_OUT.exec(text)?.groups?.authority;
  if (authority === undefined) return { fault: "must be an absolute URL" };
  if (url.username !== "" || url.password !== "") return { fault: NO_CREDENTIALS };
  const { href } = url;
  const fault =
    spellingFault(text, authority, url, allowInsecure) ?? targetFault(url, allowInsecure);
  return fault === undefined ? { href } : { href, fault };
}

/** Whether a URL that was kept may be called by the rules of today, whatever its spelling: what an earlier
 *  release has kept is still called. */
export function isCallable(kept: string, allowInsecure: boolean): boolean {
  const url = URL.parse(kept);
  return url !== null && targetFault(url, allowInsecure) === undefined;
}

const NO_CREDENTIALS = "must not contain a user name or password";

/** What is wrong with the way a URL is written, though the parser takes it: other readers may not read the same. */
function spellingFault(
  text: string,
  authority: string,
  { href, hostname }: URL,
  allowInsecure: boolean,
): string | undefined {
  if (authority.includes("@")) return NO_CREDENTIALS;
  if (authority === "") return "must be an absolute URL"; // The parser would also take "https:///host".
  if (text.includes("\\")) return "must not contain a backslash";
  if (href.length > MAX_URL_CHARACTERS) {
    return `must have at most ${MAX_URL_CHARACTERS} characters once it is percent-encoded`;
  }
  if (allowInsecure || !isPublicHost(hostname)) return undefined;
  const isOddIPv4 = ipaddr.IPv4.isValid(hostname) && authority.replace(/:\d*$/, "") !== hostname;
  if (isOddIPv4) return "must write an IPv4 address as four decimal numbers";
  return hostname.endsWith(".") ? "must not have a dot at the end of its host" : undefined;
}

/** Why nothing is called at this place. */
function targetFault(
  { protocol, port, hostname }: URL,
  allowInsecure: boolean,
): string | undefined {
  if (protocol !== "https:" && !(allowInsecure && protocol === "http:")) {
    return "must start with https://";
  }
  if (allowInsecure) return undefined;
  if (port !== DEFAULT_PORT && Number(port) < LOWEST_FREE_PORT) {
    return `must use port 443 or one from ${LOWEST_FREE_PORT}`;
  }
  return isPublicHost(hostname) ? undefined : "must name a public host";
}

/** The URL parser has turned decimal, octal and hex spellings of an IPv4 address into dotted form before this. */
function isPublicHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, "");
  return ipaddr.isValid(host) ? isPublicAddress(ipaddr.parse(host)) : isPublicName(host);
}

/** Of IPv6 only 2000::/3 is given out to anyone (IANA's registry of the address space), and an address that
 *  has an IPv4 one inside (mapped, NAT64, 6to4, Teredo) is for routers. */
function isPublicAddress(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  const isGivenOut =
    address instanceof ipaddr.IPv4 || address.match(ipaddr.IPv6.parseCIDR("2000::/3"));
  return isGivenOut && address.range() === "unicast";
}

/** Whether two URLs lead to the same place in the same words, however they are spelled. */
export function isSameUrl(one: string, other: string): boolean {
  return one === other || URL.parse(one)?.href === (URL.parse(other)?.href ?? other);
}
