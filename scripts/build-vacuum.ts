// `npm run build:vacuum`: builds the linter vacuum from source with Go, once, into `.cache/`, where `check:static` finds
// it. Its npm package is an installer that downloads a binary from elsewhere; this is a pinned version whose sources Go
// checks against its checksum database. Takes minutes of processor time.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { VACUUM, VACUUM_VERSION } from "./local/vacuum.ts";
import { runChild } from "./processes/child-process.ts";

const MODULE = "github.com/daveshanley/vacuum";
/** Go fetches some fifty modules and compiles SQLite among them. */
const BUILD_LIMIT_MS = 1_800_000;

process.exitCode = existsSync(VACUUM) ? 0 : await build();

async function build(): Promise<number> {
  const source = join(dirname(VACUUM), "source");
  mkdirSync(source, { recursive: true });
  const require = `tool ${MODULE}\n\nrequire ${MODULE} v${VACUUM_VERSION}\n`;
  writeFileSync(join(source, "go.mod"), `module lint\n\ngo 1.25.0\n\n${require}`);
  const { code, said } = await runChild("go", ["build", "-mod=mod", "-o", VACUUM, MODULE], {
    cwd: source,
    limit_ms: BUILD_LIMIT_MS,
  });
  if (code !== 0) console.error(`vacuum ${VACUUM_VERSION} was not built (Go is needed).\n${said}`);
  return code;
}
