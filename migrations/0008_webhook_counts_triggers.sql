-- The sums over all merchants follow each count by as much as it grew, so that a scrape reads them alone.
CREATE TRIGGER `webhook_counts_insert_totals` AFTER INSERT ON `webhook_counts`
BEGIN
  INSERT INTO `webhook_totals` (`name`, `labels`, `value`) VALUES (NEW.`name`, NEW.`labels`, NEW.`value`)
  ON CONFLICT (`name`, `labels`) DO UPDATE SET `value` = `value` + excluded.`value`;
END;
--> statement-breakpoint
CREATE TRIGGER `webhook_counts_update_totals` AFTER UPDATE OF `value` ON `webhook_counts`
BEGIN
  UPDATE `webhook_totals` SET `value` = `value` + NEW.`value` - OLD.`value`
  WHERE `name` = NEW.`name` AND `labels` = NEW.`labels`;
END;
