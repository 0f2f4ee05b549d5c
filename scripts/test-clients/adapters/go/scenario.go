package main

import (
	"fmt"
	"os"
	"reflect"
	"strings"
)

var base, key, prefix = os.Getenv("BASE"), os.Getenv("KEY"), os.Getenv("PREFIX")

// Answer is what a call came to: a transaction, a refund, or a problem's code and the fields that it names.
type Answer struct {
	Status     int
	Code       string
	Pointers   string
	ID         string
	Minor      int64
	State      string
	IsReplayed bool
}

// Client is what every Go client has to be able to do; each adapter says how its generated code does it.
type Client interface {
	CreateText(key, amount string) Answer
	CreateNumber(key string, amount float64) Answer
	Process(id string) Answer
	Get(id string) Answer
	Refund(id, key, amount string) Answer
	// List gives a page of two, and the cursor of the next or "".
	List(cursor string) ([]string, string)
	CreateEndpoint(url string) string
	// AddRule sends the rules back as they were read, with one more; gives what the API returns for that one.
	AddRule(id string, above map[string]string) map[string]string
}

func expect(what string, seen, wanted any) {
	if !reflect.DeepEqual(seen, wanted) {
		fail(fmt.Errorf("%s: %+v instead of %+v", what, seen, wanted))
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func checkPayments(client Client) []string {
	text := client.CreateText(prefix+"-1", "100.50")
	expect("create with a string", text, Answer{Status: 201, ID: text.ID, Minor: 10050, State: "pending"})
	number := client.CreateNumber(prefix+"-2", 12.5)
	expect("create with a number", number, Answer{Status: 201, ID: number.ID, Minor: 1250, State: "pending"})
	large := client.CreateText(prefix+"-3", "90000000.07")
	expect("create a large one", large, Answer{Status: 201, ID: large.ID, Minor: 9000000007, State: "failed"})

	replay := text
	replay.IsReplayed = true
	expect("replay", client.CreateText(prefix+"-1", "100.50"), replay)
	reused := Answer{Status: 422, Code: "idempotency_key_reused", Pointers: "#/amount"}
	expect("reuse the key", client.CreateText(prefix+"-1", "999"), reused)

	completed := Answer{Status: 200, ID: text.ID, Minor: 10050, State: "completed"}
	expect("process", client.Process(text.ID), completed)
	expect("get", client.Get(text.ID), completed)
	expect("get what is not there", client.Get("nothing"), Answer{Status: 404, Code: "transaction_not_found"})
	slow := client.CreateText(prefix+"-4", "90.12")
	waiting := Answer{Status: 202, ID: slow.ID, Minor: 9012, State: "processing"}
	expect("process without an outcome", client.Process(slow.ID), waiting)
	return []string{text.ID, number.ID, large.ID, slow.ID}
}

func checkRefunds(client Client, id string) {
	part := client.Refund(id, prefix+"-r1", "20.50")
	expect("refund a part", part, Answer{Status: 201, ID: part.ID, Minor: 2050, State: "succeeded"})
	replay := part
	replay.IsReplayed = true
	expect("replay of the refund", client.Refund(id, prefix+"-r1", "20.50"), replay)
	exceeded := Answer{Status: 409, Code: "refund_exceeds_remaining"}
	expect("refund too much", client.Refund(id, prefix+"-r2", "80.01"), exceeded)
}

func check(client Client) {
	ids := checkPayments(client)
	checkRefunds(client, ids[0])

	seen := map[string]bool{}
	for page, cursor := client.List(""); ; page, cursor = client.List(cursor) {
		for _, id := range page {
			seen[id] = true
		}
		if cursor == "" {
			break
		}
	}
	for _, id := range ids {
		expect("list", seen[id], true)
	}

	secret := client.CreateEndpoint("http://127.0.0.1:9/webhooks")
	expect("the endpoint's secret", strings.HasPrefix(secret, "whsec_"), true)
	above := map[string]string{"EUR": "4000", "USD": "5000"}
	expect("a rule by currency", client.AddRule(prefix+"-large", above), above)
}
