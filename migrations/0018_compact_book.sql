-- Small rows: what lists need once for each payment, and a feed without texts. The rows of earlier releases stay in
-- `transactions` and `events`: they are read, moved and deleted, and nothing is added. So the release before can read until
-- the deployment, its writes fail, and its shards repeat them until this release runs. No row is copied here.
CREATE TABLE `feed_events` (
	`position` integer PRIMARY KEY NOT NULL,
	`id` blob NOT NULL,
	`first` integer NOT NULL,
	`sequence` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `listed_transactions` (
	`feed` integer NOT NULL,
	`created_at` integer NOT NULL,
	`id` blob NOT NULL,
	`version` integer NOT NULL,
	`status` integer NOT NULL,
	`user_id` text NOT NULL,
	`amount_minor` integer NOT NULL,
	`currency` text NOT NULL,
	`updated_at` integer NOT NULL,
	`form` integer NOT NULL,
	`data` text NOT NULL,
	PRIMARY KEY(`feed`, `created_at`, `id`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `listed_by_user` ON `listed_transactions` (`feed`,`user_id`,`status`,`created_at`,`id`);
--> statement-breakpoint
CREATE INDEX `listed_by_status` ON `listed_transactions` (`feed`,`status`,`created_at`,`id`);
--> statement-breakpoint
ALTER TABLE `feeds` ADD `deleted_through` integer DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE `feeds` ADD `archived_through` integer;
--> statement-breakpoint
DROP TRIGGER `events_write_transactions`;
--> statement-breakpoint
CREATE TRIGGER `events_are_closed` BEFORE INSERT ON `events`
BEGIN
  SELECT RAISE(ABORT, 'events is a table of earlier releases');
END;
--> statement-breakpoint
-- For statements by hand: every transaction with its id and its status as text, wherever its row is. `h` is the id in hex, and
-- each of its 26 characters is five bits, found in three digits from the digit `n` on.
CREATE VIEW `payments` AS
SELECT
  (
    SELECT 'txn_' || group_concat(substr(
      '234567abcdefghijklmnopqrstuvwxyz',
      1 + ((
        (instr('0123456789ABCDEF', substr(`h`, `n` + 1, 1)) - 1) * 256
        + (instr('0123456789ABCDEF', substr(`h`, `n` + 2, 1)) - 1) * 16
        + (instr('0123456789ABCDEF', substr(`h`, `n` + 3, 1)) - 1)
      ) >> (7 - `i` * 5 + `n` * 4) & 31),
      1
    ), '')
    FROM (
      SELECT `value` AS `i`, `value` * 5 / 4 AS `n`, hex(`own`.`id`) AS `h`
      FROM json_each('[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25]')
    )
  ) AS `id`,
  `feeds`.`merchant_id` AS `merchant_id`, `user_id`, `amount_minor`, `currency`,
  json_extract(
    '[null,"pending","review","processing","requires_action","authorized","completed","failed","cancelled"]',
    '$[' || `status` || ']'
  ) AS `status`,
  `version`, strftime('%Y-%m-%dT%H:%M:%fZ', `created_at` / 1000.0, 'unixepoch') AS `created_at`
FROM `listed_transactions` AS `own` JOIN `feeds` ON `feeds`.`id` = `own`.`feed`
UNION ALL
SELECT `id`, `merchant_id`, `user_id`, `amount_minor`, `currency`, `status`, `version`, `created_at` FROM `transactions`;
