-- Whatever changes a merchant's rules or lists counts it in the same statement. Old versions of a rule set
-- that are cleared away change nothing for a payment and are not counted.
CREATE TRIGGER `risk_rule_sets_insert_version` AFTER INSERT ON `risk_rule_sets`
BEGIN
  INSERT INTO `risk_versions` (`merchant_id`, `version`) VALUES (NEW.`merchant_id`, 1)
  ON CONFLICT (`merchant_id`) DO UPDATE SET `version` = `version` + 1;
END;
--> statement-breakpoint
CREATE TRIGGER `risk_list_entries_insert_version` AFTER INSERT ON `risk_list_entries`
BEGIN
  INSERT INTO `risk_versions` (`merchant_id`, `version`) VALUES (NEW.`merchant_id`, 1)
  ON CONFLICT (`merchant_id`) DO UPDATE SET `version` = `version` + 1;
END;
--> statement-breakpoint
CREATE TRIGGER `risk_list_entries_update_version` AFTER UPDATE ON `risk_list_entries`
BEGIN
  INSERT INTO `risk_versions` (`merchant_id`, `version`) VALUES (NEW.`merchant_id`, 1)
  ON CONFLICT (`merchant_id`) DO UPDATE SET `version` = `version` + 1;
END;
--> statement-breakpoint
CREATE TRIGGER `risk_list_entries_delete_version` AFTER DELETE ON `risk_list_entries`
BEGIN
  INSERT INTO `risk_versions` (`merchant_id`, `version`) VALUES (OLD.`merchant_id`, 1)
  ON CONFLICT (`merchant_id`) DO UPDATE SET `version` = `version` + 1;
END;
