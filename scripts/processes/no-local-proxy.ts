// Requests to this machine never go through a proxy. Node sends them there when NODE_USE_ENV_PROXY
// (or --use-env-proxy) and HTTP_PROXY are set, and a proxy does not reach our own port. Each script
// that calls a server on this machine imports this first; its child processes inherit the setting.
const LOCAL = ["127.0.0.1", "localhost", "[::1]"];

// undici reads the lower-case name first, and only that one when both are set.
const before = process.env.no_proxy ?? process.env.NO_PROXY ?? "";
// A lone star already means every host.
if (before.trim() !== "*") {
  const hosts = before.split(/[\s,]+/).filter((host) => host !== "");
  const all = [...new Set([...hosts, ...LOCAL])].join(",");
  process.env.no_proxy = all;
  process.env.NO_PROXY = all;
}
