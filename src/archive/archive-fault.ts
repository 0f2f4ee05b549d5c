/** What goes wrong with the archive. The text names the object and what is wrong with it, and quotes nothing of it. */

/** `missing`: the bucket has no such object. `altered`: the object is not what was written. `unavailable`: the bucket did not
 *  respond, and the call can be repeated. */
export type ArchiveFaultKind = "missing" | "altered" | "unavailable";

export class ArchiveFault extends Error {
  override readonly name = "ArchiveFault";
  readonly kind: ArchiveFaultKind;
  /** The key of the object in the bucket. */
  readonly key: string;
  /** What is wrong with the object. */
  readonly what: string;

  /** @param what without any data of a merchant */
  constructor(kind: ArchiveFaultKind, key: string, what: string) {
    super(`${key}: ${what}`);
    this.kind = kind;
    this.key = key;
    this.what = what;
  }
}
