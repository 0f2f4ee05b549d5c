// Generators of Go clients. The client is the package `payments` of a module that also has the adapter.
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { ADAPTERS, type At, type Generator, type Program } from "./generator.ts";
import { OPENAPI_GENERATOR, openapiGenerator } from "./openapi-generator.ts";

const MODULE = "example.com/shop";
const OAPI_CODEGEN = "v2.8.2";
const OAPI_CODEGEN_RUNTIME = "v1.9.0";
const OGEN = "v1.25.0";
/** Imported by the clients of openapi-generator. */
const VALIDATOR = "v2.0.1";

async function compile({ folder, run }: At, adapter: string): Promise<Program> {
  const program = join(folder, "check");
  mkdirSync(program);
  copyFileSync(join(ADAPTERS, "go", "scenario.go"), join(program, "scenario.go"));
  copyFileSync(join(ADAPTERS, "go", adapter), join(program, "main.go"));
  await run("go", ["vet", "./payments", "./check"]);
  await run("go", ["build", "-o", join(program, "check"), "./check"]);
  return [join(program, "check"), []];
}

export const GO: Generator[] = [
  {
    name: "oapi-codegen",
    version: OAPI_CODEGEN,
    language: "go",
    tools: ["go"],
    async generate({ folder, document, run }) {
      await run("go", ["mod", "init", MODULE]);
      mkdirSync(join(folder, "payments"));
      const tool = `github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@${OAPI_CODEGEN}`;
      const output = ["-package", "payments", "-o", "payments/client.go"];
      await run("go", ["run", tool, "-generate", "types,client", ...output, document]);
      await run("go", ["get", `github.com/oapi-codegen/runtime@${OAPI_CODEGEN_RUNTIME}`]);
    },
    compile: (at) => compile(at, "oapi-codegen.go"),
  },
  {
    name: "openapi-generator, go",
    version: OPENAPI_GENERATOR,
    language: "go",
    tools: ["javac", "mvn", "go"],
    async generate(at) {
      await at.run("go", ["mod", "init", MODULE]);
      const properties = ["packageName=payments", "enumClassPrefix=true", "withGoMod=false"];
      await openapiGenerator(at, "go", "payments", { properties });
      await at.run("go", ["get", `gopkg.in/validator.v2@${VALIDATOR}`]);
    },
    compile: (at) => compile(at, "openapi-generator.go"),
  },
  {
    name: "ogen",
    version: OGEN,
    language: "go",
    tools: ["go"],
    async generate({ document, run }) {
      await run("go", ["mod", "init", MODULE]);
      await run("go", ["get", "-tool", `github.com/ogen-go/ogen/cmd/ogen@${OGEN}`]);
      const output = ["-package", "payments", "-target", "payments"];
      await run("go", ["tool", "ogen", ...output, document]);
      // What the client imports, in the versions that ogen requires.
      await run("go", ["get", "./payments"]);
    },
    compile: (at) => compile(at, "ogen.go"),
  },
];
