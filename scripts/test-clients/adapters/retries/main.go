// Sends a GET and then a POST to each failing address with one HTTP client; prints what the caller sees.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/hashicorp/go-retryablehttp"
)

func choose(name string) *http.Client {
	retrying := retryablehttp.NewClient()
	retrying.Logger = nil
	switch name {
	case "net-http":
		return http.DefaultClient
	case "retryablehttp":
	case "retryablehttp-passthrough":
		retrying.ErrorHandler = retryablehttp.PassthroughErrorHandler
	default:
		panic(name)
	}
	return retrying.StandardClient()
}

func call(client *http.Client, method, url string, header http.Header, body io.Reader) string {
	request, err := http.NewRequest(method, url, body)
	if err != nil {
		panic(err)
	}
	request.Header = header
	response, err := client.Do(request)
	if err != nil {
		return "error"
	}
	// A connection is used again only after its response has been read.
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return fmt.Sprint(response.StatusCode)
}

func main() {
	name, base := os.Args[1], os.Args[2]
	client := choose(name)
	for _, failure := range os.Args[3:] {
		url := base + "/" + name + "/" + failure
		call(client, "GET", url, http.Header{}, nil)
		header := http.Header{"Idempotency-Key": {"key-" + failure}, "Content-Type": {"application/json"}}
		fmt.Println(failure, call(client, "POST", url, header, strings.NewReader(`{"amount":"100.50"}`)))
	}
}
