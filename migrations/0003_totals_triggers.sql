-- An event that is new in the book brings its transaction up to date. Events of a transaction arrive in
-- order: its first one makes the row, the others find it. One that arrives late (a repetition, or one that
-- overtook another) changes nothing: the higher version stays. One trigger for each case, because a row that
-- is only moved on costs less than one that is made and then found to be there.
DROP TRIGGER `events_update_transactions`;
--> statement-breakpoint
CREATE TRIGGER `events_insert_transactions` AFTER INSERT ON `events` WHEN NEW.`sequence` = 1
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
  ON CONFLICT (`id`) DO NOTHING;
END;
--> statement-breakpoint
CREATE TRIGGER `events_update_transactions` AFTER INSERT ON `events` WHEN NEW.`sequence` > 1
BEGIN
  UPDATE `transactions` SET
    `status` = NEW.`data` ->> '$.status',
    `version` = NEW.`sequence`,
    `last_event` = NEW.`position`
  WHERE `id` = NEW.`transaction_id` AND `version` < NEW.`sequence`;
END;
--> statement-breakpoint
CREATE TRIGGER `events_count_totals` AFTER INSERT ON `events`
BEGIN
  INSERT INTO `totals` (`type`, `currency`, `code`, `decision`, `count`, `amount_minor`)
  VALUES (
    NEW.`type`,
    NEW.`data` ->> '$.currency',
    coalesce(NEW.`data` ->> '$.failure.code', ''),
    NEW.`data` ->> '$.risk.decision',
    1,
    NEW.`data` ->> '$.amount_minor'
  )
  ON CONFLICT (`type`, `currency`, `code`, `decision`) DO UPDATE SET
    `count` = `count` + 1,
    `amount_minor` = `amount_minor` + excluded.`amount_minor`;
END;
--> statement-breakpoint
-- What the book holds already. In the same transaction as the trigger, so that no event is missed or counted twice.
INSERT INTO `totals` (`type`, `currency`, `code`, `decision`, `count`, `amount_minor`)
SELECT
  `type`,
  `data` ->> '$.currency',
  coalesce(`data` ->> '$.failure.code', ''),
  `data` ->> '$.risk.decision',
  count(*),
  sum(`data` ->> '$.amount_minor')
FROM `events`
GROUP BY 1, 2, 3, 4;
