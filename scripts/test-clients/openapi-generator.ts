// openapi-generator, which writes clients in many languages: a jar from Maven's central repository.
import type { At } from "./client.ts";

export const OPENAPI_GENERATOR = "7.25.0";
/** One version of the plugin, whatever the newest is. */
export const DEPENDENCY_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1";

type Options = { properties?: string[]; more?: string[]; document?: string };

/** Has it write a client for `language` into the folder's folder `output`. */
export async function openapiGenerator(
  at: At,
  language: string,
  output: string,
  { properties = [], more = [], document = at.document }: Options = {},
): Promise<void> {
  const artifact = `org.openapitools:openapi-generator-cli:${OPENAPI_GENERATOR}`;
  await at.run("mvn", [
    "-q",
    `${DEPENDENCY_PLUGIN}:copy`,
    `-Dartifact=${artifact}`,
    "-DoutputDirectory=.",
  ]);
  const jar = `openapi-generator-cli-${OPENAPI_GENERATOR}.jar`;
  const list = ["enumUnknownDefaultCase=true", ...properties].join(",");
  const target = ["-g", language, "-o", output, `--additional-properties=${list}`];
  await at.run("java", ["-jar", jar, "generate", "-q", "-i", document, ...target, ...more]);
}
