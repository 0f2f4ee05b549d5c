/** R2 in memory, as far as the archive uses it, with operations that can fail. */

export class MemoryBucket {
  readonly objects = new Map<string, Uint8Array<ArrayBuffer>>();
  operations = 0;
  pageObjects = 1_000;
  /** When all objects were written. */
  uploadedMs = 0;
  /** Called before an operation with its number; a fault that it throws is the operation's. After a put it is called again
   *  with a half more: what was written is there, and the caller does not learn it. */
  before: (operation: number) => void | Promise<void> = () => {};

  readonly bucket = {
    put: async (key: string, bytes: Uint8Array) => {
      const at = this.#count();
      await this.before(at);
      this.objects.set(key, new Uint8Array(bytes));
      await this.before(at + 0.5);
      return {};
    },
    get: async (key: string, { range }: { range?: { offset: number; length: number } } = {}) => {
      await this.before(this.#count());
      const bytes = this.objects.get(key);
      if (!bytes) return null;
      const part = range ? bytes.slice(range.offset, range.offset + range.length) : bytes.slice();
      return { size: bytes.byteLength, arrayBuffer: async () => part.buffer };
    },
    list: async ({ prefix = "", startAfter = "" }: { prefix?: string; startAfter?: string }) => {
      await this.before(this.#count());
      const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort();
      const found = keys.filter((key) => key > startAfter);
      const page = found.slice(0, this.pageObjects);
      const objects = page.map((key) => ({ key, uploaded: new Date(this.uploadedMs) }));
      return { objects, truncated: found.length > page.length };
    },
    delete: async (keys: string[]) => {
      const at = this.#count();
      await this.before(at);
      for (const key of keys) this.objects.delete(key);
      await this.before(at + 0.5);
    },
  } as unknown as R2Bucket; // Nothing else of it is used.

  #count(): number {
    this.operations += 1;
    return this.operations;
  }
}
