/** The TypeScript client as a package: its README, its operations, and the size and imports of its files. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { OPERATIONS } from "../../../../clients/typescript/src/generated/operations";
import { Payments } from "../../../../clients/typescript/src/index";

const ROOT = join(import.meta.dirname, "../../../..");
const PACKAGE = join(ROOT, "clients/typescript");
const readme = readFileSync(join(PACKAGE, "README.md"), "utf8");
const payments = new Payments({ apiKey: "sk_test_1", baseUrl: "https://payments.example" });
const methodsOf = (resource: object) =>
  Object.getOwnPropertyNames(Object.getPrototypeOf(resource)).filter((it) => it !== "constructor");

it("The README's table has every method of the client, and no other", () => {
  const rows = [...readme.matchAll(/^\| ((?:`\w+`(?:, )?)+) \| (`.*) \|$/gm)];
  const words = (text: string) => [...text.matchAll(/`(\w+)`/g)].map(([, word = ""]) => word);
  const documented = rows.flatMap(([, names = "", methods = ""]) => {
    // Two resources in a row have their methods in two parts.
    const parts = methods.split("; ");
    return words(names).map((name, at) => [name, words(parts[at] ?? "").sort()]);
  });
  const actual = Object.entries(payments).map(([name, made]) => [name, methodsOf(made).sort()]);
  expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(actual));
});

it("Everything that an API key may call is one of the client's operations", () => {
  const { paths } = JSON.parse(readFileSync(join(ROOT, "openapi.json"), "utf8")) as {
    paths: Record<string, Record<string, { operationId: string; security: object[] }>>;
  };
  const called = Object.values(paths)
    .flatMap((path) => Object.values(path))
    .filter(({ security }) => security?.some((scheme) => "api_key" in scheme));
  const ids = called.map(({ operationId }) => operationId);
  expect(Object.keys(OPERATIONS).sort()).toEqual(ids.sort());
});

it("Its files import nothing but each other, and files and folders are small", () => {
  const files = readdirSync(join(PACKAGE, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => ({ file, text: readFileSync(join(PACKAGE, "src", file), "utf8") }));
  for (const { file, text } of files) {
    const foreign = [...text.matchAll(/from "([^"]+)"/g)].filter(
      ([, path]) => !path?.startsWith("."),
    );
    expect(foreign, file).toEqual([]);
    if (!file.startsWith("generated/")) expect(text.split("\n").length, file).toBeLessThan(252);
  }
  for (const [folder, inside] of Map.groupBy(files, ({ file }) => dirname(file))) {
    expect(inside.length, folder).toBeLessThanOrEqual(15);
  }
});
