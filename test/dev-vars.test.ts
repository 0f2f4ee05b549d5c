/** `.dev.vars` as people and editors write it: our scripts and wrangler must read the same values. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { unstable_getVarsForDev } from "wrangler";
import { addDevVars, readDevVars } from "../scripts/local/dev-vars";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dev-vars-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

const write = (text: string | Uint8Array) => writeFileSync(join(folder, ".dev.vars"), text);
const read = () => readFileSync(join(folder, ".dev.vars"), "utf8");

/** What wrangler dev gives the Worker. */
function readByWrangler(): Record<string, unknown> {
  const config = join(folder, "wrangler.toml");
  const bindings = unstable_getVarsForDev(config, undefined, {}, undefined, true);
  return Object.fromEntries(
    Object.entries(bindings).map(([name, binding]) => [name, "value" in binding && binding.value]),
  );
}

const FILES: [string, string][] = [
  ["a byte order mark", "\uFEFFADMIN_TOKEN=one\nMETRICS_TOKEN=two\n"],
  ["a byte order mark and a comment first", "\uFEFF# mine\nADMIN_TOKEN=one\n"],
  ["lines that end in CR and LF", "ADMIN_TOKEN=one\r\nMETRICS_TOKEN=two\r\n"],
  ["lines that end in CR", "ADMIN_TOKEN=one\rMETRICS_TOKEN=two\r"],
  ["no end of the last line", "ADMIN_TOKEN=one"],
  ["export before a name", "export ADMIN_TOKEN=one\n  export   METRICS_TOKEN=two\n"],
  ["spaces around names and values", "  ADMIN_TOKEN = one \n"],
  ["a colon instead of an equals sign", "ADMIN_TOKEN: one\n"],
  ["double quotes", 'ADMIN_TOKEN="one # two"\n'],
  ["single quotes", "ADMIN_TOKEN='one # two'\n"],
  ["backticks", 'ADMIN_TOKEN=`one "two"`\n'],
  ["a quoted value of several lines", 'A="first\nsecond"\nADMIN_TOKEN=one\n'],
  ["an escaped line break", 'A="first\\nsecond"\nADMIN_TOKEN=one\n'],
  ["comments", "# ADMIN_TOKEN=none\nADMIN_TOKEN=one # the real one\n"],
  ["a value with a number sign", "ADMIN_TOKEN=one#two\n"],
  ["a value with equals signs", "ADMIN_TOKEN=YWJjZA==\n"],
  ["a name that is there twice", "ADMIN_TOKEN=one\nADMIN_TOKEN=two\n"],
  ["an empty value", "ADMIN_TOKEN=\n"],
  ["a name with dots and dashes", "my.name-1=one\nADMIN_TOKEN=two\n"],
];

describe("reading .dev.vars", () => {
  it.each(FILES)("A .dev.vars with %s is read as wrangler reads it", (_, text) => {
    write(text);
    const vars = readDevVars(folder);
    expect(vars).toEqual(readByWrangler());
    expect(vars).toHaveProperty("ADMIN_TOKEN");
  });
});

describe("adding to .dev.vars", () => {
  it.each(FILES)(
    "A missing setting is added to a .dev.vars with %s, and nothing else in it changes",
    (_, text) => {
      write(text);
      const before = readDevVars(folder);
      addDevVars({ ADMIN_TOKEN: "other", ADDED: "new" }, folder);
      expect(readByWrangler()).toEqual({ ...before, ADDED: "new" });
      expect(read().startsWith(text)).toBe(true);
    },
  );
});

it("A missing .dev.vars is written with all settings", () => {
  addDevVars({ ADMIN_TOKEN: "one", METRICS_TOKEN: "two" }, folder);
  expect(readByWrangler()).toEqual({ ADMIN_TOKEN: "one", METRICS_TOKEN: "two" });
});

it("A .dev.vars whose last line would absorb an added setting is refused with the name of that setting", () => {
  write("ADMIN_TOKEN=one\nNOTE:\n");
  expect(() => addDevVars({ ADDED: "new" }, folder)).toThrow(/malformed where it sets NOTE/);
  expect(read()).toBe("ADMIN_TOKEN=one\nNOTE:\n");
});

it("A .dev.vars in UTF-16, which wrangler cannot read, is refused with the name of the encoding", () => {
  write(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from("ADMIN_TOKEN=one\n", "utf16le")]));
  expect(() => readDevVars(folder)).toThrow(/\.dev\.vars is UTF-16/);
});
