CREATE TABLE `api_keys` (
	`id` text PRIMARY KEY NOT NULL,
	`merchant_id` text NOT NULL,
	`name` text,
	`hash` text NOT NULL,
	`last_four` text NOT NULL,
	`scopes` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer,
	FOREIGN KEY (`merchant_id`) REFERENCES `merchants`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `api_keys_hash_unique` ON `api_keys` (`hash`);--> statement-breakpoint
CREATE INDEX `api_keys_by_merchant` ON `api_keys` (`merchant_id`,`created_at`);--> statement-breakpoint
CREATE TABLE `events` (
	`position` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`merchant_id` text NOT NULL,
	`transaction_id` text NOT NULL,
	`sequence` integer NOT NULL,
	`type` text NOT NULL,
	`created_at` integer NOT NULL,
	`data` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `events_by_merchant` ON `events` (`merchant_id`,`position`);--> statement-breakpoint
CREATE TABLE `merchants` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `settings` (
	`name` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `transactions` (
	`id` text PRIMARY KEY NOT NULL,
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
	CONSTRAINT "amount_is_positive" CHECK("transactions"."amount_minor" > 0),
	CONSTRAINT "status_is_known" CHECK("transactions"."status" IN ('pending', 'processing', 'completed', 'failed', 'cancelled'))
);
--> statement-breakpoint
CREATE UNIQUE INDEX `transactions_by_key` ON `transactions` (`merchant_id`,`idempotency_key`);--> statement-breakpoint
CREATE INDEX `transactions_by_time` ON `transactions` (`merchant_id`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `transactions_by_user` ON `transactions` (`merchant_id`,`user_id`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `transactions_by_status` ON `transactions` (`merchant_id`,`status`,`created_at`,`id`);