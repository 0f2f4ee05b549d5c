CREATE TABLE `webhook_counts` (
	`merchant_id` text NOT NULL,
	`name` text NOT NULL,
	`labels` text NOT NULL,
	`value` integer NOT NULL,
	PRIMARY KEY(`merchant_id`, `name`, `labels`)
);
--> statement-breakpoint
CREATE TABLE `webhook_totals` (
	`name` text NOT NULL,
	`labels` text NOT NULL,
	`value` integer NOT NULL,
	PRIMARY KEY(`name`, `labels`)
);
