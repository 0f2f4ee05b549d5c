// Sends a GET and then a POST to each failing address with one HTTP client; prints what the caller sees.
import axios from "axios";
import axiosRetry from "axios-retry";
import got from "got";
import ky from "ky";
import { Agent, RetryAgent, request } from "undici";

const BODY = JSON.stringify({ amount: "100.50" });

const useFetch = (call) => async (method, url, headers, body) => {
  const response = await call(url, { method, headers, body });
  await response.text();
  return response.status;
};

function useAxios(options) {
  const client = axios.create({ validateStatus: (status) => status < 400 });
  if (options) axiosRetry(client, options);
  return async (method, url, headers, data) =>
    (await client.request({ method, url, headers, data })).status;
}

const useGot = (options) => async (method, url, headers, body) =>
  (await got(url, { method, headers, body, ...options })).statusCode;

function useRetryAgent(options) {
  const dispatcher = new RetryAgent(new Agent(), options);
  return async (method, url, headers, body) => {
    const response = await request(url, { method, headers, body, dispatcher });
    await response.body.text();
    return response.statusCode;
  };
}

const isRepeated = ({ response }) => !response || [429, 500, 503].includes(response.status);
const CLIENTS = {
  fetch: () => useFetch(fetch),
  "retry-agent": () => useRetryAgent(),
  "retry-agent-post": () => useRetryAgent({ methods: ["GET", "POST"] }),
  got: () => useGot({}),
  "got-post": () => useGot({ retry: { methods: ["GET", "POST"] } }),
  ky: () => useFetch((url, options) => ky(url, options)),
  "ky-post": () =>
    useFetch((url, options) => ky(url, { ...options, retry: { methods: ["post"] } })),
  axios: () => useAxios(),
  "axios-retry": () => useAxios({}),
  "axios-retry-post": () => useAxios({ retryCondition: isRepeated }),
};

/** The status of an error's response, or what the error is. */
const readError = (error) =>
  error.response?.status ??
  error.response?.statusCode ??
  error.cause?.code ??
  error.code ??
  error.name;

const [, , name, base, ...failures] = process.argv;
const call = CLIENTS[name]();
for (const failure of failures) {
  const url = `${base}/${name}/${failure}`;
  await call("GET", url, {}, undefined);
  const headers = { "Idempotency-Key": `key-${failure}`, "Content-Type": "application/json" };
  console.log(failure, await call("POST", url, headers, BODY).catch(readError));
}
process.exit(0);
