/** Servers that start at the same time: several copies of the project, or tests beside each other. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { ensureDevVars } from "../../scripts/local/local-deployment";
import { startWrangler } from "../../scripts/local/wrangler";
import type { Child } from "../../scripts/processes/child-process";
import { freePort } from "../../scripts/processes/free-port";
import { eventually } from "../support/eventually";

const TOGETHER = 3;

const state = mkdtempSync(join(tmpdir(), "together-"));
const servers: Child[] = [];

afterAll(async () => {
  await Promise.all(servers.map((server) => server.kill()));
  rmSync(state, { recursive: true, force: true, maxRetries: 3 });
});

it("Servers that start at the same time do not take each other's ports", async () => {
  ensureDevVars();
  const ports = await Promise.all(Array.from({ length: TOGETHER }, () => freePort()));
  servers.push(
    ...ports.map((port) => {
      const at = ["--ip", "127.0.0.1", "--port", String(port)];
      return startWrangler(["dev", ...at, "--persist-to", join(state, String(port))], "pipe");
    }),
  );
  const states = servers.map(async ({ closed, said }, at) => {
    const isUp = async () => (await fetch(`http://127.0.0.1:${ports[at]}/health`)).ok;
    const up = eventually(async () => expect(await isUp()).toBe(true)).then(() => "up");
    return Promise.race([up, closed.then(said)]);
  });
  expect(await Promise.all(states)).toEqual(ports.map(() => "up"));
});
