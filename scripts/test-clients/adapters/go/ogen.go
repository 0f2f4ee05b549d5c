package main

import (
	"context"
	"fmt"
	"net/url"

	"example.com/shop/payments"
)

// client implements SecuritySource too.
type client struct{ api *payments.Client }

var ctx = context.Background()

func (client) APIKey(context.Context, payments.OperationName) (payments.APIKey, error) {
	return payments.APIKey{Token: key}, nil
}

func (client) AdminToken(context.Context, payments.OperationName) (payments.AdminToken, error) {
	return payments.AdminToken{}, nil
}

func (client) StripeSignature(context.Context, payments.OperationName) (payments.StripeSignature, error) {
	return payments.StripeSignature{}, nil
}

// payment reads an answer: each status of an operation has a type of its own.
func payment(said any, err error) Answer {
	fail(err)
	switch said := said.(type) {
	case *payments.CreateTransactionCreatedHeaders:
		return transaction(201, said.Response, said.IdempotentReplayed.Set)
	case *payments.TransactionHeaders:
		return transaction(200, said.Response, false)
	case *payments.CancelTransactionAcceptedHeaders:
		return transaction(202, said.Response, false)
	case *payments.CreateTransactionUnprocessableEntity:
		return problem(422, said.Response)
	case *payments.GetTransactionNotFound:
		return problem(404, said.Response)
	case *payments.CreateRefundCreatedHeaders:
		one := said.Response
		return Answer{201, "", "", one.ID, one.AmountMinor, string(one.Status), said.IdempotentReplayed.Set}
	case *payments.CreateRefundConflict:
		return problem(409, said.Response)
	}
	fail(fmt.Errorf("unexpected answer %T: %+v", said, said))
	return Answer{}
}

func transaction(status int, one payments.Transaction, isReplayed bool) Answer {
	return Answer{status, "", "", one.ID, one.AmountMinor, string(one.Status), isReplayed}
}

func problem(status int, one payments.Problem) Answer {
	found := Answer{Status: status, Code: string(one.Code)}
	for _, fault := range one.Errors {
		found.Pointers += fault.Pointer.Or("")
	}
	return found
}

func as[Expected any](answer any, err error) Expected {
	fail(err)
	said, ok := answer.(Expected)
	if !ok {
		fail(fmt.Errorf("unexpected answer %T: %+v", answer, answer))
	}
	return said
}

func (c client) create(key string, amount payments.CreateTransactionAmount) Answer {
	body := payments.CreateTransaction{UserID: "user_1", Amount: amount}
	said, err := c.api.CreateTransaction(ctx, &body, payments.CreateTransactionParams{IdempotencyKey: key})
	return payment(said, err)
}

func (c client) CreateText(key, amount string) Answer {
	return c.create(key, payments.NewStringCreateTransactionAmount(amount))
}

func (c client) CreateNumber(key string, amount float64) Answer {
	return c.create(key, payments.NewFloat64CreateTransactionAmount(amount))
}

func (c client) Process(id string) Answer {
	said, err := c.api.ProcessTransaction(ctx, payments.ProcessTransactionParams{ID: id})
	return payment(said, err)
}

func (c client) Get(id string) Answer {
	said, err := c.api.GetTransaction(ctx, payments.GetTransactionParams{ID: id})
	return payment(said, err)
}

func (c client) Refund(id, key, amount string) Answer {
	part := payments.NewOptCreateRefundAmount(payments.NewStringCreateRefundAmount(amount))
	body := payments.NewOptCreateRefund(payments.CreateRefund{Amount: part})
	said, err := c.api.CreateRefund(ctx, body, payments.CreateRefundParams{ID: id, IdempotencyKey: key})
	return payment(said, err)
}

func (c client) List(cursor string) ([]string, string) {
	params := payments.ListTransactionsParams{Limit: payments.NewOptInt32(2)}
	if cursor != "" {
		params.Cursor = payments.NewOptString(cursor)
	}
	said, err := c.api.ListTransactions(ctx, params)
	page := as[*payments.TransactionListHeaders](said, err).Response
	var ids []string
	for _, one := range page.Data {
		ids = append(ids, one.ID)
	}
	next, _ := page.NextCursor.Get()
	return ids, next
}

func (c client) CreateEndpoint(address string) string {
	parsed, err := url.Parse(address)
	fail(err)
	body := &payments.CreateWebhookEndpoint{URL: *parsed}
	said, err := c.api.CreateWebhookEndpoint(ctx, body, payments.CreateWebhookEndpointParams{})
	return as[*payments.CreatedWebhookEndpointHeaders](said, err).Response.Secret
}

func (c client) AddRule(id string, above map[string]string) map[string]string {
	said, err := c.api.GetRiskRules(ctx, payments.GetRiskRulesParams{})
	read := as[*payments.RiskRulesHeaders](said, err).Response
	amounts := payments.NewRiskAmount1RiskAmount(above)
	amount := payments.RiskConditionAmount{Above: payments.NewOptRiskAmount(amounts)}
	rule := payments.RiskRule{
		ID:     id,
		Points: payments.NewOptInt32(1),
		When:   payments.RiskCondition{Amount: payments.NewOptRiskConditionAmount(amount)},
	}
	body := payments.ReplaceRiskRules{Version: read.Version, Rules: append(read.Rules, rule)}
	replaced, err := c.api.ReplaceRiskRules(ctx, &body)
	rules := as[*payments.RiskRulesHeaders](replaced, err).Response.Rules
	return rules[len(rules)-1].When.Amount.Value.Above.Value.RiskAmount1
}

func main() {
	api, err := payments.NewClient(base, client{})
	fail(err)
	check(client{api})
}
