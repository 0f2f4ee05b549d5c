/** Requests that this Worker sends to its own API for a signed-in session of the console. They carry no key: the session
 *  has only the key's hash. What a request stands for is kept beside the request object, so no header of a client can
 *  claim it. */

/** What a session was opened with: the SHA-256 in hex of an API key or of the admin token. */
export type Principal = { kind: "api_key" | "admin"; credential: string };

const principals = new WeakMap<Request, Principal>();

/** Lets a request of our own act as `principal`. It must be given to the API as this same object. */
export function actAs(request: Request, principal: Principal): Request {
  principals.set(request, principal);
  return request;
}

/** Whom a request of our own acts as; undefined for the requests of clients. */
export function findPrincipal(request: Request): Principal | undefined {
  return principals.get(request);
}
