/** Whether a host name can exist in the public DNS. */

/** Top-level names that no registry assigns: they resolve to nothing, or to hosts of a private network. */
const RESERVED = [
  ...["test", "localhost", "invalid", "example"], // RFC 6761
  "local", // RFC 6762
  ...["intranet", "internal", "private", "corp", "home", "lan"], // RFC 6762, appendix G; ICANN for `internal`
  "onion", // RFC 7686
  "alt", // RFC 9476
  "arpa", // RFC 3172: for addresses and numbers; home.arpa (RFC 8375) is for home networks
  "mail", // ICANN: never assigned, like corp and home, because too many private networks use it
  ...["localdomain", "svc", "consul"], // names of hosts inside Linux, Kubernetes and Consul
];
/** RFC 1035, 2.3.4, as text without the dot at the end. */
const MAX_NAME_CHARACTERS = 253;
/** Up to 63 letters, digits, hyphens, and underscores, which hosts have in spite of RFC 952. */
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** Whether a name is of two labels or more and not under a reserved one.
 *  @param name in lower case and ASCII, as the URL parser gives it; one dot at the end counts for nothing. */
export function isPublicName(name: string): boolean {
  const host = name.replace(/\.$/, "");
  const labels = host.split(".");
  const isName = labels.length > 1 && labels.every((label) => LABEL.test(label));
  return isName && host.length <= MAX_NAME_CHARACTERS && !RESERVED.includes(labels.at(-1) ?? "");
}
