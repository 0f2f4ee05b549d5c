/** Reads a body that another party sends, up to a limit. */

/** All bytes of a stream, or undefined when there are more than `most`.
 *  @param dropped how many further bytes are read and dropped: a client that reads only after it has written everything
 *    would otherwise find the connection broken instead of the response */
export async function readLimited(
  stream: ReadableStream<Uint8Array> | null,
  most: number,
  dropped = 0,
): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream ?? []) {
    length += chunk.byteLength;
    if (length > most + dropped) return undefined;
    if (length <= most) chunks.push(chunk);
  }
  if (length > most) return undefined;
  const [only] = chunks;
  return chunks.length === 1 && only ? only : concatenate(chunks, length);
}

function concatenate(chunks: Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}
