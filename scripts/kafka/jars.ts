// Apache Kafka's jars, brought by Maven into a folder that git ignores. Maven's own settings say
// where they come from. This file must not know how a broker is run.
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../install.mjs";
import { runChild, TIMED_OUT } from "../processes/child-process.ts";

/** The newest release that runs on Java 17. */
export const KAFKA_VERSION = "4.4.0";
export const KAFKA_JAVA_MIN = 17;

const ARTIFACTS = [
  ["org.apache.kafka", "kafka_2.13", KAFKA_VERSION],
  // Kafka's own choice of where its log lines go is not among what it depends on.
  ["org.slf4j", "slf4j-simple", "1.7.36"],
];
const PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";

export const CACHE = join(ROOT, ".wrangler", "kafka");
// 43 MB of jars, over a slow line.
const MAVEN_LIMIT_MS = 300_000;
const ASK_LIMIT_MS = 20_000;

/** Java's major version, or null when there is no java. */
export async function javaMajor(): Promise<number | null> {
  const { code, said } = await runChild("java", ["-version"], { limit_ms: ASK_LIMIT_MS });
  const major = /version "(\d+)/.exec(said)?.[1];
  return code === 0 && major ? Number(major) : null;
}

/** Why no broker can be started on this machine, or null when one can. */
export async function whyNoBroker(): Promise<string | null> {
  const java = await javaMajor();
  if (java === null) return "java is not there";
  if (java < KAFKA_JAVA_MIN) return `java is ${java}, and Kafka needs ${KAFKA_JAVA_MIN}`;
  if (existsSync(folderOf())) return null;
  const { code } = await runChild("mvn", ["-v"], { limit_ms: ASK_LIMIT_MS });
  return code === 0 ? null : "mvn is not there";
}

function folderOf(): string {
  return join(CACHE, `kafka_2.13-${KAFKA_VERSION}`);
}

function pom(): string {
  const dependencies = ARTIFACTS.map(
    ([group, name, version]) =>
      `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`,
  );
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>local</groupId><artifactId>kafka-jars</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>${dependencies.join("\n")}</dependencies></project>
`;
}

/** The folder with Kafka's jars, which are brought when they are not there yet. */
export async function bringJars(): Promise<string> {
  const folder = folderOf();
  if (existsSync(folder)) return folder;
  mkdirSync(CACHE, { recursive: true });
  const project = join(CACHE, "pom.xml");
  const half = `${folder}.part`;
  rmSync(half, { recursive: true, force: true });
  writeFileSync(project, pom());
  console.log(`Maven brings Apache Kafka ${KAFKA_VERSION}; this happens once.`);
  const args = ["-B", "-q", "-f", project, PLUGIN, "-DincludeScope=runtime"];
  const { code, said } = await runChild("mvn", [...args, `-DoutputDirectory=${half}`], {
    limit_ms: MAVEN_LIMIT_MS,
  });
  if (code === TIMED_OUT) throw new Error(`Maven took longer than ${MAVEN_LIMIT_MS / 1000} s.`);
  if (code !== 0) throw new Error(`${said}\nMaven could not bring Apache Kafka.`);
  // Only a whole folder gets the name that the next run looks for.
  renameSync(half, folder);
  return folder;
}
