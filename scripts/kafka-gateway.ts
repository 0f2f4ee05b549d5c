// `npm run kafka:gateway`: an HTTP server that takes records in the published Upstash REST produce
// form and writes them to any Kafka. Stateless: what is answered 200 is in Kafka, confirmed by all
// replicas in sync; after anything else the sender sends again.
import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, isIP } from "node:net";
import { BadRequest, readProduceRequest } from "./kafka/produce-request.ts";
import { type Connection, NotWritten, openWriter, Refused, TooLarge } from "./kafka/writer.ts";
import { errorMessage } from "./processes/errors.ts";

type Writer = ReturnType<typeof openWriter>;
type Headers = Record<string, string>;
type Settings = { host: string; port: number; connection: Connection; credentials: string };

const PORT_DEFAULT = "8082";
const PORT_MAX = 65_535;
const HOST_DEFAULT = "127.0.0.1";
const DEMO = "demo";
const BODY_BYTES_MAX = 8 * 1024 * 1024;
const BODY_LIMIT_MS = 15_000;
const METHODS: Record<string, string> = { "/produce": "POST", "/health": "GET" };

/** An answer other than 200, as the form has it: `{ error, status }`. */
class Answer extends Error {
  readonly status: number;
  readonly headers: Headers;

  constructor(status: number, message: string, headers: Headers = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

function readPort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= PORT_MAX) return port;
  throw new Error(`PORT must be a number up to ${PORT_MAX}; it is "${text}".`);
}

/** The settings in the environment; throws a sentence that says what is missing. */
function readSettings(env: NodeJS.ProcessEnv): Settings {
  const host = env.HOST || HOST_DEFAULT;
  const { KAFKA_BOOTSTRAP, GATEWAY_USERNAME, GATEWAY_PASSWORD } = env;
  if (!KAFKA_BOOTSTRAP) throw new Error("KAFKA_BOOTSTRAP must be set, such as 127.0.0.1:9092.");
  if (!isLoopback(host) && !(GATEWAY_USERNAME && GATEWAY_PASSWORD)) {
    throw new Error("Set GATEWAY_USERNAME and GATEWAY_PASSWORD to listen beyond this machine.");
  }
  const connection: Connection = {
    bootstrapBrokers: KAFKA_BOOTSTRAP.split(",").map((at) => at.trim()),
  };
  if (env.KAFKA_TLS === "1") connection.tls = {};
  if (env.KAFKA_SASL_USERNAME) {
    // The client itself refuses a mechanism that it does not have.
    const mechanism = (env.KAFKA_SASL_MECHANISM || "SCRAM-SHA-256") as "SCRAM-SHA-256";
    connection.sasl = {
      mechanism,
      username: env.KAFKA_SASL_USERNAME,
      password: env.KAFKA_SASL_PASSWORD ?? "",
    };
  }
  const credentials = `${GATEWAY_USERNAME || DEMO}:${GATEWAY_PASSWORD || DEMO}`;
  return { host, port: readPort(env.PORT || PORT_DEFAULT), connection, credentials };
}

function digest(text: string | Buffer): Buffer {
  return createHash("sha256").update(text).digest();
}

function checkCredentials(request: IncomingMessage, credentials: string): void {
  const [, token = ""] = /^Basic (.+)$/i.exec(request.headers.authorization ?? "") ?? [];
  const said = digest(Buffer.from(token, "base64"));
  if (timingSafeEqual(said, digest(credentials))) return;
  throw new Answer(401, "the user name or the password is wrong", {
    "www-authenticate": 'Basic realm="kafka"',
  });
}

async function readBody(request: IncomingMessage): Promise<string> {
  const tooLarge = new Answer(413, `the body is larger than ${BODY_BYTES_MAX} bytes`, {
    connection: "close",
  });
  if (Number(request.headers["content-length"] ?? 0) > BODY_BYTES_MAX) throw tooLarge;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw tooLarge;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function answerTo(
  request: IncomingMessage,
  writer: Writer,
  credentials: string,
): Promise<object> {
  const path = new URL(request.url ?? "/", "http://gateway").pathname;
  const method = METHODS[path];
  if (!method) throw new Answer(404, "there is nothing at this path");
  if (request.method !== method) {
    throw new Answer(405, `only ${method} is taken here`, { allow: method });
  }
  if (path === "/health") {
    await writer.ask();
    return { status: "ok" };
  }
  checkCredentials(request, credentials);
  return writer.write(readProduceRequest(await readBody(request)));
}

function answerFor(error: unknown): Answer {
  if (error instanceof Answer) return error;
  if (error instanceof BadRequest) return new Answer(400, error.message);
  if (error instanceof TooLarge) return new Answer(413, error.message);
  if (error instanceof Refused) return new Answer(400, error.message);
  if (error instanceof NotWritten) return new Answer(503, error.message);
  console.error(error);
  return new Answer(500, "something went wrong in the gateway");
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  writer: Writer,
  credentials: string,
): Promise<void> {
  const say = (status: number, body: object, headers: Headers = {}) => {
    if (response.destroyed) return;
    response.writeHead(status, { ...headers, "content-type": "application/json" });
    response.end(JSON.stringify(body));
  };
  try {
    say(200, await answerTo(request, writer, credentials));
  } catch (error) {
    const { status, message, headers } = answerFor(error);
    if (status >= 500) console.error(`${status} ${message}`);
    say(status, { error: message, status }, headers);
  }
}

async function serve({ host, port, connection, credentials }: Settings): Promise<void> {
  const writer = openWriter(connection);
  const server = createServer({ requestTimeout: BODY_LIMIT_MS }, (request, response) => {
    handle(request, response, writer, credentials);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const at = server.address() as AddressInfo; // It listens at a port, not at a pipe.
  const name = at.family === "IPv6" ? `[${at.address}]` : at.address;
  console.log(`The gateway writes to ${connection.bootstrapBrokers}.`);
  console.log(`KAFKA_REST_URL=http://${name}:${at.port}`);
  const stop = async () => {
    server.close();
    server.closeIdleConnections();
    await writer.close().catch(() => {});
    process.exit(0);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, stop);
}

// Only under npm: a server started from a shell may well outlive that shell.
if (process.env.npm_lifecycle_event) await import("./processes/lifeline.ts");

try {
  await serve(readSettings(process.env));
} catch (error) {
  console.error(errorMessage(error));
  process.exit(1);
}
