/** The scripts are plain JavaScript; tests use these of their functions. */
declare module "*/install.mjs" {
  export const ROOT: string;
  export const BIN: string;
  export function projectNode(): string;
  export function findMissing(lock: string): string[];
}
