-- Totals tell at most 64 failure codes apart (MAX_TOTAL_CODES); the rest are `other`. The first codes are our own,
-- which the sums of transactions by status need, then those that came most often so far, then whichever come first.
INSERT INTO `total_codes` (`code`)
VALUES ('risk_blocked'), ('review_rejected'), ('declined_by_operator'), ('processor_declined');
--> statement-breakpoint
INSERT INTO `total_codes` (`code`)
SELECT `code` FROM `totals`
WHERE `type` = 'transaction.failed' AND `code` <> '' AND `code` NOT IN (SELECT `code` FROM `total_codes`)
GROUP BY `code` ORDER BY sum(`count`) DESC, `code`
LIMIT 64 - (SELECT count(*) FROM `total_codes`);
--> statement-breakpoint
-- What was counted under the other codes is added up, so that nothing is lost.
INSERT INTO `totals` (`type`, `currency`, `code`, `decision`, `count`, `amount_minor`)
SELECT `type`, `currency`, 'other', `decision`, sum(`count`), sum(`amount_minor`) FROM `totals`
WHERE `type` = 'transaction.failed' AND `code` NOT IN ('', 'other')
  AND `code` NOT IN (SELECT `code` FROM `total_codes`)
GROUP BY `type`, `currency`, `decision`
ON CONFLICT (`type`, `currency`, `code`, `decision`) DO UPDATE SET
  `count` = `count` + excluded.`count`,
  `amount_minor` = `amount_minor` + excluded.`amount_minor`;
--> statement-breakpoint
DELETE FROM `totals`
WHERE `type` = 'transaction.failed' AND `code` NOT IN ('', 'other')
  AND `code` NOT IN (SELECT `code` FROM `total_codes`);
--> statement-breakpoint
DROP TRIGGER `events_count_totals`;
--> statement-breakpoint
CREATE TRIGGER `events_count_totals` AFTER INSERT ON `events`
BEGIN
  INSERT INTO `total_codes` (`code`)
  SELECT NEW.`data` ->> '$.failure.code'
  WHERE NEW.`type` = 'transaction.failed'
    AND NEW.`data` ->> '$.failure.code' <> ''
    AND NEW.`data` ->> '$.failure.code' NOT IN (SELECT `code` FROM `total_codes`)
    AND (SELECT count(*) FROM `total_codes`) < 64
  ON CONFLICT (`code`) DO NOTHING;
  INSERT INTO `totals` (`type`, `currency`, `code`, `decision`, `count`, `amount_minor`)
  VALUES (
    NEW.`type`,
    NEW.`data` ->> '$.currency',
    CASE
      WHEN NEW.`type` = 'transaction.cancelled'
        THEN iif(NEW.`data` ->> '$.review.status' = 'cancelled', 'in_review', '')
      WHEN coalesce(NEW.`data` ->> '$.failure.code', '') = '' THEN ''
      WHEN NEW.`data` ->> '$.failure.code' IN (SELECT `code` FROM `total_codes`)
        THEN NEW.`data` ->> '$.failure.code'
      ELSE 'other'
    END,
    NEW.`data` ->> '$.risk.decision',
    1,
    NEW.`data` ->> '$.amount_minor'
  )
  ON CONFLICT (`type`, `currency`, `code`, `decision`) DO UPDATE SET
    `count` = `count` + 1,
    `amount_minor` = `amount_minor` + excluded.`amount_minor`;
END;
