/** Whether one request may resolve a promise that another one waits for: the runtime then runs every continuation in the
 *  request that made its promise. Two things are needed for that: the promises come from `withResolvers` (one from
 *  `new Promise`, once that is compiled, has lost its request), and each request keeps a timer of its own running
 *  (without one the runtime ends it as hung). The flag is set by default, and never in the test runner. */
const RUNTIME = (globalThis as { Cloudflare?: Cloudflare }).Cloudflare;
export const CAN_RESOLVE_OTHERS =
  RUNTIME?.compatibilityFlags.handle_cross_request_promise_resolution === true;
