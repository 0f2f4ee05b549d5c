/** Writes exported payments as the lines that they have in the archive. */
import { open } from "node:fs/promises";
import type { Output } from "./export";
import { PartFile } from "./part-file";

/** Characters that are written at once. */
const CHUNK_CHARACTERS = 262_144;

/** @param path of a new file, or of one that it replaces */
export async function openNdjson(path: string): Promise<Output> {
  const file = new PartFile(path);
  await file.create();
  const handle = await open(file.part, "a");
  let waiting = "";
  const write = async () => {
    await handle.write(waiting);
    waiting = "";
  };
  return {
    async add(line) {
      waiting += `${line}\n`;
      if (waiting.length >= CHUNK_CHARACTERS) await write();
    },
    async end() {
      await write();
      await handle.close();
      await file.finish();
    },
    async abandon() {
      await handle.close();
      await file.remove();
    },
  };
}
