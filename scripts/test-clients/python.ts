// Python clients: generated ones, and requests.
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { ADAPTERS, type At, type Client, type Program } from "./client.ts";
import { OPENAPI_GENERATOR } from "./openapi-generator.ts";

/** Python compiles a file when it is imported; this finds syntax errors in files that the scenario does not import. */
async function compile({ folder, run }: At, adapter: string): Promise<Program> {
  for (const file of ["scenario.py", adapter]) {
    copyFileSync(join(ADAPTERS, "python", file), join(folder, file));
  }
  const python = join(folder, "venv", "bin", "python");
  await run(python, ["-m", "compileall", "-q", "payments", adapter]);
  return [python, [adapter]];
}

export const PYTHON: Client[] = [
  {
    name: "openapi-python-client",
    version: "0.29.1",
    language: "python",
    tools: ["python3"],
    heading: "Python with openapi-python-client",
    compile: (at) => compile(at, "openapi-python-client.py"),
  },
  {
    name: "openapi-generator, python",
    version: OPENAPI_GENERATOR,
    language: "python",
    tools: ["javac", "mvn", "python3"],
    heading: "Python with openapi-generator",
    compile: (at) => compile(at, "openapi-generator.py"),
  },
  {
    name: "requests",
    version: "2.34.2",
    language: "python",
    tools: ["python3"],
    heading: "Python with requests",
  },
];
