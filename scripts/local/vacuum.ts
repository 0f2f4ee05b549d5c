// Where the linter vacuum is, once `npm run build:vacuum` has built it.
import { join } from "node:path";
import { ROOT } from "../install.mjs";

export const VACUUM_VERSION = "0.30.3";
export const VACUUM = join(ROOT, ".cache", `vacuum-${VACUUM_VERSION}`, "vacuum");
