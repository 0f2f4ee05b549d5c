-- The book that has a merchant's payments: 1 for all there are. The release before can use this table.
ALTER TABLE `merchants` ADD `book` integer DEFAULT 1 NOT NULL;
--> statement-breakpoint
-- Only book 1 has rows of merchants. A deployment with fewer books than before would take it for the book of all of them.
CREATE TRIGGER `feeds_are_in_their_book` AFTER INSERT ON `feeds`
WHEN EXISTS (SELECT 1 FROM `merchants` WHERE `id` = NEW.`merchant_id` AND `book` <> 1)
BEGIN
  SELECT RAISE(ABORT, 'merchant_in_other_book');
END;
