/** A file that has its name only when it is complete. */
import { rename, rm, writeFile } from "node:fs/promises";

/** Payments are personal data. */
const OWNER_ONLY = 0o600;

export class PartFile {
  readonly #path: string;
  /** Where it is written to. */
  readonly part: string;

  constructor(path: string) {
    this.#path = path;
    this.part = `${path}.part`;
  }

  /** Makes it empty. */
  async create(): Promise<void> {
    await rm(this.part, { force: true });
    await writeFile(this.part, "", { mode: OWNER_ONLY });
  }

  /** Gives it its name, in place of a file that has it. */
  finish(): Promise<void> {
    return rename(this.part, this.#path);
  }

  remove(): Promise<void> {
    return rm(this.part, { force: true });
  }
}
