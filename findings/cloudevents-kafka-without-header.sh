#!/usr/bin/env bash
# A Kafka record that holds a CloudEvent in structured mode and has no headers. The Kafka binding says of the
# header only "if present" (section 3.3), and several REST servers in front of Kafka cannot send one, so such
# records are valid. Expected: every SDK reads them alike, or at least says alike that it cannot.
# Seen: Python reads it, JavaScript and Java throw, Go has no encoding for it; with the header all of them read
# it. What each SDK offers for a plain JSON text reads it everywhere.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
JS=10.0.0; PY=2.2.0; GO=v2.16.2; JAVA=4.0.1; CLIENTS=4.1.1
cat > event.json <<'JSON'
{"specversion":"1.0","id":"e1","source":"/shop","type":"order.paid.v1","time":"2026-11-22T21:00:00Z","datacontenttype":"application/json","data":{"n":1}}
JSON
TYPE='application/cloudevents+json; charset=UTF-8'
export TYPE

mkdir js && (cd js && npm init -y >/dev/null && npm install --silent --no-audit --no-fund "cloudevents@$JS" >/dev/null)
cat > js/t.mjs <<'JS_END'
import { readFileSync } from "node:fs";
import { CloudEvent, Kafka } from "cloudevents";
const value = readFileSync("../event.json", "utf8");
const read = (name, f) => { try { console.log(`js ${name}: ${f().id}`); } catch (e) { console.log(`js ${name}: ${e.name} ${e.message}`); } };
read("without", () => Kafka.toEvent({ headers: {}, value }));
read("with", () => Kafka.toEvent({ headers: { "content-type": process.env.TYPE }, value }));
read("as JSON", () => new CloudEvent(JSON.parse(value)));
JS_END
(cd js && node t.mjs) | tee seen

python3 -m venv py && py/bin/pip -q install --disable-pip-version-check "cloudevents==$PY"
cat > t.py <<'PY_END'
import os
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka_event
from cloudevents.core.formats.json import JSONFormat
value = open("event.json", "rb").read()
def read(name, f):
    try: print(f"python {name}: {f().get_id()}")
    except Exception as x: print(f"python {name}: {type(x).__name__}")
read("without", lambda: from_kafka_event(KafkaMessage(headers={}, key=b"k", value=value)))
read("with", lambda: from_kafka_event(KafkaMessage(headers={"content-type": os.environ["TYPE"].encode()}, key=b"k", value=value)))
read("as JSON", lambda: JSONFormat().read(None, value))
PY_END
py/bin/python t.py | tee -a seen

mkdir go && cat > go/main.go <<'GO_END'
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/IBM/sarama"
	kafka "github.com/cloudevents/sdk-go/protocol/kafka_sarama/v2"
	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/event"
)

func main() {
	value, _ := os.ReadFile("../event.json")
	read := func(name string, headers []*sarama.RecordHeader) {
		e, err := binding.ToEvent(context.Background(), kafka.NewMessageFromConsumerMessage(&sarama.ConsumerMessage{Value: value, Headers: headers}))
		if err != nil {
			fmt.Printf("go %s: %v\n", name, err)
			return
		}
		fmt.Printf("go %s: %s\n", name, e.ID())
	}
	read("without", nil)
	read("with", []*sarama.RecordHeader{{Key: []byte("content-type"), Value: []byte(os.Getenv("TYPE"))}})
	e := event.New()
	if err := e.UnmarshalJSON(value); err != nil {
		panic(err)
	}
	fmt.Printf("go as JSON: %s\n", e.ID())
}
GO_END
(cd go && go mod init t && go get "github.com/cloudevents/sdk-go/v2@$GO" "github.com/cloudevents/sdk-go/protocol/kafka_sarama/v2@$GO" && go mod tidy) >/dev/null 2>&1
(cd go && go run .) | tee -a seen

mkdir java && cat > java/pom.xml <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>t</groupId><artifactId>t</artifactId><version>1</version><dependencies>
<dependency><groupId>io.cloudevents</groupId><artifactId>cloudevents-kafka</artifactId><version>$JAVA</version></dependency>
<dependency><groupId>io.cloudevents</groupId><artifactId>cloudevents-json-jackson</artifactId><version>$JAVA</version></dependency>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-clients</artifactId><version>$CLIENTS</version></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version></dependency>
</dependencies></project>
POM
(cd java && mvn -q dependency:copy-dependencies -DoutputDirectory=libs >/dev/null)
cat > java/T.java <<'JAVA_END'
import io.cloudevents.core.provider.EventFormatProvider;
import io.cloudevents.jackson.JsonFormat;
import io.cloudevents.kafka.CloudEventDeserializer;
import java.nio.file.*;
import org.apache.kafka.common.header.internals.RecordHeaders;
public class T {
  static byte[] value;
  static void read(String name, RecordHeaders headers) {
    try (CloudEventDeserializer d = new CloudEventDeserializer()) {
      System.out.println("java " + name + ": " + d.deserialize("t", headers, value).getId());
    } catch (Exception x) { System.out.println("java " + name + ": " + x.getClass().getSimpleName() + " " + x.getMessage()); }
  }
  public static void main(String[] a) throws Exception {
    value = Files.readAllBytes(Path.of("../event.json"));
    read("without", new RecordHeaders());
    RecordHeaders with = new RecordHeaders();
    with.add("content-type", System.getenv("TYPE").getBytes());
    read("with", with);
    System.out.println("java as JSON: " + EventFormatProvider.getInstance().resolveFormat(JsonFormat.CONTENT_TYPE).deserialize(value).getId());
  }
}
JAVA_END
(cd java && java -cp 'libs/*' T.java) | tee -a seen

cat > expected <<'END'
js without: TypeError No CloudEvent detected
js with: e1
js as JSON: e1
python without: e1
python with: e1
python as JSON: e1
go without: unknown Message encoding
go with: e1
go as JSON: e1
java without: CloudEventRWException Could not parse. Unknown encoding. Invalid content type or spec version
java with: e1
java as JSON: e1
END
echo; echo "cloudevents: JavaScript $JS, Python $PY, Go $GO, Java $JAVA"
diff expected seen && echo "as seen before: four SDKs, three answers to one valid record"
