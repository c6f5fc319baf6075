// Reads an OTLP trace export request in protobuf on standard input and writes it as JSON.
package main

import (
	"io"
	"log"
	"os"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

func main() {
	body, err := io.ReadAll(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	var request collector.ExportTraceServiceRequest
	if err := proto.Unmarshal(body, &request); err != nil {
		log.Fatal(err)
	}
	text, err := protojson.Marshal(&request)
	if err != nil {
		log.Fatal(err)
	}
	os.Stdout.Write(text)
}
