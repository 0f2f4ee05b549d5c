// Generators of Rust clients.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ADAPTERS, type At, type Client, type Program } from "./client.ts";
import { OPENAPI_GENERATOR, openapiGenerator } from "./openapi-generator.ts";
import { TOOL_ENV } from "./toolchain.ts";

/** A copy of the document with `oneOf` for `anyOf`, of which the generator makes empty structures. The types in every
 *  choice of the document differ, so both mean the same. */
function withOneOf({ folder, document }: At): string {
  const copy = join(folder, "one-of.json");
  writeFileSync(copy, readFileSync(document, "utf8").replaceAll('"anyOf"', '"oneOf"'));
  return copy;
}

/** Only the address of the local API is called, so the client does without TLS. */
async function compile({ folder, run }: At): Promise<Program> {
  const program = join(folder, "check");
  mkdirSync(join(program, "src"), { recursive: true });
  copyFileSync(join(ADAPTERS, "rust", "main.rs"), join(program, "src", "main.rs"));
  for (const file of ["Cargo.toml", "Cargo.lock"]) {
    copyFileSync(join(ADAPTERS, "rust", file), join(program, file));
  }
  await run("cargo", ["build", "--quiet", "--locked", "--manifest-path", "check/Cargo.toml"]);
  return [join(TOOL_ENV.CARGO_TARGET_DIR, "debug", "check"), []];
}

export const RUST: Client[] = [
  {
    name: "openapi-generator, rust",
    version: OPENAPI_GENERATOR,
    language: "rust",
    tools: ["javac", "mvn", "cargo"],
    generate: (at) =>
      openapiGenerator(at, "rust", "payments", {
        properties: ["packageName=payments"],
        document: withOneOf(at),
      }),
    compile,
  },
];
