/** The rules of the source tree: which files may import which, how large files and folders may be, and what a file may
 *  hold. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, it } from "vitest";

const SRC = join(import.meta.dirname, "../src");
const TEST = import.meta.dirname;
const MAX_LINES = 250;
const MAX_TEST_LINES = 400;
const MAX_FILES_IN_FOLDER = 15;

/** From the top. A file may import from its own folder of `src` and from those of later rows. */
const LAYERS = [
  ["worker.ts"],
  ["console"],
  ["api"],
  ["erasures", "transactions", "webhooks", "velocity", "rate-limit"],
  ["d1", "processor", "kafka", "archive"],
  ["config.ts"],
  ["env.ts"],
  ["runtime"],
  ["observability"],
  ["settings.ts"],
  ["domain"],
];

/** The parts, each with objects of its own, and the files of a part that others may import. */
const PARTS = LAYERS.find((layer) => layer.includes("transactions")) ?? [];
const PUBLIC_FILES = ["client.ts", "rpc.ts"];
/** Files of a part that one other file may import, and why. */
const EXCEPTIONS: Record<string, string> = {
  // The entry module has to export the objects' classes and the queue's handler.
  "worker.ts":
    "erasures/customer-eraser.ts rate-limit/quota-keeper.ts transactions/transaction-shard.ts velocity/velocity-shard.ts webhooks/webhook-dispatcher.ts webhooks/queue/consumer.ts",
  // The names and bounds of what a part counts, which the scrape shows.
  "api/operations/shard-metrics.ts": "transactions/counters.ts",
  "api/operations/webhook-metrics.ts": "webhooks/counters.ts",
};

/** What the domain may use besides itself: pure libraries, and the hashes of `node:crypto`. */
const PURE = ["node:crypto", "ipaddr.js"];

type Import = { file: string; target: string; isTypeOnly: boolean };

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter(
  (file) => /\.tsx?$/.test(file) && !file.endsWith(".d.ts"),
);
const tests = readdirSync(TEST, { recursive: true, encoding: "utf8" }).filter((file) =>
  file.endsWith(".test.ts"),
);
const textOf = (file: string) => readFileSync(join(SRC, file), "utf8");

/** A file's imports; those of our own files by their path below `src`. */
function importsOf(file: string): Import[] {
  const found = textOf(file).matchAll(/^(?:import|export) (type )?[^;]*?from "([^"]+)";/gms);
  return [...found].map(([, type, path = ""]) => {
    const own = relative(SRC, join(SRC, dirname(file), path));
    const target = [`${own}.ts`, `${own}.tsx`].find((name) => files.includes(name)) ?? `${own}.ts`;
    return { file, target: path.startsWith(".") ? target : path, isTypeOnly: type !== undefined };
  });
}

const topOf = (file: string) => file.split("/")[0] ?? "";
const levelOf = (file: string) => LAYERS.findIndex((layer) => layer.includes(topOf(file)));
const imports = files.flatMap(importsOf);
const own = imports.filter(({ target }) => files.includes(target));

it("Every folder of the source has a layer", () => {
  expect([...new Set(files.map(topOf))].filter((top) => levelOf(top) < 0)).toEqual([]);
});

it("Every import of our own files names a file that exists", () => {
  const unknown = imports.filter(({ target }) => target.endsWith(".ts") && !files.includes(target));
  expect(unknown).toEqual([]);
});

it("Imports go down the layers only, and across parts only to public files", () => {
  const wrong = own.filter(({ file, target }) => {
    if (topOf(file) === topOf(target)) return false;
    const isAcross = PARTS.includes(topOf(target));
    if (isAcross) {
      const isPublic = PUBLIC_FILES.some((name) => target === `${topOf(target)}/${name}`);
      return !isPublic && !EXCEPTIONS[file]?.split(" ").includes(target);
    }
    return levelOf(target) <= levelOf(file);
  });
  // `env.ts` names the objects' methods, which are declared above it.
  expect(wrong.filter(({ file, isTypeOnly }) => !(file === "env.ts" && isTypeOnly))).toEqual([]);
});

it("Every exception of the layers is needed", () => {
  for (const [file, targets] of Object.entries(EXCEPTIONS)) {
    const imported = own.filter((one) => one.file === file).map(({ target }) => target);
    expect(imported, file).toEqual(expect.arrayContaining(targets.split(" ")));
  }
});

it("No import cycle exists, types included", () => {
  const targets = new Map(files.map((file) => [file, new Set<string>()]));
  for (const { file, target } of own) targets.get(file)?.add(target);
  const done = new Set<string>();
  const visit = (file: string, path: string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const target of targets.get(file) ?? []) {
      const cycle = visit(target, [...path, file]);
      if (cycle) return cycle;
    }
    done.add(file);
    return undefined;
  };
  expect(files.map((file) => visit(file, [])).find((cycle) => cycle !== undefined)).toBeUndefined();
});

it("Files and folders of the source are small", () => {
  const long = files.filter((file) => textOf(file).split("\n").length - 1 > MAX_LINES);
  const folders = Map.groupBy(files, (file) => dirname(file));
  const full = [...folders].filter(([, members]) => members.length > MAX_FILES_IN_FOLDER);
  expect(long).toEqual([]);
  expect(full.map(([folder]) => folder)).toEqual([]);
});

it("The domain is pure", () => {
  const domain = imports.filter(({ file }) => topOf(file) === "domain");
  expect(
    domain.filter(({ target }) => topOf(target) !== "domain" && !PURE.includes(target)),
  ).toEqual([]);
  for (const file of files.filter((name) => name.startsWith("domain/"))) {
    const text = readFileSync(join(SRC, file), "utf8");
    expect(text, file).not.toMatch(/\bDate\.now\(|new Date\(\)|Math\.random|crypto\.|\bfetch\(/);
  }
});

it("No await stands between decide and commit", () => {
  // A command is decided and written in one synchronous stretch, which the platform commits as a whole.
  const synchronous = files.filter((file) => /^transactions\/(commands|journal)\//.test(file));
  expect(synchronous.length).toBeGreaterThan(15);
  for (const file of [...synchronous, "transactions/group-commit/atomic-batch.ts"]) {
    expect(textOf(file).replace(/^.*`await`.*$/gm, ""), file).not.toMatch(/\bawait\b|\basync\b/);
  }
});

it("The rows that a statement in an object returns are read to the end", () => {
  // With rows left unread the runtime drops everything that the turn has written, and makes the object anew.
  for (const file of files) {
    const text = readFileSync(join(SRC, file), "utf8").replace(/^\s*(\/\*\*|\*|\/\/).*$/gm, "");
    for (const [statement] of text.matchAll(/\bexec\b[^;]*?\bRETURNING\b[^;]*;/g)) {
      expect(statement, file).toMatch(/\)\s*\.(toArray|one)\(\)/);
    }
  }
});

it("Every test lies in a folder that a vitest project runs, and unit tests lie beside their source", () => {
  // The client is a package of its own, beside src.
  const folders = new Set([...files.map((file) => dirname(file)), "clients/typescript"]);
  const misplaced = tests.filter((file) => {
    const [top = "", ...rest] = dirname(file).split("/");
    if (top === "unit") return !folders.has(rest.join("/") || ".");
    return ![".", "worker", "e2e", "browser"].includes(top);
  });
  expect(misplaced).toEqual([]);
});

it("The files of tests are small", () => {
  const all = readdirSync(TEST, { recursive: true, encoding: "utf8" });
  const long = all.filter((file) => {
    if (!file.endsWith(".ts")) return false;
    return readFileSync(join(TEST, file), "utf8").split("\n").length - 1 > MAX_TEST_LINES;
  });
  expect(long).toEqual([]);
});

it("npm run test:heavy runs every test that has a larger size", () => {
  const { scripts } = JSON.parse(readFileSync(join(TEST, "../package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  const sized = tests.filter((file) => /\bsized\(/.test(readFileSync(join(TEST, file), "utf8")));
  const named = scripts["test:heavy"]?.match(/(?<=test\/)\S+\.test\.ts/g) ?? [];
  expect(named.sort()).toEqual(sized.filter((file) => file !== "architecture.test.ts").sort());
});

it("No test depends on how fast the machine is", () => {
  for (const file of tests.filter((name) => name !== "architecture.test.ts")) {
    const text = readFileSync(join(TEST, file), "utf8");
    // Waiting is done by test/support/eventually.ts, and vitest.config.ts ends what hangs.
    expect(text, file).not.toMatch(/\bvi\.wait|expect\.poll|testTimeout|performance\.now/);
    expect(text, file).not.toMatch(/Date\.now\(\) - \w+\)\.toBeLess/);
    expect(text, file).not.toMatch(/^ *\}, [\d_]+\);$/m);
  }
});
