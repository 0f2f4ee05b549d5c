// A client of the API that is tested: one that a code generator writes, or an HTTP client that needs no generated code.
import { join } from "node:path";
import { ROOT } from "../install.mjs";
import type { ChildOptions } from "../processes/child-process.ts";
import type { Tool } from "./toolchain.ts";

export type RunOptions = Pick<ChildOptions, "cwd" | "env">;

/** Where a client is made and run. */
export type At = {
  /** Empty but for openapi.json; keeps what was generated until the next run. */
  folder: string;
  /** A copy of openapi.json in the folder. */
  document: string;
  /** The address of the API. */
  base: string;
  /** Runs a command in the folder; gives what it printed, throws when it fails. */
  run(command: string, args: string[], options?: RunOptions): Promise<string>;
};

/** A program that runs the scenario with a generated client. */
export type Program = [command: string, args: string[]];

export type Client = {
  name: string;
  version: string;
  language: "python" | "go" | "java" | "rust" | "typescript" | "curl";
  tools: Tool[];
  /** The section of docs/clients.md that has its commands and a program. */
  heading?: string;
  /** Installs the generator and has it write a client; absent if the commands of the section do that. */
  generate?(at: At): Promise<unknown>;
  /** Compiles the generated client together with its adapter; absent if nothing is generated. */
  compile?(at: At): Promise<Program>;
  /** A test of another kind than the scenario and the program of the section. */
  run?(at: At): Promise<void>;
};

/** The programs that use the generated clients, by language; each language has its scenario beside them. */
export const ADAPTERS = join(ROOT, "scripts", "test-clients", "adapters");
