DROP INDEX `risk_list_entries_by_merchant`;--> statement-breakpoint
CREATE INDEX `risk_list_entries_by_field` ON `risk_list_entries` (`merchant_id`,`list`,`field`,`position`);--> statement-breakpoint
DROP INDEX `api_keys_by_merchant`;--> statement-breakpoint
CREATE INDEX `api_keys_without_end` ON `api_keys` (`merchant_id`) WHERE expires_at IS NULL;--> statement-breakpoint
CREATE INDEX `api_keys_by_merchant` ON `api_keys` (`merchant_id`,`created_at`,`id`);--> statement-breakpoint
DROP INDEX `transactions_by_user`;--> statement-breakpoint
CREATE INDEX `transactions_by_user` ON `transactions` (`merchant_id`,`user_id`,`status`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `merchants_by_time` ON `merchants` (`created_at`,`id`);