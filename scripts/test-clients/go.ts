// Go clients. A generated client is the package `payments` of a module that also has the adapter.
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { ADAPTERS, type At, type Client, type Program } from "./client.ts";
import { OPENAPI_GENERATOR } from "./openapi-generator.ts";

const OGEN = "v1.25.0";

async function compile({ folder, run }: At, adapter: string): Promise<Program> {
  const program = join(folder, "check");
  mkdirSync(program);
  copyFileSync(join(ADAPTERS, "go", "scenario.go"), join(program, "scenario.go"));
  copyFileSync(join(ADAPTERS, "go", adapter), join(program, "main.go"));
  await run("go", ["vet", "./..."]);
  await run("go", ["build", "-o", join(program, "check"), "./check"]);
  return [join(program, "check"), []];
}

export const GO: Client[] = [
  {
    name: "oapi-codegen",
    version: "v2.8.2",
    language: "go",
    tools: ["go"],
    heading: "Go with oapi-codegen",
    compile: (at) => compile(at, "oapi-codegen.go"),
  },
  {
    name: "openapi-generator, go",
    version: OPENAPI_GENERATOR,
    language: "go",
    tools: ["javac", "mvn", "go"],
    heading: "Go with openapi-generator",
    compile: (at) => compile(at, "openapi-generator.go"),
  },
  {
    name: "ogen",
    version: OGEN,
    language: "go",
    tools: ["go"],
    async generate({ document, run }) {
      await run("go", ["mod", "init", "example.com/shop"]);
      await run("go", ["get", "-tool", `github.com/ogen-go/ogen/cmd/ogen@${OGEN}`]);
      const output = ["-package", "payments", "-target", "payments"];
      await run("go", ["tool", "ogen", ...output, document]);
      // What the client imports, in the versions that ogen requires.
      await run("go", ["get", "./payments"]);
    },
    compile: (at) => compile(at, "ogen.go"),
  },
];
