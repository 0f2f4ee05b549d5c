/** The scripts are plain JavaScript; tests use these of their functions. */
declare module "*/install.mjs" {
  export const ROOT: string;
  export const BIN: string;
  export function projectNode(): string;
  export function findMissing(lock: string): string[];
}

declare module "*/bench/bundle.mjs" {
  type Project = Record<string, unknown>;
  type Migrations = string[][];
  export function readProject(root: string): Project;
  export function bundle(root: string, project: Project, dir: string): Promise<string>;
  export function readMigrations(root: string): Promise<Migrations>;
  export function layOut(given: {
    root: string;
    dir: string;
    worker: string;
    project: Project;
    vars: Record<string, string>;
  }): Promise<void>;
}

declare module "*/bench/server.mjs" {
  type Given = { adminToken: string; benchToken: string; migrations: string[][] };
  export function startServer(given: {
    mode: "miniflare" | "workerd";
    workerd: string;
    dir: string;
    log: string;
  }): Promise<{ origin: string; end(): Promise<void> }>;
  export function prepare(origin: string, given: Given): Promise<string>;
}
