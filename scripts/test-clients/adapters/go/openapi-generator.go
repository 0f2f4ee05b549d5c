package main

import (
	"context"
	"errors"
	"net/http"

	"example.com/shop/payments"
)

type client struct {
	api *payments.APIClient
	ctx context.Context
}

func answer(response *http.Response, err error) Answer {
	var refused *payments.GenericOpenAPIError
	if errors.As(err, &refused) {
		if problem, isProblem := refused.Model().(payments.Problem); isProblem {
			found := Answer{Status: response.StatusCode, Code: string(problem.Code)}
			for _, fault := range problem.Errors {
				found.Pointers += fault.GetPointer()
			}
			return found
		}
	}
	fail(err)
	return Answer{Status: response.StatusCode, IsReplayed: response.Header.Get("Idempotent-Replayed") == "true"}
}

func payment(data *payments.Transaction, response *http.Response, err error) Answer {
	found := answer(response, err)
	if found.Code == "" {
		found.ID, found.Minor, found.State = data.Id, data.AmountMinor, string(data.Status)
	}
	return found
}

func (c client) create(key string, amount payments.CreateTransactionAmount) Answer {
	body := *payments.NewCreateTransaction("user_1", amount)
	return payment(c.api.TransactionsAPI.CreateTransaction(c.ctx).IdempotencyKey(key).CreateTransaction(body).Execute())
}

func (c client) CreateText(key, amount string) Answer {
	return c.create(key, payments.StringAsCreateTransactionAmount(&amount))
}

func (c client) CreateNumber(key string, amount float64) Answer {
	return c.create(key, payments.Float64AsCreateTransactionAmount(&amount))
}

func (c client) Process(id string) Answer {
	return payment(c.api.TransactionsAPI.ProcessTransaction(c.ctx, id).Execute())
}

func (c client) Get(id string) Answer {
	return payment(c.api.TransactionsAPI.GetTransaction(c.ctx, id).Execute())
}

func (c client) Refund(id, key, amount string) Answer {
	body := *payments.NewCreateRefund()
	body.SetAmount(payments.StringAsCreateRefundAmount(&amount))
	data, response, err := c.api.RefundsAPI.CreateRefund(c.ctx, id).IdempotencyKey(key).CreateRefund(body).Execute()
	found := answer(response, err)
	if found.Code == "" {
		found.ID, found.Minor, found.State = data.Id, data.AmountMinor, string(data.Status)
	}
	return found
}

func (c client) List(cursor string) ([]string, string) {
	request := c.api.TransactionsAPI.ListTransactions(c.ctx).Limit(2)
	if cursor != "" {
		request = request.Cursor(cursor)
	}
	page, _, err := request.Execute()
	fail(err)
	var ids []string
	for _, one := range page.Data {
		ids = append(ids, one.Id)
	}
	next := ""
	if page.NextCursor.Get() != nil {
		next = *page.NextCursor.Get()
	}
	return ids, next
}

func (c client) CreateEndpoint(url string) string {
	body := *payments.NewCreateWebhookEndpoint(url)
	made, _, err := c.api.WebhooksAPI.CreateWebhookEndpoint(c.ctx).CreateWebhookEndpoint(body).Execute()
	fail(err)
	return made.Secret
}

func (c client) AddRule(id string, above map[string]string) map[string]string {
	read, _, err := c.api.RiskAPI.GetRiskRules(c.ctx).Execute()
	fail(err)
	when := payments.RiskCondition{Amount: &payments.RiskConditionAmount{
		Above: &payments.RiskAmount{MapmapOfStringstring: &above},
	}}
	rule := payments.NewRiskRule(id, when)
	rule.SetPoints(1)
	body := *payments.NewReplaceRiskRules(read.Version, append(read.Rules, *rule))
	written, _, err := c.api.RiskAPI.ReplaceRiskRules(c.ctx).ReplaceRiskRules(body).Execute()
	fail(err)
	last := written.Rules[len(written.Rules)-1]
	return *last.When.Amount.Above.MapmapOfStringstring
}

func main() {
	config := payments.NewConfiguration()
	config.Servers = payments.ServerConfigurations{{URL: base}}
	ctx := context.WithValue(context.Background(), payments.ContextAccessToken, key)
	check(client{payments.NewAPIClient(config), ctx})
}
