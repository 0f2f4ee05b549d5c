// librdkafka's mock cluster: not Kafka, but its protocol over TCP, in the memory of a Python that
// loads the C library. For machines that have no Java.
import { runChild, startChild } from "../processes/child-process.ts";
import { untilSaid } from "../processes/wait.ts";

const START_LIMIT_MS = 20_000;

const SCRIPT = `
import ctypes as c, sys
r = c.CDLL("librdkafka.so.1")
r.rd_kafka_new.restype = c.c_void_p
r.rd_kafka_new.argtypes = [c.c_int, c.c_void_p, c.c_char_p, c.c_size_t]
r.rd_kafka_mock_cluster_new.restype = c.c_void_p
r.rd_kafka_mock_cluster_new.argtypes = [c.c_void_p, c.c_int]
r.rd_kafka_mock_topic_create.argtypes = [c.c_void_p, c.c_char_p, c.c_int, c.c_int]
r.rd_kafka_mock_cluster_bootstraps.restype = c.c_char_p
r.rd_kafka_mock_cluster_bootstraps.argtypes = [c.c_void_p]
r.rd_kafka_version_str.restype = c.c_char_p
error = c.create_string_buffer(512)
client = r.rd_kafka_new(0, None, error, 512)
cluster = r.rd_kafka_mock_cluster_new(client, 1)
for topic in sys.argv[1:]:
    r.rd_kafka_mock_topic_create(cluster, topic.encode(), 3, 1)
print("MOCK", r.rd_kafka_version_str().decode(), r.rd_kafka_mock_cluster_bootstraps(cluster).decode(), flush=True)
sys.stdin.read()
`;

/** Why no mock cluster can be started, or null when one can. */
export async function whyNoMock(): Promise<string | null> {
  const load = ["-c", 'import ctypes; ctypes.CDLL("librdkafka.so.1")'];
  const { code } = await runChild("python3", load, { limit_ms: START_LIMIT_MS });
  return code === 0 ? null : "python3 with librdkafka.so.1 is not there";
}

/** Starts a mock cluster with these topics. */
export async function startMock(topics: string[]): Promise<{ name: string; bootstrap: string }> {
  const child = startChild("python3", ["-c", SCRIPT, ...topics], { input: "pipe" });
  const line = /^MOCK (\S+) (\S+)$/m;
  const [, version, bootstrap = ""] = await untilSaid(child, line, "it had a port", START_LIMIT_MS);
  return { name: `librdkafka ${version}'s mock cluster (not Apache Kafka)`, bootstrap };
}
