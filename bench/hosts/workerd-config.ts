// The configs with which two bare workerd serve a layout: one holds the Worker, its objects and queues, the other D1.
// On Cloudflare D1 runs on another machine than the objects; in one process it would take their thread's time.
/** The service of the Worker's process that leads to D1's. Its address is given when the process is started. */
export const D1_SERVICE = "d1";

/** The parts of a wrangler config that these configs are made from. */
type Project = {
  compatibility_date?: string;
  compatibility_flags?: string[];
  durable_objects?: { bindings: { name: string; class_name: string }[] };
  queues?: { producers?: { binding: string; queue: string }[]; consumers?: Consumer[] };
  d1_databases?: { binding: string }[];
};
type Consumer = {
  queue: string;
  max_batch_size?: number;
  max_batch_timeout?: number;
  max_retries?: number;
  retry_delay?: number;
  dead_letter_queue?: string;
};
type Vars = Record<string, string>;

const IMPORT = 'using Workerd = import "/workerd/workerd.capnp";';
/** workerd's own Workers for queues and D1 are written for this date. */
const BUNDLED_DATE = "2026-01-01";
const SOCKET_ADDRESS = "127.0.0.1:0";

/** The config of the Worker's process, in Cap'n Proto text; paths are relative to it. */
export function workerConfig(project: Project, vars: Vars): string {
  const { compatibility_date = "", compatibility_flags = [], durable_objects } = project;
  const objects = durable_objects?.bindings ?? [];
  const bindings = [
    ...Object.entries(vars).map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`),
    ...objects.map(
      ({ name, class_name }) =>
        `(name = ${text(name)}, durableObjectNamespace = ${text(class_name)})`,
    ),
    ...(project.queues?.producers ?? []).map(
      ({ binding, queue }) =>
        `(name = ${text(binding)}, queue = (name = "queues", props = (json = ${json({ queue })})))`,
    ),
    ...(project.d1_databases ?? []).map(
      ({
        binding,
      }) => `(name = ${text(binding)}, wrapped = (moduleName = "cloudflare-internal:d1-api",
        innerBindings = [(name = "fetcher", service = ${text(D1_SERVICE)})]))`,
    ),
  ];
  const flags = compatibility_flags.map(text);
  const modules = ["entry.js", "worker.js"].map(
    (name) => `(name = ${text(name)}, esModule = embed ${text(name)})`,
  );
  return `${IMPORT}
const config :Workerd.Config = (
  services = [
    (name = "worker", worker = (
      modules = [${modules.join(", ")}],
      compatibilityDate = ${text(compatibility_date)},
      compatibilityFlags = [${flags.join(", ")}],
      bindings = [${bindings.join(",\n        ")}],
      durableObjectNamespaces = [${objects.map(({ class_name }) => namespace(class_name)).join(", ")}],
      durableObjectStorage = (localDisk = "objects"))),
    ${disk("objects")},
    (name = "queues", worker = (
      ${bundled("queues.js")},
      bindings = [
        (name = "SHARD", durableObjectNamespace = "QueueShard"),
        (name = "CONSUMERS", json = ${json(consumers(project))}),
        (name = "worker", service = "worker")],
      compatibilityFlags = ["service_binding_extra_handlers"],
      durableObjectNamespaces = [${namespace("QueueShard")}],
      durableObjectStorage = (localDisk = "queue-objects"))),
    ${disk("queue-objects")},
    (name = ${text(D1_SERVICE)}, external = (http = ()))],

  ${socket("worker")});
`;
}

/** The config of D1's process. */
export function d1Config(): string {
  return `${IMPORT}
const config :Workerd.Config = (
  services = [
    (name = "d1", worker = (
      ${bundled("d1.js")},
      bindings = [(name = "DATABASE", durableObjectNamespace = "D1Database")],
      durableObjectNamespaces = [${namespace("D1Database")}],
      durableObjectStorage = (localDisk = "databases"))),
    ${disk("databases")}],
  ${socket("d1", json({ database: "bench" }))});
`;
}

/** The folders below the config's that its disks need. */
export const STORAGE_FOLDERS = ["objects", "queue-objects", "databases"];

function disk(name: string): string {
  return `(name = ${text(name)}, disk = (path = ${text(name)}, writable = true))`;
}

function namespace(class_name: string): string {
  return `(className = ${text(class_name)}, uniqueKey = ${text(class_name)}, enableSql = true)`;
}

function bundled(name: string): string {
  return `modules = [(name = ${text(name)}, bundled = ${text(`/workerd/${name}`)})],
      compatibilityDate = ${text(BUNDLED_DATE)}`;
}

function socket(service: string, props?: string): string {
  const designator = `(name = ${text(service)}${props === undefined ? "" : `, props = (json = ${props})`})`;
  return `sockets = [(name = "http", address = ${text(SOCKET_ADDRESS)}, http = (), service = ${designator})]`;
}

function consumers(project: Project): Record<string, object> {
  const entries = (project.queues?.consumers ?? []).map(({ queue, ...own }) => [
    queue,
    {
      consumer: "worker",
      maxBatchSize: own.max_batch_size,
      maxBatchTimeout: own.max_batch_timeout,
      maxRetries: own.max_retries,
      retryDelay: own.retry_delay,
      deadLetterQueue: own.dead_letter_queue,
    },
  ]);
  return Object.fromEntries(entries);
}

const text = (value: string) => JSON.stringify(value);
const json = (value: object) => text(JSON.stringify(value));
