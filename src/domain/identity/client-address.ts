/** Groups client addresses by network. */
import ipaddr from "ipaddr.js";

/** Providers assign an IPv6 /64 to one customer, who can use all 2^64 addresses of it. */
const IPV6_NETWORK_BYTES = 8;

/** The name of an address as far as one client goes: an IPv4 address, or the network of an IPv6 address.
 *  What is no address, or none at all, has one name. */
export function clientNetwork(address: string | undefined): string {
  if (address === undefined || !ipaddr.isValid(address)) return "unknown";
  const parsed = ipaddr.process(address);
  if (parsed instanceof ipaddr.IPv4) return parsed.toString();
  const zeros = Array<number>(IPV6_NETWORK_BYTES).fill(0);
  const network = [...parsed.toByteArray().slice(0, IPV6_NETWORK_BYTES), ...zeros];
  return `${ipaddr.fromByteArray(network)}/64`;
}
