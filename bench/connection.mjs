// One keep-alive connection that sends one request at a time, over and over (a closed loop).
// It must not know what the requests mean; it checks only the status it was told to expect.
import { Client } from "undici";

/** Past this a request counts as an error, so that a stuck server cannot hang the bench. */
const REQUEST_TIMEOUT_MS = 10_000;
/** A refused connection answers at once; without a pause the loop would spin on it. */
const PAUSE_AFTER_ERROR_MS = 50;
const ERROR_BODY_KEPT_BYTES = 500;

/**
 * It is its own undici handler, of the raw kind (onHeaders gets unparsed headers): one object for
 * the connection's whole life, and nothing made per request that the case does not need.
 */
export class Connection {
  #client;
  #request;
  #sentAt = 0;
  #unitAt = 0;
  #status = 0;
  #chunks = [];
  #next;
  #observe;
  #finished;

  constructor(origin) {
    this.#client = new Client(origin, {
      pipelining: 1,
      headersTimeout: REQUEST_TIMEOUT_MS,
      bodyTimeout: REQUEST_TIMEOUT_MS,
    });
  }

  /**
   * Runs units until `next()` returns undefined.
   * `observe` has `request(label, ms)`, `unit(ms)` and `error(text)`.
   */
  run(next, observe) {
    this.#next = next;
    this.#observe = observe;
    return new Promise((resolve) => {
      this.#finished = resolve;
      this.#begin();
    });
  }

  close() {
    return this.#client.destroy();
  }

  #begin() {
    const request = this.#next();
    if (request === undefined) return this.#finished();
    this.#unitAt = performance.now();
    this.#send(request);
  }

  #send(request) {
    this.#request = request;
    this.#chunks.length = 0;
    this.#sentAt = performance.now();
    this.#client.dispatch(request, this);
  }

  onConnect() {}

  onHeaders(status) {
    this.#status = status;
    return true;
  }

  onData(chunk) {
    if (this.#request.afterwards !== undefined || this.#status !== this.#request.status) {
      this.#chunks.push(chunk);
    }
    return true;
  }

  onComplete() {
    const request = this.#request;
    if (this.#status !== request.status) {
      const body = Buffer.concat(this.#chunks).toString("utf8", 0, ERROR_BODY_KEPT_BYTES);
      return this.#fail(
        `${request.method} ${request.label ?? request.path}: ${this.#status} ${body}`,
      );
    }
    const now = performance.now();
    this.#observe.request(request.label, now - this.#sentAt);
    let following;
    try {
      following = request.afterwards?.(Buffer.concat(this.#chunks).toString());
    } catch (error) {
      return this.#fail(`${request.method} ${request.path}: ${error.message}`);
    }
    if (following !== undefined) return this.#send(following);
    this.#observe.unit(now - this.#unitAt);
    this.#begin();
  }

  onError(error) {
    this.#fail(`${this.#request.method} ${this.#request.path}: ${error.code ?? error.message}`);
  }

  #fail(text) {
    this.#observe.error(text);
    setTimeout(() => this.#begin(), PAUSE_AFTER_ERROR_MS);
  }
}
