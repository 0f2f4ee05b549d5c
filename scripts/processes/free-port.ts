// Finds a port to listen at.
import { createServer } from "node:net";
import { errorCode } from "./errors.ts";

/** A port on this machine that nothing listens at, or `wanted` if that is one. */
export function freePort(wanted = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error) =>
      reject(new Error(`Port ${wanted} cannot be used: ${errorCode(error)}.`)),
    );
    probe.listen(wanted, "127.0.0.1", () => {
      const address = probe.address();
      const port = typeof address === "object" && address ? address.port : wanted;
      probe.close(() => resolve(port));
    });
  });
}
