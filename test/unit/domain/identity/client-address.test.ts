/** The network of a client's address. */
import { describe, expect, it } from "vitest";
import { clientNetwork } from "../../../../src/domain/identity/client-address";

describe("a client's network", () => {
  it.each([
    ["203.0.113.9", "203.0.113.9"],
    ["::ffff:203.0.113.9", "203.0.113.9"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"],
    ["2001:db8:1:3::1", "2001:db8:1:3::/64"],
    ["not an address", "unknown"],
    ["", "unknown"],
    [undefined, "unknown"],
  ])("The network of the client address %s is %s", (address, network) => {
    expect(clientNetwork(address)).toBe(network);
  });
});
