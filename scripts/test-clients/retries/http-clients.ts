// The HTTP clients whose repetitions are measured, with the rows that they have in docs/clients.md.
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { ADAPTERS, type At, type Client, type Program } from "../client.ts";
import { DEPENDENCY_PLUGIN } from "../openapi-generator.ts";
import { PUBLISHED_BEFORE } from "../typescript.ts";

export type HttpClient = {
  /** The name that the adapter has for it. */
  id: string;
  /** The first cell of its row in docs/clients.md. */
  row: string;
};

export type HttpClients = Pick<Client, "language" | "tools"> & {
  clients: HttpClient[];
  /** Installs the clients and compiles their adapter; gives the program, which takes the id of a client. */
  prepare(at: At): Promise<Program>;
};

const SOURCES = join(ADAPTERS, "retries");
const REQUESTS = "2.34.2";
const HTTPX = "0.28.1";
const HTTPX_RETRIES = "0.6.0";
const URLLIB3 = "2.8.0";
const RETRYABLEHTTP = "0.7.8";
const UNDICI = "8.12.4";
const GOT = "16.1.0";
const KY = "2.1.0";
const AXIOS = "1.21.1";
const AXIOS_RETRY = "4.5.0";
/** As in the adapter's pom.xml. */
const APACHE = "5.6.5";
const OKHTTP = "5.5.1";

const PYTHON: HttpClients = {
  language: "python",
  tools: ["python3"],
  clients: [
    { id: "requests", row: `requests ${REQUESTS}` },
    { id: "requests-retry", row: `requests ${REQUESTS} with \`Retry\` as above` },
    { id: "urllib3", row: `urllib3 ${URLLIB3}` },
    { id: "urllib3-forcelist", row: `urllib3 ${URLLIB3} with \`status_forcelist\`` },
    { id: "urllib3-raising", row: `urllib3 ${URLLIB3} with \`allowed_methods\` too` },
    { id: "httpx", row: `httpx ${HTTPX}` },
    { id: "httpx-retries", row: `httpx-retries ${HTTPX_RETRIES} as above` },
  ],
  async prepare({ run }) {
    await run("python3", ["-m", "venv", "venv"]);
    const exact = [
      `requests==${REQUESTS}`,
      `urllib3==${URLLIB3}`,
      `httpx==${HTTPX}`,
      `httpx-retries==${HTTPX_RETRIES}`,
    ];
    await run("venv/bin/pip", ["install", "-q", ...exact]);
    return ["venv/bin/python", [join(SOURCES, "retries.py")]];
  },
};

const GO: HttpClients = {
  language: "go",
  tools: ["go"],
  clients: [
    { id: "net-http", row: "Go's net/http" },
    { id: "retryablehttp", row: `go-retryablehttp ${RETRYABLEHTTP}` },
    {
      id: "retryablehttp-passthrough",
      row: `go-retryablehttp ${RETRYABLEHTTP} with \`PassthroughErrorHandler\``,
    },
  ],
  async prepare({ folder, run }) {
    copyFileSync(join(SOURCES, "main.go"), join(folder, "main.go"));
    await run("go", ["mod", "init", "example.com/retries"]);
    await run("go", ["get", `github.com/hashicorp/go-retryablehttp@v${RETRYABLEHTTP}`]);
    await run("go", ["build", "-o", "retries", "."]);
    return [join(folder, "retries"), []];
  },
};

const JAVA: HttpClients = {
  language: "java",
  tools: ["javac", "mvn"],
  clients: [
    { id: "java-net-http", row: "Java's HttpClient" },
    { id: "apache", row: `Apache HttpClient ${APACHE}` },
    { id: "apache-strategy", row: `Apache HttpClient ${APACHE} with the strategy above` },
    { id: "okhttp", row: `OkHttp ${OKHTTP}` },
  ],
  async prepare({ folder, run }) {
    copyFileSync(join(SOURCES, "pom.xml"), join(folder, "pom.xml"));
    await run("mvn", ["-q", `${DEPENDENCY_PLUGIN}:copy-dependencies`]);
    const jars = "target/dependency/*";
    await run("javac", ["-cp", jars, "-d", ".", join(SOURCES, "Retries.java")]);
    return ["java", ["-cp", `.:${jars}`, "Retries"]];
  },
};

const NODE: HttpClients = {
  language: "typescript",
  tools: ["npm"],
  clients: [
    { id: "fetch", row: "Node's fetch" },
    { id: "retry-agent", row: `undici ${UNDICI} \`RetryAgent\`` },
    { id: "retry-agent-post", row: `undici ${UNDICI} \`RetryAgent\` with POST` },
    { id: "got", row: `got ${GOT}` },
    { id: "got-post", row: `got ${GOT} with POST` },
    { id: "ky", row: `ky ${KY}` },
    { id: "ky-post", row: `ky ${KY} with POST` },
    { id: "axios-retry", row: `axios-retry ${AXIOS_RETRY}` },
    { id: "axios-retry-post", row: `axios-retry ${AXIOS_RETRY} with a condition by status` },
  ],
  async prepare({ folder, run }) {
    copyFileSync(join(SOURCES, "retries.mjs"), join(folder, "retries.mjs"));
    const exact = [
      `undici@${UNDICI}`,
      `got@${GOT}`,
      `ky@${KY}`,
      `axios@${AXIOS}`,
      `axios-retry@${AXIOS_RETRY}`,
    ];
    const options = ["--no-audit", "--no-fund", "--ignore-scripts", `--before=${PUBLISHED_BEFORE}`];
    await run("npm", ["install", ...options, "--prefix", ".", ...exact]);
    return [process.execPath, ["retries.mjs"]];
  },
};

const CURL: HttpClients = {
  language: "curl",
  tools: ["curl"],
  clients: [
    { id: "curl", row: "curl" },
    { id: "curl-retry", row: "curl `--retry 5`" },
    { id: "curl-retry-all", row: "curl `--retry 5 --retry-all-errors`" },
  ],
  prepare: async () => ["sh", [join(SOURCES, "retries.sh")]],
};

export const HTTP_CLIENTS: HttpClients[] = [PYTHON, GO, JAVA, NODE, CURL];
