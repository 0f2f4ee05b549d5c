// How a generated client is compiled and run in each language, together with its adapter in clients/.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { BIN, ROOT } from "../install.mjs";
import type { ChildOptions } from "../processes/child-process.ts";

export type RunOptions = Pick<ChildOptions, "cwd" | "env">;
type Run = (command: string, args: string[], options?: RunOptions) => Promise<string>;

export type At = {
  /** Empty, to work in. */
  folder: string;
  /** A folder that all generators share. */
  shared: string;
  document: string;
  /** The API's address. */
  base: string;
  /** Runs a command in the folder; throws when it fails. */
  run: Run;
};

export type Program = [command: string, args: string[]];

export const MODULE = "example.com/shop/payments";
const CLIENTS = join(ROOT, "scripts", "generators", "clients");
const NPM_PACKAGES = [
  "@hey-api/openapi-ts@0.99.0",
  "openapi-fetch@0.17.0",
  "openapi-typescript@7.13.0",
  "orval@8.38.0",
  "typescript@5.9.3",
];
const TSCONFIG = {
  compilerOptions: {
    target: "ES2022",
    module: "ESNext",
    moduleResolution: "Bundler",
    lib: ["ES2023", "DOM", "DOM.Iterable"],
    types: [],
    strict: true,
    skipLibCheck: true,
    noEmit: true,
  },
  include: ["*.ts", "generated"],
};
const CARGO_TOML = `[package]
name = "check"
version = "0.0.0"
edition = "2024"

[workspace]

[dependencies]
payments = { path = "..", default-features = false }
serde_json = "1"
tokio = { version = "1", features = ["macros", "rt"] }
`;

/** The client's module is in `folder`; the program that uses it goes into a folder of it. */
export async function goProgram({ folder, run }: At, adapter: string): Promise<Program> {
  const program = join(folder, "check");
  mkdirSync(program);
  copyFileSync(join(CLIENTS, "scenario.go"), join(program, "scenario.go"));
  copyFileSync(join(CLIENTS, adapter), join(program, "main.go"));
  const binary = join(program, "check");
  await run("go", ["vet", "./check"]);
  await run("go", ["build", "-mod=mod", "-o", binary, "./check"]);
  return [binary, []];
}

export async function pythonWith({ folder, run }: At, requirements: string[]): Promise<string> {
  const python = join(folder, "python", "bin", "python");
  await run("python3", ["-m", "venv", join(folder, "python")]);
  await run(python, ["-m", "pip", "install", "-q", "--disable-pip-version-check", ...requirements]);
  return python;
}

export function pythonProgram({ folder }: At, adapter: string, python: string): Program {
  for (const file of ["scenario.py", adapter])
    copyFileSync(join(CLIENTS, file), join(folder, file));
  return [python, [join(folder, adapter)]];
}

/** The generators for TypeScript share a folder of packages; all are installed once. */
export async function npmPackages({ shared, run }: At): Promise<void> {
  if (existsSync(join(shared, "node_modules", ".package-lock.json"))) return;
  await run("npm", ["install", "--no-audit", "--no-fund", "--prefix", shared, ...NPM_PACKAGES]);
}

export const runNpm = ({ shared, run }: At, tool: string, args: string[]) =>
  run(join(shared, "node_modules/.bin", tool), args);

/** Types have to fit under `strict`; then it is bundled for Node. */
export async function typescriptProgram(at: At, adapter: string): Promise<Program> {
  const { folder, shared, run } = at;
  for (const file of ["scenario.ts", adapter])
    copyFileSync(join(CLIENTS, file), join(folder, file));
  symlinkSync(join(shared, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(TSCONFIG));
  await runNpm(at, "tsc", ["-p", folder]);
  const bundle = join(folder, "check.mjs");
  const options = ["--bundle", "--platform=node", "--format=esm", `--outfile=${bundle}`];
  await run(join(BIN, "esbuild"), [join(folder, adapter), ...options]);
  return [process.execPath, [bundle]];
}

/** Only the address of the local API is called, so the client does without TLS. */
export async function rustProgram({ folder, run }: At, adapter: string): Promise<Program> {
  const program = join(folder, "check");
  mkdirSync(join(program, "src"), { recursive: true });
  copyFileSync(join(CLIENTS, adapter), join(program, "src", "main.rs"));
  writeFileSync(join(program, "Cargo.toml"), CARGO_TOML);
  await run("cargo", ["build", "--quiet", "--manifest-path", join(program, "Cargo.toml")]);
  return [join(program, "target", "debug", "check"), []];
}

/** Compiles the client with Maven, and the adapter beside it with the classes that the client needs. */
export async function javaProgram({ folder, run }: At, adapter: string): Promise<Program> {
  const program = join(folder, "check");
  mkdirSync(program);
  copyFileSync(join(CLIENTS, adapter), join(program, "Check.java"));
  const list = join(folder, "classpath");
  const compile = ["-q", "-Dmaven.test.skip=true", "compile", "dependency:build-classpath"];
  await run("mvn", [...compile, `-Dmdep.outputFile=${list}`]);
  const classes = [join(folder, "target", "classes"), readFileSync(list, "utf8").trim()].join(":");
  await run("javac", ["-cp", classes, "-d", program, join(program, "Check.java")]);
  return ["java", ["-cp", `${program}:${classes}`, "Check"]];
}
