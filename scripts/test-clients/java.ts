// Generators of Java clients.
import { join } from "node:path";
import { ADAPTERS, type At, type Generator, type Program } from "./generator.ts";
import { DEPENDENCY_PLUGIN, OPENAPI_GENERATOR, openapiGenerator } from "./openapi-generator.ts";

const PACKAGE = "com.example.payments";
const PROPERTIES = [
  "containerDefaultToNull=true",
  `invokerPackage=${PACKAGE}`,
  `apiPackage=${PACKAGE}.api`,
  `modelPackage=${PACKAGE}.model`,
];
/** Of a choice with an array or an object it writes code that does not compile; of one between a number and a string,
 *  all libraries but native and okhttp-gson write a class without members. */
const MAPPINGS = [
  "RiskAmount",
  "RiskCurrencies",
  "RiskThreshold",
  "CreateTransaction_amount",
  "CaptureTransaction_amount",
  "CreateRefund_amount",
].map((schema) => `${schema}=Object`);

async function compile({ run }: At, adapter: string): Promise<Program> {
  const copy = `${DEPENDENCY_PLUGIN}:copy-dependencies`;
  await run("mvn", ["-q", "-f", "client", "-Dmaven.test.skip=true", "compile", copy]);
  const classes = "client/target/classes:client/target/dependency/*";
  const sources = ["Scenario", adapter].map((name) => join(ADAPTERS, "java", `${name}.java`));
  await run("javac", ["-cp", classes, "-d", "check", ...sources]);
  return ["java", ["-cp", `check:${classes}`, adapter]];
}

const javaWith = (library: string, adapter: string): Generator => ({
  name: `openapi-generator, java, ${library}`,
  version: OPENAPI_GENERATOR,
  language: "java",
  tools: ["javac", "mvn"],
  generate: (at) =>
    openapiGenerator(at, "java", "client", {
      properties: [`library=${library}`, ...PROPERTIES],
      more: ["--schema-mappings", MAPPINGS.join(",")],
    }),
  compile: (at) => compile(at, adapter),
});

export const JAVA: Generator[] = [
  javaWith("apache-httpclient", "Apache"),
  javaWith("native", "Native"),
];
