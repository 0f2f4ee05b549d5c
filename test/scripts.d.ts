/** The scripts are plain JavaScript; tests use these of their functions. */
declare module "*/scripts/local.mjs" {
  export function ensureDevVars(): void;
  export function readDevVars(): Record<string, string>;
  export function migrate(): Promise<void>;
}
