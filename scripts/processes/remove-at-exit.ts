// Removes temporary folders when this process ends, after the child processes that write to them.
// The import puts that order into effect: exit handlers run in the order in which they were added.
import "./child-process.ts";
import { rmSync } from "node:fs";

/** A process that was killed may still write for a moment. */
const RETRIES = 3;

const folders = new Set<string>();

process.once("exit", () => {
  for (const folder of folders) {
    rmSync(folder, { recursive: true, force: true, maxRetries: RETRIES });
  }
});

/** Has `folder` removed when this process ends; gives it back. */
export function removeAtExit(folder: string): string {
  folders.add(folder);
  return folder;
}
