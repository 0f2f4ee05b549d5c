// Loads a module that imports from src. Node cannot run src as it is, so the module is bundled first.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

/** The exports of a module. @param path of its file. @throws when it cannot be bundled */
export async function loadSource<Module>(path: string): Promise<Module> {
  const dir = await mkdtemp(join(tmpdir(), "bundled-"));
  try {
    const outfile = join(dir, "module.mjs");
    await build({
      entryPoints: [path],
      outfile,
      bundle: true,
      format: "esm",
      platform: "node",
      logLevel: "error",
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    await rm(dir, { recursive: true });
  }
}
