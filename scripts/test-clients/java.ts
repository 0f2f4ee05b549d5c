// Java clients, which openapi-generator writes for several HTTP libraries.
import { join } from "node:path";
import { ADAPTERS, type At, type Client, type Program } from "./client.ts";
import { readDocumented } from "./documented.ts";
import { OPENAPI_GENERATOR } from "./openapi-generator.ts";

const HEADING = "Java with openapi-generator";
const DOCUMENTED_LIBRARY = "library=apache-httpclient";

async function compile({ run }: At, adapter: string): Promise<Program> {
  const classes = "client/target/classes:client/target/dependency/*";
  const sources = ["Scenario", adapter].map((name) => join(ADAPTERS, "java", `${name}.java`));
  await run("javac", ["-cp", classes, "-d", "check", ...sources]);
  return ["java", ["-cp", `check:${classes}`, adapter]];
}

/** The commands of the page, for a library that differs in its adapter only. */
function setupFor(library: string): string {
  const { setup } = readDocumented(HEADING);
  if (!setup.includes(DOCUMENTED_LIBRARY)) throw new Error(`"${HEADING}" names another library.`);
  return setup.replace(DOCUMENTED_LIBRARY, `library=${library}`);
}

export const JAVA: Client[] = [
  {
    name: "openapi-generator, java, apache-httpclient",
    version: OPENAPI_GENERATOR,
    language: "java",
    tools: ["javac", "mvn"],
    heading: HEADING,
    compile: (at) => compile(at, "Apache"),
  },
  {
    name: "openapi-generator, java, native",
    version: OPENAPI_GENERATOR,
    language: "java",
    tools: ["javac", "mvn"],
    generate: ({ run }) => run("sh", ["-euc", setupFor("native")]),
    compile: (at) => compile(at, "Native"),
  },
];
