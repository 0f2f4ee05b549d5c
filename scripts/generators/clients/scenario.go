package main

import (
	"fmt"
	"os"
	"reflect"
	"strings"
)

var base, key, prefix = os.Getenv("BASE"), os.Getenv("KEY"), os.Getenv("PREFIX")

// Answer is what a call came to: a problem's code, or the transaction.
type Answer struct {
	Status int
	Code   string
	ID     string
	Minor  int64
	State  string
}

// Client is what every Go client has to be able to do; each adapter says how its generated code does it.
type Client interface {
	CreateText(key, amount string) Answer
	CreateNumber(key string, amount float64) Answer
	Process(id string) Answer
	Get(id string) Answer
	// List gives a page of two, and the cursor of the next or "".
	List(cursor string) ([]string, string)
	CreateEndpoint(url string) string
	// AddRule sends the rules back as they were read, with one more; gives what that one has come back with.
	AddRule(id string, above map[string]string) map[string]string
}

func expect(what string, seen, wanted any) {
	if !reflect.DeepEqual(seen, wanted) {
		fail(fmt.Errorf("%s: %v instead of %v", what, seen, wanted))
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check(client Client) {
	text := client.CreateText(prefix+"-1", "100.50")
	expect("create with a string", text, Answer{201, "", text.ID, 10050, "pending"})
	number := client.CreateNumber(prefix+"-2", 12.5)
	expect("create with a number", number, Answer{201, "", number.ID, 1250, "pending"})
	large := client.CreateText(prefix+"-3", "90000000.07")
	expect("create a large one", large, Answer{201, "", large.ID, 9000000007, "failed"})

	expect("replay", client.CreateText(prefix+"-1", "100.50"), text)
	expect("reuse the key", client.CreateText(prefix+"-1", "999"), Answer{Status: 422, Code: "idempotency_key_reused"})
	completed := Answer{200, "", text.ID, 10050, "completed"}
	expect("process", client.Process(text.ID), completed)
	expect("get", client.Get(text.ID), completed)
	expect("get what is not there", client.Get("nothing"), Answer{Status: 404, Code: "transaction_not_found"})

	seen := map[string]bool{}
	for ids, cursor := client.List(""); ; ids, cursor = client.List(cursor) {
		for _, id := range ids {
			seen[id] = true
		}
		if cursor == "" {
			break
		}
	}
	expect("list", seen[text.ID] && seen[number.ID] && seen[large.ID], true)

	secret := client.CreateEndpoint("http://127.0.0.1:9/nobody")
	expect("the endpoint's secret", strings.HasPrefix(secret, "whsec_"), true)
	above := map[string]string{"EUR": "4000", "USD": "5000"}
	expect("a rule by currency", client.AddRule(prefix+"-large", above), above)
}
