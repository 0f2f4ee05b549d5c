// `npm run build:stripe-mock`: builds stripe-mock, Stripe's own server for tests, from source with Go, once, into `.cache/`,
// where a test finds it. A pinned version, whose sources Go checks against its checksum database.
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { runChild } from "../processes/child-process.ts";
import { STRIPE_MOCK, STRIPE_MOCK_VERSION } from "./stripe-mock.ts";

const BUILD_LIMIT_MS = 600_000;

process.exitCode = existsSync(STRIPE_MOCK) ? 0 : await build();

async function build(): Promise<number> {
  const folder = dirname(STRIPE_MOCK);
  mkdirSync(folder, { recursive: true });
  const { code, said } = await runChild(
    "go",
    ["install", `github.com/stripe/stripe-mock@v${STRIPE_MOCK_VERSION}`],
    { env: { GOBIN: folder }, limit_ms: BUILD_LIMIT_MS },
  );
  if (code !== 0) {
    console.error(`stripe-mock ${STRIPE_MOCK_VERSION} was not built (Go is needed).\n${said}`);
  }
  return code;
}
