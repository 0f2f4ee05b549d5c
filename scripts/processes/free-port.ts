// Finds a port to listen at.
import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { errorCode } from "./errors.ts";

/**
 * Ports below those that Linux (32768 and up) and macOS (49152 and up) give to outgoing connections, one of which
 * would otherwise take the port before the server listens at it.
 */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_767;
const ATTEMPTS = 100;

/** Rejects with Node's error if nothing can listen at the port. */
function tryPort(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve()));
  });
}

/** A port on this machine that nothing listens at, or `wanted` if that is one. */
export async function freePort(wanted?: number): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const port = wanted ?? randomInt(FIRST_PORT, LAST_PORT + 1);
    try {
      await tryPort(port);
      return port;
    } catch (error) {
      const isLast = wanted !== undefined || attempt === ATTEMPTS;
      if (isLast) throw new Error(`Port ${port} cannot be used: ${errorCode(error)}.`);
    }
  }
}
