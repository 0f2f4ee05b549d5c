/** CONTRIBUTING.md has a recipe for every everyday change, and each file that it names is there. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const text = readFileSync(join(ROOT, "CONTRIBUTING.md"), "utf8");
const recipes = text
  .split(/^## /m)
  .slice(1)
  .map((recipe) => ({ title: recipe.slice(0, recipe.indexOf("\n")), recipe }));

/** Everything in backticks, or behind vitest, that looks like a path of this repository. */
function listPaths(recipe: string): string[] {
  const quoted = [...recipe.matchAll(/`([\w.-]+(?:\/[\w.-]+)*\/?)`/g)].map(([, path = ""]) => path);
  return quoted.filter((path) => /\/|\.(ts|md|json|toml|sql)$/.test(path));
}

it("CONTRIBUTING.md has a recipe for every everyday change", () => {
  expect(recipes.map(({ title }) => title)).toEqual([
    "Add a status or a transition",
    "Add a JSON field",
    "Add a route",
    "Add a fraud condition",
    "Add a filter to the list of transactions",
    "Add a page to the console",
    "Change a limit or a delay",
    "Add a metric",
    "Add a Kafka dialect",
    "Add a processor",
    "Add a retention rule",
    "Add a setting",
    "Add a problem code",
    "Add a migration of D1",
    "Add a migration of an object",
  ]);
});

it("Every file that CONTRIBUTING.md names before the recipes exists", () => {
  const [before = ""] = text.split(/^## /m);
  const run = [...before.matchAll(/vitest run --project \S+ (\S+)/g)].map(([, path = ""]) => path);
  expect(run).toHaveLength(2);
  const missing = [...listPaths(before), ...run].filter((path) => !existsSync(join(ROOT, path)));
  expect(missing).toEqual([]);
});

it.each(recipes)("The recipe $title names files of src and a test that exist", ({ recipe }) => {
  const paths = listPaths(recipe).filter((path) => path !== "schemas.ts");
  expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  const [steps = "", tests = ""] = recipe.split("\nTest: ");
  expect(listPaths(steps).some((path) => path.startsWith("src/"))).toBe(true);
  expect(listPaths(tests).some((path) => path.startsWith("test/"))).toBe(true);
});
