-- For moves of merchants between books (docs/books.md). The release before can use these tables. The triggers read one table, which is
-- empty unless merchants were moved from this book or to it.
CREATE TABLE `book_moves` (
	`merchant_id` text PRIMARY KEY NOT NULL,
	`move` integer NOT NULL,
	`from_book` integer NOT NULL,
	`to_book` integer NOT NULL,
	`phase` text NOT NULL,
	`switched_at` integer
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `feed_moves` (
	`feed` integer PRIMARY KEY NOT NULL,
	`merchant_id` text NOT NULL,
	`move` integer NOT NULL,
	`moved_to` integer,
	`is_logged` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `feed_moves_merchant_id_unique` ON `feed_moves` (`merchant_id`);
--> statement-breakpoint
CREATE TABLE `book_changes` (
	`feed` integer NOT NULL,
	`sequence` integer NOT NULL,
	`part` text NOT NULL,
	`key` text NOT NULL,
	PRIMARY KEY(`feed`, `sequence`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `book_arrivals` (
	`merchant_id` text PRIMARY KEY NOT NULL,
	`move` integer NOT NULL,
	`step` integer NOT NULL,
	`token` text NOT NULL,
	`progress` text NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
DROP TRIGGER `feeds_are_in_their_book`;
--> statement-breakpoint
-- Only book 1 has rows of merchants. A deployment with fewer books than before would take it for the book of all of them.
CREATE TRIGGER `feeds_are_in_their_book` AFTER INSERT ON `feeds`
WHEN EXISTS (SELECT 1 FROM `merchants` WHERE `id` = NEW.`merchant_id` AND `book` <> 1)
  AND NOT EXISTS (SELECT 1 FROM `book_moves` WHERE `merchant_id` = NEW.`merchant_id` AND `to_book` = 1 AND `phase` = 'copying')
BEGIN
  SELECT RAISE(ABORT, 'merchant_in_other_book');
END;
--> statement-breakpoint
-- A write for a merchant that is in another book fails as a whole. Every write of new events adds to the feed; the other two are
-- for payments that come back from the archive, and for those that leave for it.
CREATE TRIGGER `moved_feeds_take_no_events` BEFORE INSERT ON `feed_events`
WHEN EXISTS (SELECT 1 FROM `feed_moves` WHERE `feed` = NEW.`position` / 4398046511104 AND `moved_to` IS NOT NULL)
BEGIN
  SELECT RAISE(ABORT, 'merchant_moved');
END;
--> statement-breakpoint
CREATE TRIGGER `moved_feeds_take_no_payments` BEFORE INSERT ON `listed_transactions`
WHEN EXISTS (SELECT 1 FROM `feed_moves` WHERE `feed` = NEW.`feed` AND `moved_to` IS NOT NULL)
BEGIN
  SELECT RAISE(ABORT, 'merchant_moved');
END;
--> statement-breakpoint
CREATE TRIGGER `moved_feeds_keep_their_bounds` BEFORE UPDATE OF `deleted_through`, `archived_through` ON `feeds`
WHEN EXISTS (SELECT 1 FROM `feed_moves` WHERE `feed` = OLD.`id` AND `moved_to` IS NOT NULL)
BEGIN
  SELECT RAISE(ABORT, 'merchant_moved');
END;
--> statement-breakpoint
-- What changes while a merchant is copied.
CREATE TRIGGER `copied_payments_insert` AFTER INSERT ON `listed_transactions`
WHEN EXISTS (SELECT 1 FROM `feed_moves` WHERE `feed` = NEW.`feed` AND `is_logged` = 1)
BEGIN
  INSERT INTO `book_changes` (`feed`, `sequence`, `part`, `key`)
  SELECT `feed`, coalesce((SELECT max(`sequence`) FROM `book_changes` WHERE `feed` = `own`.`feed`), 0) + 1, 'payments', json_array(NEW.`created_at`, hex(NEW.`id`))
  FROM `feed_moves` AS `own` WHERE `feed` = NEW.`feed`;
END;
--> statement-breakpoint
CREATE TRIGGER `copied_payments_update` AFTER UPDATE ON `listed_transactions`
WHEN EXISTS (SELECT 1 FROM `feed_moves` WHERE `feed` = NEW.`feed` AND `is_logged` = 1)
BEGIN
  INSERT INTO `book_changes` (`feed`, `sequence`, `part`, `key`)
  SELECT `feed`, coalesce((SELECT max(`sequence`) FROM `book_changes` WHERE `feed` = `own`.`feed`), 0) + 1, 'payments', json_array(NEW.`created_at`, hex(NEW.`id`))
  FROM `feed_moves` AS `own` WHERE `feed` = NEW.`feed`;
END;
--> statement-breakpoint
CREATE TRIGGER `copied_payments_delete` AFTER DELETE ON `listed_transactions`
WHEN EXISTS (SELECT 1 FROM `feed_moves` WHERE `feed` = OLD.`feed` AND `is_logged` = 1)
BEGIN
  INSERT INTO `book_changes` (`feed`, `sequence`, `part`, `key`)
  SELECT `feed`, coalesce((SELECT max(`sequence`) FROM `book_changes` WHERE `feed` = `own`.`feed`), 0) + 1, 'payments', json_array(OLD.`created_at`, hex(OLD.`id`))
  FROM `feed_moves` AS `own` WHERE `feed` = OLD.`feed`;
END;
--> statement-breakpoint
CREATE TRIGGER `copied_refunds_insert` AFTER INSERT ON `refunds`
WHEN EXISTS (SELECT 1 FROM `feed_moves` WHERE `merchant_id` = NEW.`merchant_id` AND `is_logged` = 1)
BEGIN
  INSERT INTO `book_changes` (`feed`, `sequence`, `part`, `key`)
  SELECT `feed`, coalesce((SELECT max(`sequence`) FROM `book_changes` WHERE `feed` = `own`.`feed`), 0) + 1, 'refunds', json_array(NEW.`created_at`, NEW.`id`)
  FROM `feed_moves` AS `own` WHERE `merchant_id` = NEW.`merchant_id`;
END;
--> statement-breakpoint
CREATE TRIGGER `copied_refunds_update` AFTER UPDATE ON `refunds`
WHEN EXISTS (SELECT 1 FROM `feed_moves` WHERE `merchant_id` = NEW.`merchant_id` AND `is_logged` = 1)
BEGIN
  INSERT INTO `book_changes` (`feed`, `sequence`, `part`, `key`)
  SELECT `feed`, coalesce((SELECT max(`sequence`) FROM `book_changes` WHERE `feed` = `own`.`feed`), 0) + 1, 'refunds', json_array(NEW.`created_at`, NEW.`id`)
  FROM `feed_moves` AS `own` WHERE `merchant_id` = NEW.`merchant_id`;
END;
--> statement-breakpoint
CREATE TRIGGER `copied_hours_insert` AFTER INSERT ON `hourly_totals`
WHEN EXISTS (SELECT 1 FROM `feed_moves` WHERE `merchant_id` = NEW.`merchant_id` AND `is_logged` = 1)
BEGIN
  INSERT INTO `book_changes` (`feed`, `sequence`, `part`, `key`)
  SELECT `feed`, coalesce((SELECT max(`sequence`) FROM `book_changes` WHERE `feed` = `own`.`feed`), 0) + 1, 'hours', json_array(NEW.`hour`, NEW.`currency`)
  FROM `feed_moves` AS `own` WHERE `merchant_id` = NEW.`merchant_id`;
END;
--> statement-breakpoint
CREATE TRIGGER `copied_hours_update` AFTER UPDATE ON `hourly_totals`
WHEN EXISTS (SELECT 1 FROM `feed_moves` WHERE `merchant_id` = NEW.`merchant_id` AND `is_logged` = 1)
BEGIN
  INSERT INTO `book_changes` (`feed`, `sequence`, `part`, `key`)
  SELECT `feed`, coalesce((SELECT max(`sequence`) FROM `book_changes` WHERE `feed` = `own`.`feed`), 0) + 1, 'hours', json_array(NEW.`hour`, NEW.`currency`)
  FROM `feed_moves` AS `own` WHERE `merchant_id` = NEW.`merchant_id`;
END;
