-- Transactions lie in the order in which they are listed, and are found by what their events carry: merchant,
-- time of creation and id. An index by the id alone was one page more for every transaction that is written,
-- and no list asks for it. SQLite cannot change a table's key, so the table is made anew. The triggers that
-- write to it are taken off meanwhile, because a table cannot be renamed while a trigger names one that is
-- missing; all of this is one transaction.
DROP TRIGGER `events_insert_transactions`;
--> statement-breakpoint
DROP TRIGGER `events_update_transactions`;
--> statement-breakpoint
CREATE TABLE `__new_transactions` (
	`id` text NOT NULL,
	`merchant_id` text NOT NULL,
	`idempotency_key` text NOT NULL,
	`user_id` text NOT NULL,
	`amount_minor` integer NOT NULL,
	`currency` text NOT NULL,
	`status` text NOT NULL,
	`fraud_score` integer NOT NULL,
	`version` integer NOT NULL,
	`created_at` text NOT NULL,
	`last_event` integer NOT NULL,
	PRIMARY KEY(`merchant_id`, `created_at`, `id`),
	CONSTRAINT "amount_is_positive" CHECK("__new_transactions"."amount_minor" > 0),
	CONSTRAINT "status_is_known" CHECK("__new_transactions"."status" IN ('pending', 'review', 'processing', 'completed', 'failed', 'cancelled'))
) WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO `__new_transactions`("id", "merchant_id", "idempotency_key", "user_id", "amount_minor", "currency", "status", "fraud_score", "version", "created_at", "last_event") SELECT "id", "merchant_id", "idempotency_key", "user_id", "amount_minor", "currency", "status", "fraud_score", "version", "created_at", "last_event" FROM `transactions`;
--> statement-breakpoint
DROP TABLE `transactions`;
--> statement-breakpoint
ALTER TABLE `__new_transactions` RENAME TO `transactions`;
--> statement-breakpoint
CREATE UNIQUE INDEX `transactions_by_key` ON `transactions` (`merchant_id`,`idempotency_key`);
--> statement-breakpoint
CREATE INDEX `transactions_by_user` ON `transactions` (`merchant_id`,`user_id`,`created_at`,`id`);
--> statement-breakpoint
CREATE INDEX `transactions_by_status` ON `transactions` (`merchant_id`,`status`,`created_at`,`id`);
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
  ON CONFLICT (`merchant_id`, `created_at`, `id`) DO NOTHING;
END;
--> statement-breakpoint
CREATE TRIGGER `events_update_transactions` AFTER INSERT ON `events` WHEN NEW.`sequence` > 1
BEGIN
  UPDATE `transactions` SET
    `status` = NEW.`data` ->> '$.status',
    `version` = NEW.`sequence`,
    `last_event` = NEW.`position`
  WHERE `merchant_id` = NEW.`merchant_id`
    AND `created_at` = NEW.`data` ->> '$.created_at'
    AND `id` = NEW.`transaction_id`
    AND `version` < NEW.`sequence`;
END;
