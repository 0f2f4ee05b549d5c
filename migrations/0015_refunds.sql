-- Refunds: a table of their own, and the refund of an event beside the transaction. The check of the status goes, so that a
-- transaction can be authorized and later statuses need no migration. SQLite cannot change a table's check, so the table
-- is made anew. The trigger that writes to it is taken off meanwhile, because a table cannot be renamed while a trigger
-- names one that is missing; all of this is one transaction. The release before can write these tables and read them.
DROP TRIGGER `events_write_transactions`;
--> statement-breakpoint
CREATE TABLE `refunds` (
	`id` text NOT NULL,
	`merchant_id` text NOT NULL,
	`transaction_id` text NOT NULL,
	`status` text NOT NULL,
	`amount_minor` integer NOT NULL,
	`currency` text NOT NULL,
	`sequence` integer NOT NULL,
	`created_at` text NOT NULL,
	`data` text NOT NULL,
	PRIMARY KEY(`merchant_id`, `created_at`, `id`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `refunds_by_transaction` ON `refunds` (`merchant_id`,`transaction_id`,`created_at`,`id`);
--> statement-breakpoint
CREATE INDEX `refunds_by_status` ON `refunds` (`merchant_id`,`status`,`created_at`,`id`);
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
	CONSTRAINT "amount_is_positive" CHECK("__new_transactions"."amount_minor" > 0)
) WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO `__new_transactions`("id", "merchant_id", "idempotency_key", "user_id", "amount_minor", "currency", "status", "fraud_score", "version", "created_at", "last_event") SELECT "id", "merchant_id", "idempotency_key", "user_id", "amount_minor", "currency", "status", "fraud_score", "version", "created_at", "last_event" FROM `transactions`;
--> statement-breakpoint
DROP TABLE `transactions`;
--> statement-breakpoint
ALTER TABLE `__new_transactions` RENAME TO `transactions`;
--> statement-breakpoint
CREATE INDEX `transactions_by_user` ON `transactions` (`merchant_id`,`user_id`,`status`,`created_at`,`id`);
--> statement-breakpoint
CREATE INDEX `transactions_by_status` ON `transactions` (`merchant_id`,`status`,`created_at`,`id`);
--> statement-breakpoint
ALTER TABLE `events` ADD `refund` text;
--> statement-breakpoint
CREATE TRIGGER `events_write_transactions` AFTER INSERT ON `events`
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
  ON CONFLICT (`merchant_id`, `created_at`, `id`) DO UPDATE SET
    `status` = excluded.`status`,
    `version` = excluded.`version`,
    `last_event` = excluded.`last_event`
  WHERE excluded.`version` > `transactions`.`version`;
END;
