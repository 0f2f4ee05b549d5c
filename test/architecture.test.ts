/** The layers: imports go down only, and the domain knows nothing but itself. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, it } from "vitest";

const SRC = join(import.meta.dirname, "../src");
const TEST = import.meta.dirname;

/** From the top. A folder may import from folders in a later row, and from its own. */
const LAYERS = [
  ["worker.ts"],
  ["http", "api"],
  ["transactions", "velocity", "webhooks", "rate-limit"],
  ["d1", "processor", "kafka"],
  ["domain"],
];
/** Open to all but the domain. They may name an object's type, never its code. */
const SHARED = ["config.ts", "telemetry", "observability", "runtime"];
/** The files of a part that other parts of its row may import. */
const FACES = ["client", "rpc"];
/** What the domain may use besides itself: pure libraries. */
const PURE = [
  "@noble/hashes/hmac.js",
  "@noble/hashes/sha2.js",
  "@noble/hashes/utils.js",
  "ipaddr.js",
];

type Import = { file: string; room: string; target: string; isTypeOnly: boolean };

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter(
  (file) => /\.tsx?$/.test(file) && !file.endsWith(".d.ts"),
);

function importsOf(file: string): Import[] {
  const text = readFileSync(join(SRC, file), "utf8");
  const found = text.matchAll(/^(?:import|export) (type )?[^;]*?from "([^"]+)";/gms);
  return [...found].map(([, type, path = ""]) => {
    const isOwn = path.startsWith(".");
    const target = isOwn ? relative(SRC, join(SRC, dirname(file), path)) : path;
    return { file, room: roomOf(file), target, isTypeOnly: type !== undefined };
  });
}

function roomOf(path: string): string {
  const [room = ""] = path.split("/");
  return room.includes(".") || path.includes("/") ? room : `${room}.ts`;
}

const isOwn = ({ target }: Import) =>
  !target.includes("@") &&
  /^[a-z-]+(\/|$)/.test(target) &&
  files.some((file) => file.replace(/\.tsx?$/, "") === target);
const levelOf = (room: string) => LAYERS.findIndex((layer) => layer.includes(room));
const imports = files.flatMap(importsOf);

it("has a place for every folder", () => {
  const rooms = new Set(files.map(roomOf));
  expect([...rooms].filter((room) => levelOf(room) < 0 && !SHARED.includes(room))).toEqual([]);
});

it("lets imports go down only", () => {
  const wrong = imports.filter(isOwn).filter(({ room, target, isTypeOnly }) => {
    const other = roomOf(target);
    if (room === other || SHARED.includes(other)) return false;
    if (FACES.some((face) => target === `${other}/${face}`)) {
      return levelOf(other) < levelOf(room);
    }
    if (SHARED.includes(room)) return levelOf(other) !== LAYERS.length - 1 && !isTypeOnly;
    return levelOf(other) <= levelOf(room);
  });
  expect(wrong).toEqual([]);
});

it("keeps the domain pure", () => {
  const domain = imports.filter(({ room }) => room === "domain");
  expect(
    domain.filter(({ target }) => roomOf(target) !== "domain" && !PURE.includes(target)),
  ).toEqual([]);
  for (const file of files.filter((name) => name.startsWith("domain/"))) {
    const text = readFileSync(join(SRC, file), "utf8");
    expect(text, file).not.toMatch(/\bDate\.now\(|new Date\(\)|Math\.random|crypto\.|\bfetch\(/);
  }
});

it("has no await between decide and commit", () => {
  for (const file of files.filter((name) => /\b(command|journal)\.ts$/.test(name))) {
    expect(readFileSync(join(SRC, file), "utf8").replace(/^.*`await`.*$/gm, "")).not.toMatch(
      /\bawait\b|\basync\b/,
    );
  }
});

it("reads the rows that a statement in an object returns to the end", () => {
  // With rows left unread the runtime drops everything that the turn has written, and makes the object anew.
  for (const file of files) {
    const text = readFileSync(join(SRC, file), "utf8").replace(/^\s*(\/\*\*|\*|\/\/).*$/gm, "");
    for (const [statement] of text.matchAll(/\bexec\b[^;]*?\bRETURNING\b[^;]*;/g)) {
      expect(statement, file).toMatch(/\)\s*\.(toArray|one)\(\)/);
    }
  }
});

it("lets no test depend on how fast the machine is", () => {
  const tests = readdirSync(TEST, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".test.ts") && file !== "architecture.test.ts",
  );
  for (const file of tests) {
    const text = readFileSync(join(TEST, file), "utf8");
    // Waiting is done by test/support/eventually.ts, and vitest.config.ts ends what hangs.
    expect(text, file).not.toMatch(/\bvi\.wait|expect\.poll|testTimeout|performance\.now/);
    expect(text, file).not.toMatch(/Date\.now\(\) - \w+\)\.toBeLess/);
    expect(text, file).not.toMatch(/^ *\}, [\d_]+\);$/m);
  }
});
