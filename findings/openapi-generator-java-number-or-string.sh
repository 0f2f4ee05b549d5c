#!/usr/bin/env bash
# openapi-generator's java, a property that is a number or a string (`oneOf`), such as an exact amount.
# Expected: its class holds either, can be sent, and reads what it has sent.
# Seen with 7.25.0: the HTTP library that is chosen decides. With library=apache-httpclient (restclient and resttemplate
# likewise) the class has no members, without a warning, and is sent as `{}`. With library=native the value is sent, but
# the client refuses to read it, because Jackson converts a number to a string and the reverse, so both classes match.
# `--schema-mappings Price_amount=Object` avoids both. Needs a JDK and Maven.
set -euo pipefail
VERSION=7.25.0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > openapi.json <<'JSON'
{ "openapi": "3.0.3", "info": { "title": "t", "version": "1" }, "paths": {},
  "components": { "schemas": {
    "Price": { "type": "object", "required": ["amount"], "properties": {
      "amount": { "oneOf": [ { "type": "number" }, { "type": "string" } ] } } } } } }
JSON
dependency=org.apache.maven.plugins:maven-dependency-plugin:3.8.1
mvn -q "$dependency:copy" -Dartifact="org.openapitools:openapi-generator-cli:$VERSION" -DoutputDirectory=.
cat > Run.java <<'JAVA'
import java.util.Arrays;
import t.*;

public class Run {
  public static void main(String[] args) throws Exception {
    var mapper = new ApiClient().getObjectMapper();
    // Only a class that holds a value has a constructor for one.
    var amount = new PriceAmount();
    for (var constructor : PriceAmount.class.getConstructors())
      if (Arrays.equals(constructor.getParameterTypes(), new Class<?>[] {String.class}))
        amount = (PriceAmount) constructor.newInstance("5.00");
    String read;
    try {
      read = mapper.writeValueAsString(mapper.readValue("{\"amount\":\"5.00\"}", Price.class));
    } catch (java.io.IOException error) {
      read = error.getMessage().contains("2 classes match") ? "an exception: 2 classes match" : "an exception";
    }
    System.out.println("sends " + mapper.writeValueAsString(new Price().amount(amount)) + ", reads " + read);
  }
}
JAVA
echo "openapi-generator $VERSION, java"
echo 'expected of both:  sends {"amount":"5.00"}, reads {"amount":"5.00"}'
try() {
  java -jar "openapi-generator-cli-$VERSION.jar" generate -i openapi.json -g java -o "$1" \
    --additional-properties="library=$1,invokerPackage=t,apiPackage=t.api,modelPackage=t" > "$1.log" 2>&1
  mvn -q -f "$1" -Dmaven.test.skip=true compile "$dependency:copy-dependencies" > /dev/null
  java -cp "$1/target/classes:$1/target/dependency/*" Run.java 2> /dev/null
}
APACHE=$(try apache-httpclient)
NATIVE=$(try native)
echo "apache-httpclient: $APACHE"
echo "native:            $NATIVE"
[ "$APACHE" = 'sends {"amount":{}}, reads an exception' ]
[ "$NATIVE" = 'sends {"amount":"5.00"}, reads an exception: 2 classes match' ]
