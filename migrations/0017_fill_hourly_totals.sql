-- The totals by hour of the last 31 days from the events that are stored, so that a chart begins with them. Not where there
-- are more than 200,000 rows of events: reading them could take longer than D1 gives a statement, and such a database
-- counts from here on. The counts of those hours are replaced and not added to, so the statement may be run again at any
-- time; it then also counts what the release before has written since.
INSERT INTO `hourly_totals` (
  `merchant_id`, `hour`, `currency`, `created`, `created_minor`, `authorized`, `completed`, `completed_minor`, `declined`,
  `blocked`, `held`, `rejected`, `cancelled`, `refunded`, `refunded_minor`, `reversed`, `reversed_minor`, `disputed`,
  `disputed_minor`
)
WITH
  `since`(`ms`) AS (
    SELECT (unixepoch() / 3600 - 744) * 3600000
    WHERE (SELECT count(*) FROM (SELECT 1 FROM `events` LIMIT 200001)) <= 200000
  ),
  -- Of an event that shares a row with a later one, `own` has the members that differ from the row's, or all of them.
  `stored` AS (
    SELECT `merchant_id`, `created_at`, `type`, `data` AS `own`, 1 AS `is_whole`, `data`, `refund`
    FROM `since` CROSS JOIN `events` WHERE `created_at` >= `ms`
    UNION ALL
    SELECT `merchant_id`, `value` ->> 2, `value` ->> 1, `value` ->> 3, json_type(`value`, '$[3]') = 'text', `data`,
      `value` ->> 4
    FROM `since` CROSS JOIN `events` CROSS JOIN json_each(`earlier`)
    WHERE `created_at` >= `ms` AND `value` ->> 2 >= `ms`
  ),
  `described` AS (
    SELECT `merchant_id`, `created_at` / 3600000 AS `hour`, `type`, `refund`,
      `data` ->> '$.currency' AS `currency`,
      `data` ->> '$.amount_minor' AS `minor`,
      iif(`is_whole` OR json_type(`own`, '$.failure') IS NOT NULL, `own`, `data`) ->> '$.failure.code' AS `code`,
      iif(`is_whole` OR json_type(`own`, '$.amount_captured_minor') IS NOT NULL, `own`, `data`)
        ->> '$.amount_captured_minor' AS `captured_minor`,
      iif(`is_whole` OR json_type(`own`, '$.dispute') IS NOT NULL, `own`, `data`) -> '$.dispute' AS `dispute`
    FROM `stored`
  ),
  `counted` AS (
    SELECT `merchant_id`, `hour`,
      CASE
        WHEN `type` = 'transaction.created' THEN 'created'
        WHEN `type` = 'transaction.authorized' THEN 'authorized'
        WHEN `type` IN ('transaction.completed', 'transaction.captured') THEN 'completed'
        WHEN `type` = 'transaction.failed' AND `code` = 'risk_blocked' THEN 'blocked'
        WHEN `type` = 'transaction.failed' AND `code` = 'review_rejected' THEN 'rejected'
        WHEN `type` = 'transaction.failed' THEN 'declined'
        WHEN `type` = 'transaction.review_opened' THEN 'held'
        WHEN `type` IN (
          'transaction.cancelled', 'transaction.voided', 'transaction.capture_expired', 'transaction.action_expired'
        ) THEN 'cancelled'
        WHEN `type` = 'refund.succeeded' THEN 'refunded'
        WHEN `type` = 'refund.failed' AND `refund` ->> '$.reversed_at' IS NOT NULL THEN 'reversed'
        WHEN `type` = 'dispute.opened' THEN 'disputed'
      END AS `counter`,
      coalesce(`refund` ->> '$.currency', iif(`type` = 'dispute.opened', `dispute` ->> '$.currency', NULL), `currency`)
        AS `currency`,
      CASE
        WHEN `refund` IS NOT NULL THEN `refund` ->> '$.amount_minor'
        WHEN `type` = 'transaction.captured' THEN coalesce(`captured_minor`, `minor`)
        WHEN `type` = 'dispute.opened' THEN coalesce(`dispute` ->> '$.amount_minor', `minor`)
        ELSE `minor`
      END AS `minor`
    FROM `described`
  ),
  `summed` AS (
    SELECT `merchant_id`, `hour`, `currency`, `counter`, count(*) AS `events`, sum(`minor`) AS `minor`
    FROM `counted` WHERE `counter` IS NOT NULL GROUP BY 1, 2, 3, 4
  )
SELECT iif(`whose`.`value`, `merchant_id`, ''), `hour`, `currency`,
  sum(iif(`counter` = 'created', `events`, 0)), sum(iif(`counter` = 'created', `minor`, 0)),
  sum(iif(`counter` = 'authorized', `events`, 0)),
  sum(iif(`counter` = 'completed', `events`, 0)), sum(iif(`counter` = 'completed', `minor`, 0)),
  sum(iif(`counter` = 'declined', `events`, 0)),
  sum(iif(`counter` = 'blocked', `events`, 0)),
  sum(iif(`counter` = 'held', `events`, 0)),
  sum(iif(`counter` = 'rejected', `events`, 0)),
  sum(iif(`counter` = 'cancelled', `events`, 0)),
  sum(iif(`counter` = 'refunded', `events`, 0)), sum(iif(`counter` = 'refunded', `minor`, 0)),
  sum(iif(`counter` = 'reversed', `events`, 0)), sum(iif(`counter` = 'reversed', `minor`, 0)),
  sum(iif(`counter` = 'disputed', `events`, 0)), sum(iif(`counter` = 'disputed', `minor`, 0))
FROM `summed` CROSS JOIN json_each('[0, 1]') AS `whose`
GROUP BY 1, 2, 3
ON CONFLICT (`merchant_id`, `hour`, `currency`) DO UPDATE SET
  `created` = excluded.`created`, `created_minor` = excluded.`created_minor`,
  `authorized` = excluded.`authorized`,
  `completed` = excluded.`completed`, `completed_minor` = excluded.`completed_minor`,
  `declined` = excluded.`declined`,
  `blocked` = excluded.`blocked`,
  `held` = excluded.`held`,
  `rejected` = excluded.`rejected`,
  `cancelled` = excluded.`cancelled`,
  `refunded` = excluded.`refunded`, `refunded_minor` = excluded.`refunded_minor`,
  `reversed` = excluded.`reversed`, `reversed_minor` = excluded.`reversed_minor`,
  `disputed` = excluded.`disputed`, `disputed_minor` = excluded.`disputed_minor`;
