// One keep-alive connection that sends one request at a time, over and over (a closed loop).
// It must not depend on what the requests mean; it checks only that the status is the expected one.
import { Client, type Dispatcher } from "undici";
import { errorCode, errorMessage } from "../scripts/processes/errors.ts";
import type { CaseRequest } from "./cases.ts";

/** Gives the next unit's first request; undefined ends the loop. */
type Next = () => CaseRequest | undefined;

export type Observer = {
  request(label: string | undefined, ms: number): void;
  unit(ms: number): void;
  error(text: string): void;
};

/** Past this a request counts as an error, so that a stuck server cannot hang the bench. */
const REQUEST_TIMEOUT_MS = 10_000;
/** A refused connection answers at once; without a pause the loop would spin on it. */
const PAUSE_AFTER_ERROR_MS = 50;
const ERROR_BODY_KEPT_BYTES = 500;
/** In place of a request until the first one is sent. */
const NO_REQUEST: CaseRequest = { method: "GET", path: "", status: 0 };
const NOBODY: Observer = { request() {}, unit() {}, error() {} };

/**
 * It is its own undici handler, of the raw kind (onHeaders gets unparsed headers): one object for
 * the connection's whole life, and nothing made per request that the case does not need.
 */
export class Connection implements Dispatcher.DispatchHandler {
  readonly #client: Client;
  #request = NO_REQUEST;
  #sentAt = 0;
  #unitAt = 0;
  #status = 0;
  readonly #chunks: Buffer[] = [];
  #next: Next = () => undefined;
  #observe = NOBODY;
  #finished = () => {};

  constructor(origin: string) {
    this.#client = new Client(origin, {
      pipelining: 1,
      headersTimeout: REQUEST_TIMEOUT_MS,
      bodyTimeout: REQUEST_TIMEOUT_MS,
    });
  }

  /** Runs units until `next()` returns undefined. */
  run(next: Next, observe: Observer): Promise<void> {
    this.#next = next;
    this.#observe = observe;
    return new Promise((resolve) => {
      this.#finished = resolve;
      this.#begin();
    });
  }

  close(): Promise<void> {
    return this.#client.destroy();
  }

  #begin(): void {
    const request = this.#next();
    if (request === undefined) return void this.#finished();
    this.#unitAt = performance.now();
    this.#send(request);
  }

  #send(request: CaseRequest): void {
    this.#request = request;
    this.#chunks.length = 0;
    this.#sentAt = performance.now();
    this.#client.dispatch(request, this);
  }

  onConnect(): void {}

  onHeaders(status: number): boolean {
    this.#status = status;
    return true;
  }

  onData(chunk: Buffer): boolean {
    if (this.#request.afterwards !== undefined || this.#status !== this.#request.status) {
      this.#chunks.push(chunk);
    }
    return true;
  }

  onComplete(): void {
    const request = this.#request;
    if (this.#status !== request.status) {
      const body = Buffer.concat(this.#chunks).toString("utf8", 0, ERROR_BODY_KEPT_BYTES);
      return void this.#fail(
        `${request.method} ${request.label ?? request.path}: ${this.#status} ${body}`,
      );
    }
    const now = performance.now();
    this.#observe.request(request.label, now - this.#sentAt);
    let following: CaseRequest | undefined;
    try {
      following = request.afterwards?.(Buffer.concat(this.#chunks).toString());
    } catch (error) {
      return void this.#fail(`${request.method} ${request.path}: ${errorMessage(error)}`);
    }
    if (following !== undefined) return void this.#send(following);
    this.#observe.unit(now - this.#unitAt);
    this.#begin();
  }

  onError(error: Error): void {
    const why = errorCode(error) || error.message;
    this.#fail(`${this.#request.method} ${this.#request.path}: ${why}`);
  }

  #fail(text: string): void {
    this.#observe.error(text);
    setTimeout(() => this.#begin(), PAUSE_AFTER_ERROR_MS);
  }
}
