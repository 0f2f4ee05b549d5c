/** Requests of the scripts to servers on this machine pass by a proxy that the environment sets for Node. */
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const MODULE = join(ROOT, "scripts/processes/no-local-proxy.ts");
const run = promisify(execFile);

/** What a Node process prints that imports the module in this environment. */
async function printed(expression: string, variables: Record<string, string>): Promise<string> {
  const script = `import ${JSON.stringify(MODULE)}; console.log(${expression});`;
  const { no_proxy: _, NO_PROXY: __, ...inherited } = process.env;
  const options = { env: { ...inherited, ...variables } };
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], options);
  return stdout.trim();
}

it("A script reaches a server on this machine although an unreachable proxy is set", async () => {
  const server = createServer((_, response) => response.end("here"));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const proxy = "http://127.0.0.1:9";
  const variables = { NODE_USE_ENV_PROXY: "1", HTTP_PROXY: proxy, http_proxy: proxy };
  const ask = `await (await fetch("http://127.0.0.1:${port}/")).text()`;
  try {
    expect(await printed(ask, variables)).toBe("here");
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

it.each([
  ["", "127.0.0.1,localhost,[::1]"],
  ["example.com, .corp", "example.com,.corp,127.0.0.1,localhost,[::1]"],
  ["*", "*"],
])("the hosts that NO_PROXY names already stay there: %o", async (before, after) => {
  expect(await printed("process.env.NO_PROXY", { NO_PROXY: before })).toBe(after);
});

it("Every script of package.json that sends requests sends local ones past the proxy", () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const entries = Object.values<string>(scripts).flatMap((command) =>
    [...command.matchAll(/node (\S+\.(?:mjs|ts))/g)].map(([, file = ""]) => join(ROOT, file)),
  );
  const without = [...new Set(entries)].filter((entry) => {
    const files = importsOf(entry);
    const sends = files.some((file) => /\bfetch\(/.test(readFileSync(file, "utf8")));
    return sends && !files.includes(MODULE);
  });
  expect(entries.length).toBeGreaterThan(10);
  expect(without).toEqual([]);
});

/** A script and all of the project's modules that it imports, directly or not. */
function importsOf(entry: string): string[] {
  const found = [entry];
  for (const file of found) {
    const text = readFileSync(file, "utf8");
    for (const [, path = ""] of text.matchAll(/(?:from|import)\s*\(?\s*["'`](\.[^"'`?]+)/g)) {
      const target = resolve(dirname(file), path);
      if (existsSync(target) && !found.includes(target)) found.push(target);
    }
  }
  return found;
}
