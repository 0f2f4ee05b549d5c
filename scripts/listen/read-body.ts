// Reading what is posted to a receiver of webhooks, never more of it than a delivery may have.

// A delivery is a few kilobytes; more than this is not from us.
const BODY_BYTES_MAX = 1_048_576;

/** The body's bytes; throws when there are too many. */
export async function readBody(request: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new Error("The body is too large.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
