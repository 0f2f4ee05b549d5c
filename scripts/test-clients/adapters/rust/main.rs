//! The scenario of scenario.ts. The functions of this client return neither the status nor the header of a success.
use std::collections::HashMap;
use std::env;
use std::fmt::Debug;

use payments::apis::configuration::Configuration;
use payments::apis::{Error, refunds_api, risk_api, transactions_api, webhooks_api};
use payments::models::{
    CreateRefund, CreateRefundAmount, CreateTransaction, CreateTransactionAmount,
    CreateWebhookEndpoint, Problem, ProblemCode, Refund, RefundStatus, ReplaceRiskRules,
    RiskAmount, RiskCondition, RiskConditionAmount, RiskRule, Transaction, TransactionStatus,
};

async fn create(
    api: &Configuration,
    key: &str,
    amount: CreateTransactionAmount,
) -> Result<Transaction, Error<transactions_api::CreateTransactionError>> {
    let body = CreateTransaction::new("user_1".into(), amount);
    transactions_api::create_transaction(api, key, body).await
}

async fn refund(
    api: &Configuration,
    id: &str,
    key: &str,
    amount: &str,
) -> Result<Refund, Error<refunds_api::CreateRefundError>> {
    let mut body = CreateRefund::new();
    body.amount = Some(Some(Box::new(CreateRefundAmount::String(amount.into()))));
    refunds_api::create_refund(api, id, key, None, Some(body)).await
}

/// The status, the code and the fields of a refusal. Every variant of an error type holds a problem, and the first one
/// matches each of them: so the problem is read from the content.
fn refusal<T: Debug, E: Debug>(answer: Result<T, Error<E>>) -> (u16, ProblemCode, String) {
    match answer {
        Err(Error::ResponseError(response)) => {
            let problem: Problem = serde_json::from_str(&response.content).expect("a problem");
            let faults = problem.errors.unwrap_or_default();
            let pointers = faults.into_iter().filter_map(|fault| fault.pointer).collect();
            (response.status.as_u16(), problem.code, pointers)
        }
        other => panic!("{other:?} instead of a problem"),
    }
}

async fn list(api: &Configuration) -> Vec<String> {
    let (mut ids, mut cursor): (Vec<String>, Option<String>) = (vec![], None);
    loop {
        let at = cursor.as_deref();
        let page = transactions_api::list_transactions(
            api, None, None, None, None, None, None, None, None, None, None, None, None, Some(2), at,
        )
        .await
        .expect("a page");
        ids.extend(page.data.into_iter().map(|one| one.id));
        cursor = page.next_cursor;
        if cursor.is_none() {
            return ids;
        }
    }
}

async fn add_rule(api: &Configuration, id: String, above: RiskAmount) {
    let read = risk_api::get_risk_rules(api, None).await.expect("rules");
    let mut amount = RiskConditionAmount::new();
    amount.above = Some(Box::new(above));
    let mut when = RiskCondition::new();
    when.amount = Some(Box::new(amount));
    let mut rule = RiskRule::new(id, when);
    rule.points = Some(1);
    let mut body = ReplaceRiskRules::new(read.version, read.rules);
    body.rules.push(rule.clone());
    let replaced = risk_api::replace_risk_rules(api, body).await.expect("rules");
    let last = replaced.rules.last().expect("a rule");
    assert_eq!(last.when, rule.when, "a rule by currency");
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let prefix = env::var("PREFIX").expect("PREFIX");
    let mut api = Configuration::new();
    api.base_path = env::var("BASE").expect("BASE");
    api.bearer_access_token = env::var("KEY").ok();
    let key = |number: u8| format!("{prefix}-{number}");
    let text = |amount: &str| CreateTransactionAmount::String(amount.into());

    let first = create(&api, &key(1), text("100.50")).await.expect("create with a string");
    assert_eq!((first.amount_minor, first.status), (10_050, TransactionStatus::Pending));
    let number = CreateTransactionAmount::Number(12.5);
    let second = create(&api, &key(2), number).await.expect("create with a number");
    assert_eq!(second.amount_minor, 1_250);
    let large = create(&api, &key(3), text("90000000.07")).await.expect("create a large one");
    assert_eq!((large.amount_minor, large.status), (9_000_000_007, TransactionStatus::Failed));

    let again = create(&api, &key(1), text("100.50")).await.expect("replay");
    assert_eq!(again, first);
    let reused = refusal(create(&api, &key(1), text("999")).await);
    assert_eq!(reused, (422, ProblemCode::IdempotencyKeyReused, "#/amount".into()));
    let done = transactions_api::process_transaction(&api, &first.id, None).await.expect("process");
    assert_eq!((&done.id, done.status), (&first.id, TransactionStatus::Completed));
    let got = transactions_api::get_transaction(&api, &first.id).await.expect("get");
    assert_eq!(got, done);
    let missing = refusal(transactions_api::get_transaction(&api, "nothing").await);
    assert_eq!(missing, (404, ProblemCode::TransactionNotFound, "".into()));
    let slow = create(&api, &key(4), text("90.12")).await.expect("create a slow one");
    let waiting = transactions_api::process_transaction(&api, &slow.id, None).await.expect("process");
    assert_eq!((&waiting.id, waiting.status), (&slow.id, TransactionStatus::Processing));

    let refund_key = format!("{prefix}-r1");
    let part = refund(&api, &first.id, &refund_key, "20.50").await.expect("refund a part");
    assert_eq!((part.amount_minor, part.status), (2_050, RefundStatus::Succeeded));
    let again = refund(&api, &first.id, &refund_key, "20.50").await.expect("replay of the refund");
    assert_eq!(again, part);
    let exceeded = refusal(refund(&api, &first.id, &format!("{prefix}-r2"), "80.01").await);
    assert_eq!(exceeded, (409, ProblemCode::RefundExceedsRemaining, "".into()));

    let ids = list(&api).await;
    assert!([&first, &second, &large, &slow].iter().all(|one| ids.contains(&one.id)), "list");

    let body = CreateWebhookEndpoint::new("http://127.0.0.1:9/webhooks".into());
    let made = webhooks_api::create_webhook_endpoint(&api, body, None).await.expect("an endpoint");
    assert!(made.secret.starts_with("whsec_"), "the endpoint's secret");
    let above = HashMap::from([("EUR", "4000"), ("USD", "5000")].map(|(c, a)| (c.into(), a.into())));
    add_rule(&api, format!("{prefix}-large"), RiskAmount::Object(above)).await;
}
