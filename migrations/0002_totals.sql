CREATE TABLE `totals` (
	`type` text NOT NULL,
	`currency` text NOT NULL,
	`code` text NOT NULL,
	`decision` text NOT NULL,
	`count` integer NOT NULL,
	`amount_minor` integer NOT NULL,
	PRIMARY KEY(`type`, `currency`, `code`, `decision`)
);
