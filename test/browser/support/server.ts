/** Before all browser tests: `npm start` on a fresh state, as a user runs it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { readDevVars } from "../../../scripts/local/dev-vars";
import { readDemo } from "../../../scripts/local/local-deployment";
import { startChild } from "../../../scripts/processes/child-process";
import { freePort } from "../../../scripts/processes/free-port";
import { untilSaid } from "../../../scripts/processes/wait";
import { requireChromium } from "./chromium";

declare module "vitest" {
  export interface ProvidedContext {
    origin: string;
    adminToken: string;
    demoKey: string;
  }
}

const ROOT = join(import.meta.dirname, "../../..");
const LIMIT_MS = 300_000;

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  requireChromium();
  const state = mkdtempSync(join(tmpdir(), "console-"));
  const port = await freePort();
  const env = { VITEST: undefined, STATE_DIR: state, PORT: String(port) };
  const server = startChild(process.execPath, ["scripts/start.ts"], { cwd: ROOT, env });
  await untilSaid(server, /demo api key/, "npm start printed a key", LIMIT_MS);
  project.provide("origin", `http://127.0.0.1:${port}`);
  project.provide("adminToken", readDevVars().ADMIN_TOKEN ?? "");
  project.provide("demoKey", readDemo(state)?.key ?? "");
  return async () => {
    await server.stop();
    rmSync(state, { recursive: true, force: true, maxRetries: 5 });
  };
}
