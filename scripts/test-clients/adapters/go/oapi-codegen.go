package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"example.com/shop/payments"
)

type client struct{ api *payments.ClientWithResponses }

var ctx = context.Background()

func answer(response *http.Response, problem *payments.Problem) Answer {
	found := Answer{Status: response.StatusCode, IsReplayed: response.Header.Get("Idempotent-Replayed") == "true"}
	if problem != nil {
		found.Code = string(problem.Code)
		if problem.Errors != nil {
			for _, fault := range *problem.Errors {
				found.Pointers += *fault.Pointer
			}
		}
	}
	return found
}

func payment(found Answer, answers ...*payments.Transaction) Answer {
	for _, one := range answers {
		if one != nil {
			found.ID, found.Minor, found.State = one.Id, one.AmountMinor, string(one.Status)
		}
	}
	return found
}

func (c client) create(key string, amount payments.CreateTransaction_Amount) Answer {
	params := &payments.CreateTransactionParams{IdempotencyKey: key}
	body := payments.CreateTransaction{UserId: "user_1", Amount: amount}
	said, err := c.api.CreateTransactionWithResponse(ctx, params, body)
	fail(err)
	return payment(answer(said.HTTPResponse, said.ApplicationproblemJSON422), said.JSON201)
}

func (c client) CreateText(key, text string) Answer {
	var amount payments.CreateTransaction_Amount
	fail(amount.FromCreateTransactionAmount1(text))
	return c.create(key, amount)
}

func (c client) CreateNumber(key string, number float64) Answer {
	var amount payments.CreateTransaction_Amount
	fail(amount.FromCreateTransactionAmount0(number))
	return c.create(key, amount)
}

func (c client) Process(id string) Answer {
	said, err := c.api.ProcessTransactionWithResponse(ctx, id, nil)
	fail(err)
	return payment(answer(said.HTTPResponse, said.ApplicationproblemJSON404), said.JSON200, said.JSON202)
}

func (c client) Get(id string) Answer {
	said, err := c.api.GetTransactionWithResponse(ctx, id)
	fail(err)
	return payment(answer(said.HTTPResponse, said.ApplicationproblemJSON404), said.JSON200)
}

func (c client) Refund(id, key, amount string) Answer {
	var part payments.CreateRefund_Amount
	fail(part.FromCreateRefundAmount1(amount))
	params := &payments.CreateRefundParams{IdempotencyKey: key}
	said, err := c.api.CreateRefundWithResponse(ctx, id, params, payments.CreateRefund{Amount: &part})
	fail(err)
	found := answer(said.HTTPResponse, said.ApplicationproblemJSON409)
	if said.JSON201 != nil {
		found.ID, found.Minor, found.State = said.JSON201.Id, said.JSON201.AmountMinor, string(said.JSON201.Status)
	}
	return found
}

func (c client) List(cursor string) ([]string, string) {
	limit := int32(2)
	params := &payments.ListTransactionsParams{Limit: &limit}
	if cursor != "" {
		params.Cursor = &cursor
	}
	said, err := c.api.ListTransactionsWithResponse(ctx, params)
	fail(err)
	var ids []string
	for _, one := range said.JSON200.Data {
		ids = append(ids, one.Id)
	}
	next := ""
	if said.JSON200.NextCursor != nil {
		next = *said.JSON200.NextCursor
	}
	return ids, next
}

func (c client) CreateEndpoint(url string) string {
	params := &payments.CreateWebhookEndpointParams{}
	said, err := c.api.CreateWebhookEndpointWithResponse(ctx, params, payments.CreateWebhookEndpoint{Url: url})
	fail(err)
	return said.JSON201.Secret
}

func (c client) AddRule(id string, above map[string]string) map[string]string {
	read, err := c.api.GetRiskRulesWithResponse(ctx, &payments.GetRiskRulesParams{})
	fail(err)
	// The type of a condition's amount has no name here, so the rule is read from its JSON.
	text, err := json.Marshal(map[string]any{
		"id": id, "points": 1, "when": map[string]any{"amount": map[string]any{"above": above}},
	})
	fail(err)
	var rule payments.RiskRule
	fail(json.Unmarshal(text, &rule))
	rules := append(read.JSON200.Rules, rule)
	body := payments.ReplaceRiskRules{Version: read.JSON200.Version, Rules: rules}
	written, err := c.api.ReplaceRiskRulesWithResponse(ctx, body)
	fail(err)
	if written.JSON200 == nil {
		fail(fmt.Errorf("replace rules: %s", written.Body))
	}
	rules = written.JSON200.Rules
	last, err := rules[len(rules)-1].When.Amount.Above.AsRiskAmount1()
	fail(err)
	return last
}

func main() {
	authorize := func(_ context.Context, request *http.Request) error {
		request.Header.Set("Authorization", "Bearer "+key)
		return nil
	}
	api, err := payments.NewClientWithResponses(base, payments.WithRequestEditorFn(authorize))
	fail(err)
	check(client{api})
}
