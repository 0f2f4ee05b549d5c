// The code generators that openapi.json is tried with, each at one version. `tools` have to be on the PATH.
// `make(at)` installs the generator, has it write a client, compiles that together with its adapter in clients/,
// and gives the command that runs it.
import { readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import {
  type At,
  goProgram,
  javaProgram,
  MODULE,
  npmPackages,
  type Program,
  pythonProgram,
  pythonWith,
  runNpm,
  rustProgram,
  typescriptProgram,
} from "./programs.ts";

export type Generator = { name: string; tools: string[]; make(at: At): Promise<Program> };

const OPENAPI_GENERATOR = "7.25.0";
const JAVA_PROPERTIES = [
  "library=native",
  "containerDefaultToNull=true",
  "invokerPackage=com.example.payments",
  "apiPackage=com.example.payments.api",
  "modelPackage=com.example.payments.model",
];
/** What it generates for a choice with an array or an object does not compile. */
const JAVA_MAPPINGS = "RiskAmount=Object,RiskCurrencies=Object,RiskThreshold=Object";
const OAPI_CODEGEN = "v2.8.0";
const OAPI_CODEGEN_RUNTIME = "v1.9.0";
const OGEN = "v1.25.0";
const OPENAPI_PYTHON_CLIENT = "0.29.0";

export const GENERATORS: Generator[] = [
  {
    name: `openapi-generator ${OPENAPI_GENERATOR}, go`,
    tools: ["java", "mvn", "go"],
    async make(at) {
      await openapiGenerator(at, "go", ["packageName=payments", "enumClassPrefix=true"]);
      return goProgram(at, "openapi-generator.go");
    },
  },
  {
    name: `openapi-generator ${OPENAPI_GENERATOR}, java`,
    tools: ["java", "javac", "mvn"],
    async make(at) {
      await openapiGenerator(at, "java", JAVA_PROPERTIES, ["--schema-mappings", JAVA_MAPPINGS]);
      return javaProgram(at, "openapi-generator.java");
    },
  },
  {
    name: `openapi-generator ${OPENAPI_GENERATOR}, python`,
    tools: ["java", "mvn", "python3"],
    async make(at) {
      await openapiGenerator(at, "python", ["packageName=payments"]);
      const requirements = ["-r", join(at.folder, "requirements.txt")];
      return pythonProgram(at, "openapi-generator.py", await pythonWith(at, requirements));
    },
  },
  {
    name: `openapi-generator ${OPENAPI_GENERATOR}, rust`,
    tools: ["java", "mvn", "cargo"],
    async make(at) {
      await openapiGenerator({ ...at, document: withOneOf(at) }, "rust", ["packageName=payments"]);
      return rustProgram(at, "openapi-generator.rs");
    },
  },
  {
    name: `openapi-generator ${OPENAPI_GENERATOR}, typescript-fetch`,
    tools: ["java", "mvn", "npm"],
    async make(at) {
      await npmPackages(at);
      await openapiGenerator({ ...at, folder: join(at.folder, "generated") }, "typescript-fetch");
      return typescriptProgram(at, "typescript-fetch.ts");
    },
  },
  {
    name: `oapi-codegen ${OAPI_CODEGEN}`,
    tools: ["go"],
    async make(at) {
      const { folder, document, run } = at;
      const tool = `github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@${OAPI_CODEGEN}`;
      await run("go", ["install", tool], { env: { GOBIN: at.shared } });
      await run("go", ["mod", "init", MODULE]);
      const options = ["-generate", "types,client", "-package", "payments", "-o", "client.go"];
      await run(join(at.shared, "oapi-codegen"), [...options, document], { cwd: folder });
      await run("go", ["get", `github.com/oapi-codegen/runtime@${OAPI_CODEGEN_RUNTIME}`]);
      return goProgram(at, "oapi-codegen.go");
    },
  },
  {
    name: `ogen ${OGEN}`,
    tools: ["go"],
    async make(at) {
      const { folder, document, run } = at;
      await run("go", ["mod", "init", MODULE]);
      await run("go", ["get", "-tool", `github.com/ogen-go/ogen/cmd/ogen@${OGEN}`]);
      await run("go", ["tool", "ogen", "-package", "payments", "-target", folder, document]);
      await run("go", ["get", "."]);
      return goProgram(at, "ogen.go");
    },
  },
  {
    name: `openapi-python-client ${OPENAPI_PYTHON_CLIENT}`,
    tools: ["python3"],
    async make(at) {
      const python = await pythonWith(at, [`openapi-python-client==${OPENAPI_PYTHON_CLIENT}`]);
      const output = ["--meta", "none", "--output-path", join(at.folder, "payments")];
      const generate = ["-m", "openapi_python_client", "generate", "--path", at.document];
      // It formats what it writes with ruff, which has to be on the PATH.
      const env = { PATH: `${join(at.folder, "python", "bin")}:${process.env.PATH}` };
      await at.run(python, [...generate, ...output, "--fail-on-warning"], { env });
      return pythonProgram(at, "openapi-python-client.py", python);
    },
  },
  {
    name: "openapi-typescript 7.13.0 with openapi-fetch 0.17.0",
    tools: ["npm"],
    async make(at) {
      await npmPackages(at);
      const output = ["-o", join(at.folder, "generated", "schema.d.ts")];
      await runNpm(at, "openapi-typescript", [at.document, ...output]);
      return typescriptProgram(at, "openapi-fetch.ts");
    },
  },
  {
    name: "@hey-api/openapi-ts 0.99.0",
    tools: ["npm"],
    async make(at) {
      await npmPackages(at);
      const client = ["-o", join(at.folder, "generated"), "-c", "@hey-api/client-fetch"];
      await runNpm(at, "openapi-ts", ["-i", at.document, ...client]);
      return typescriptProgram(at, "hey-api.ts");
    },
  },
  {
    name: "orval 8.38.0",
    tools: ["npm"],
    async make(at) {
      await npmPackages(at);
      const output = { target: "generated/api.ts", client: "fetch", baseUrl: at.base };
      const config = { payments: { input: at.document, output } };
      const path = join(at.folder, "orval.config.mjs");
      writeFileSync(path, `export default ${JSON.stringify(config)};\n`);
      await runNpm(at, "orval", ["--config", path]);
      return typescriptProgram(at, "orval.ts");
    },
  },
];

async function openapiGenerator(
  { folder, document, run }: At,
  language: string,
  properties: string[] = [],
  more: string[] = [],
): Promise<void> {
  const artifact = `org.openapitools:openapi-generator-cli:${OPENAPI_GENERATOR}`;
  await run("mvn", ["-q", "dependency:get", `-Dartifact=${artifact}`, "-Dtransitive=false"]);
  const jar = join(
    homedir(),
    ".m2/repository/org/openapitools/openapi-generator-cli",
    OPENAPI_GENERATOR,
    `openapi-generator-cli-${OPENAPI_GENERATOR}.jar`,
  );
  const [user = "", repository = ""] = MODULE.split("/").slice(1);
  const module = ["--git-host", "example.com", "--git-user-id", user, "--git-repo-id", repository];
  const options = ["enumUnknownDefaultCase=true", ...properties].join(",");
  const output = ["-o", folder, ...module, `--additional-properties=${options}`];
  await run("java", [
    "-jar",
    jar,
    "generate",
    "-q",
    "-i",
    document,
    "-g",
    language,
    ...output,
    ...more,
  ]);
}

/** A copy of the document with `oneOf` for `anyOf`, of which the generator for Rust makes empty structures. The types in
 *  every choice of the document differ, so both mean the same. */
function withOneOf({ folder, document }: At): string {
  const copy = join(folder, "one-of.json");
  writeFileSync(copy, readFileSync(document, "utf8").replaceAll('"anyOf"', '"oneOf"'));
  return copy;
}
