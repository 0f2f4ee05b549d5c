// Generators of Python clients.
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { ADAPTERS, type At, type Generator, type Program } from "./generator.ts";
import { OPENAPI_GENERATOR, openapiGenerator } from "./openapi-generator.ts";

const OPENAPI_PYTHON_CLIENT = "0.29.1";

const binOf = ({ folder }: At) => join(folder, "venv", "bin");

async function install(at: At, requirements: string[]): Promise<void> {
  await at.run("python3", ["-m", "venv", "venv"]);
  await at.run(join(binOf(at), "pip"), ["install", "-q", ...requirements]);
}

/** Python compiles a file when it is imported; this finds syntax errors in files that the scenario does not import. */
async function compile(at: At, adapter: string): Promise<Program> {
  for (const file of ["scenario.py", adapter]) {
    copyFileSync(join(ADAPTERS, "python", file), join(at.folder, file));
  }
  const python = join(binOf(at), "python");
  await at.run(python, ["-m", "compileall", "-q", "payments", adapter]);
  return [python, [adapter]];
}

export const PYTHON: Generator[] = [
  {
    name: "openapi-python-client",
    version: OPENAPI_PYTHON_CLIENT,
    language: "python",
    tools: ["python3"],
    async generate(at) {
      await install(at, [`openapi-python-client==${OPENAPI_PYTHON_CLIENT}`]);
      const output = ["--meta", "none", "--output-path", "payments", "--fail-on-warning"];
      const generate = ["generate", "--path", at.document, ...output];
      // It formats what it writes with ruff, which has to be on the PATH.
      const env = { PATH: `${binOf(at)}:${process.env.PATH}` };
      await at.run(join(binOf(at), "openapi-python-client"), generate, { env });
    },
    compile: (at) => compile(at, "openapi-python-client.py"),
  },
  {
    name: "openapi-generator, python",
    version: OPENAPI_GENERATOR,
    language: "python",
    tools: ["javac", "mvn", "python3"],
    async generate(at) {
      await openapiGenerator(at, "python", ".", { properties: ["packageName=payments"] });
      await install(at, ["-r", "requirements.txt"]);
    },
    compile: (at) => compile(at, "openapi-generator.py"),
  },
];
