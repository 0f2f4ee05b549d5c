-- Every new event brings its transaction up to date. An event that arrives late (a repetition, or one
-- that overtook another) changes nothing: the higher version stays.
CREATE TRIGGER `events_update_transactions` AFTER INSERT ON `events`
BEGIN
  INSERT INTO `transactions` (
    `id`, `merchant_id`, `idempotency_key`, `user_id`, `amount_minor`, `currency`,
    `status`, `fraud_score`, `version`, `created_at`, `last_event`
  ) VALUES (
    NEW.`transaction_id`,
    NEW.`merchant_id`,
    NEW.`data` ->> '$.idempotency_key',
    NEW.`data` ->> '$.user_id',
    NEW.`data` ->> '$.amount_minor',
    NEW.`data` ->> '$.currency',
    NEW.`data` ->> '$.status',
    NEW.`data` ->> '$.fraud_score',
    NEW.`sequence`,
    NEW.`data` ->> '$.created_at',
    NEW.`position`
  )
  ON CONFLICT (`id`) DO UPDATE SET
    `status` = excluded.`status`,
    `version` = excluded.`version`,
    `last_event` = excluded.`last_event`
  WHERE excluded.`version` > `transactions`.`version`;
END;
