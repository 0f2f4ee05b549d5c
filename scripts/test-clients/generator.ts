// What a code generator has to do to be tested, and where it does it.
import { join } from "node:path";
import { ROOT } from "../install.mjs";
import type { ChildOptions } from "../processes/child-process.ts";
import type { Tool } from "./toolchain.ts";

export type RunOptions = Pick<ChildOptions, "cwd" | "env">;

/** Where a generator works. */
export type At = {
  /** Empty at first; keeps what was generated until the next run. */
  folder: string;
  /** A copy of openapi.json in the folder. */
  document: string;
  /** The address of the API. */
  base: string;
  /** Runs a command in the folder; gives what it printed, throws when it fails. */
  run(command: string, args: string[], options?: RunOptions): Promise<string>;
};

/** A program that runs the scenario with the generated client. */
export type Program = [command: string, args: string[]];

export type Generator = {
  name: string;
  version: string;
  language: "python" | "go" | "java" | "rust" | "typescript";
  tools: Tool[];
  /** Installs the generator and has it write a client. */
  generate(at: At): Promise<unknown>;
  /** Compiles the client together with its adapter. */
  compile(at: At): Promise<Program>;
};

/** The programs that use the generated clients, by language; each language has its scenario beside them. */
export const ADAPTERS = join(ROOT, "scripts", "test-clients", "adapters");
