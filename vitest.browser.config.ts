/** Tests of the console in a real browser: `npm run test:browser`. They start `npm start` with a state of their own. */
import "./scripts/processes/no-local-proxy.ts";
import { defineConfig } from "vitest/config";

const LIMIT_MS = 300_000;

export default defineConfig({
  test: {
    include: ["test/browser/**/*.test.ts"],
    testTimeout: LIMIT_MS,
    hookTimeout: LIMIT_MS,
    // One server and one browser for all files.
    globalSetup: ["./test/browser/support/server.ts"],
    maxWorkers: 2,
  },
});
