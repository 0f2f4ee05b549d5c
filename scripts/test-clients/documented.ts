// The commands and programs of docs/clients.md, which are run as they stand there.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../install.mjs";

const PAGE = "docs/clients.md";
/** The key that every program of the page has; each run has another, so that it makes a payment of its own. */
const KEY_ON_PAGE = "order-1001";

/** The file that a program of a language is written to. */
const FILES = { python: "pay.py", go: "main.go", java: "Pay.java" } as const;

export type Documented = {
  /** The shell commands that make what the program needs; empty if it needs nothing. */
  setup: string;
  /** The shell command that runs the program. */
  run: string;
  /** Absent if the command is the whole program. */
  program?: { file: string; text: string };
};

/** Reads the section below a heading: the first block of commands, whose last command runs the program, and the program.
 *  @throws an error that names the heading if there is no such section or it has no commands */
export function readDocumented(
  heading: string,
  page = readFileSync(join(ROOT, PAGE), "utf8"),
): Documented {
  const [, rest] = page.split(`\n### ${heading}\n`);
  const section = rest?.split(/^#{1,3} /m)[0] ?? "";
  const commands = /^```sh\n([\s\S]*?)^```$/m.exec(section)?.[1];
  if (commands === undefined) throw new Error(`${PAGE} has no commands below "${heading}".`);
  const lines = commands.trimEnd().replaceAll("\\\n", "\0").split("\n");
  const [run = ""] = lines.splice(-1);
  const restore = (text: string) => text.replaceAll("\0", "\\\n");
  const setup = restore(lines.join("\n"));
  const [, language, text] = /^```(python|go|java)\n([\s\S]*?)^```$/m.exec(section) ?? [];
  const documented = { setup, run: restore(run) };
  if (language === undefined || text === undefined) return documented;
  return { ...documented, program: { file: FILES[language as keyof typeof FILES], text } };
}

/** The same with another idempotency key; throws if a program has no key to replace. */
export function withKey({ setup, run, program }: Documented, key: string): Documented {
  const parts = [run, program?.text ?? ""];
  if (!parts.some((part) => part.includes(KEY_ON_PAGE))) {
    throw new Error(`A program of ${PAGE} has no key ${KEY_ON_PAGE}.`);
  }
  const replace = (text: string) => text.replaceAll(KEY_ON_PAGE, key);
  if (program === undefined) return { setup, run: replace(run) };
  return { setup, run: replace(run), program: { ...program, text: replace(program.text) } };
}
