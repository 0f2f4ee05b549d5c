/** Which URLs we are willing to call. Everything that could lead into somebody's private network is
 *  refused by name; what a Worker cannot see, the address that is dialled in the end, docs/architecture.md says. */
import ipaddr from "ipaddr.js";

/** As long as browsers and proxies agree to carry. */
const MAX_URL_CHARACTERS = 2048;
const PRIVATE_SUFFIXES = [
  "localhost",
  "local",
  "internal",
  "intranet",
  "lan",
  "home.arpa",
  "onion",
];
/** Ports of mail, file and shell services answer to HTTP requests in unwelcome ways. Below 1024 only the web's own. */
const LOWEST_FREE_PORT = 1024;
const DEFAULT_PORT = "";
/** A URL written out in full. The parser would also take " https:host", and what is stored is what was sent. */
const WRITTEN_OUT = /^https?:\/\/[^\s\p{Cc}]+$/iu;

/** Why a webhook URL is refused, in words for its sender; undefined when it may be called.
 *  @param allowInsecure local development: plain HTTP, private hosts and any port are fine then. */
export function webhookUrlFault(text: string, allowInsecure: boolean): string | undefined {
  if (text.length > MAX_URL_CHARACTERS) return `must have at most ${MAX_URL_CHARACTERS} characters`;
  if (!URL.canParse(text)) return "must be an absolute URL";
  const url = new URL(text);
  if (url.protocol !== "https:" && !(allowInsecure && url.protocol === "http:")) {
    return "must start with https://";
  }
  if (!WRITTEN_OUT.test(text)) return "must be an absolute URL";
  if (url.username !== "" || url.password !== "") return "must not carry a user name or password";
  if (allowInsecure) return undefined;
  if (url.port !== DEFAULT_PORT && Number(url.port) < LOWEST_FREE_PORT) {
    return `must use port 443 or one from ${LOWEST_FREE_PORT}`;
  }
  return isPublicHost(url.hostname) ? undefined : "must name a public host";
}

/** The URL parser has turned decimal, octal and hex spellings of an IPv4 address into dotted form before this. */
function isPublicHost(hostname: string): boolean {
  const host = hostname
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "")
    .toLowerCase();
  if (ipaddr.isValid(host)) return isPublicAddress(ipaddr.process(host));
  const labels = host.split(".");
  const isName = labels.length > 1 && !labels.includes("");
  return isName && !PRIVATE_SUFFIXES.some((name) => `.${host}`.endsWith(`.${name}`));
}

/** Of IPv6 only 2000::/3 is given out to anyone (IANA's registry of the address space). */
function isPublicAddress(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  const isGivenOut =
    address instanceof ipaddr.IPv4 || address.match(ipaddr.IPv6.parseCIDR("2000::/3"));
  return isGivenOut && address.range() === "unicast";
}
