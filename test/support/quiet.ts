/** Keeps out of the tests' output what the runtime prints about faults that tests make on purpose. Only the
 *  messages named here are dropped; any other one is shown, so that it can be seen. */
const EXPECTED = [
  // Objects that a test ended, or that ended themselves because a test let a write fail.
  /broken\.outputGateBroken; jsg\.Error: (a new release|crash|evicted|forget|restarted|what was begun could not be written)/,
  // Their callers, and receivers and servers that cut the connection or speak no TLS.
  /Network connection lost/,
  /disconnected: (client error|Connection refused|HTTP body)/,
  /TLS handshake failed/,
  // Webhooks to hosts like shop.example, which do not exist. The first error causes the second.
  /failed to lookup address information/,
  /internal error; reference = /,
  // A test took a table away.
  /Error: no such table: bodies/,
  // What a test lets an object throw.
  /(Error: |exception = )(boom-secret|canary)-/,
  /exception = #<Object>/,
  // A test runs an alarm that is already due, or moves the clock.
  /NOSENTRY SQLite alarm/,
  // Headers that are not ASCII are sent on purpose.
  /^A header value for .* contains non-ASCII characters/s,
  // A package without the sources that its source map names.
  /^Sourcemap for .* points to missing source files/,
];

const DONE = Symbol.for("tests.quiet");

type Stream = NodeJS.WriteStream & { [DONE]?: true };

/** vitest's global set-up: the runtime's messages are written by this process, a message at a time. */
export default function setup(): void {
  for (const stream of [process.stdout, process.stderr] as Stream[]) {
    if (stream[DONE]) continue; // Another project has been here.
    stream[DONE] = true;
    const write = stream.write;
    stream.write = ((...given: Parameters<typeof write>) =>
      EXPECTED.some((expected) => expected.test(String(given[0]))) ||
      write.apply(stream, given)) as typeof write;
  }
}
