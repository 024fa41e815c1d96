-- The figures of a weekly digest from the tables of the Postgres layout alone, as the digest's JSON names them. The test puts the
-- week's ends, :from (included) and :till (not included), in their places.
WITH
till AS NOT MATERIALIZED (SELECT * FROM incident_events WHERE ts < :till),
during AS (SELECT * FROM till WHERE ts >= :from),
-- Each incident as it was at the end of the week: of each field what was said last.
incident AS (
    SELECT i.id, i.started_at,
           coalesce((SELECT e.meta ->> 'to' FROM till e WHERE e.incident_id = i.id AND e.type = 'severity_changed'
                     ORDER BY e.seq DESC LIMIT 1), c.meta ->> 'severity') AS severity,
           coalesce((SELECT e.meta ->> 'to' FROM till e WHERE e.incident_id = i.id AND e.type = 'status_changed'
                     ORDER BY e.seq DESC LIMIT 1), 'open') AS status,
           coalesce((SELECT e.meta -> 'changes' -> 'service' ->> 'to' FROM till e
                     WHERE e.incident_id = i.id AND e.type = 'incident_updated' AND e.meta -> 'changes' ? 'service'
                     ORDER BY e.seq DESC LIMIT 1), c.meta ->> 'service') AS service,
           c.meta ->> 'env' AS env,
           c.ts AS opened_at,
           EXISTS (SELECT FROM till e WHERE e.incident_id = i.id AND e.type = 'incident_archived') AS archived,
           EXISTS (SELECT FROM till e WHERE e.incident_id = i.id AND e.type = 'incident_linked'
                   AND e.meta ->> 'relation' = 'duplicate_of') AS duplicate,
           (SELECT min(e.ts) FROM till e WHERE e.incident_id = i.id AND e.type = 'acknowledged') AS acknowledged_at,
           (SELECT min(e.ts) FROM till e WHERE e.incident_id = i.id AND e.type = 'status_changed'
            AND e.meta ->> 'to' IN ('mitigated', 'resolved')) AS mitigated_at,
           (SELECT CASE WHEN e.meta ->> 'to' = 'resolved' THEN e.ts END FROM till e
            WHERE e.incident_id = i.id AND e.type = 'status_changed' AND e.meta ->> 'to' <> 'closed'
            ORDER BY e.seq DESC LIMIT 1) AS resolved_at
    FROM incidents i
    JOIN till c ON c.incident_id = i.id AND c.type = 'incident_created'
),
opened AS (SELECT * FROM incident WHERE opened_at >= :from),
status_changed AS (SELECT meta ->> 'from' AS before, meta ->> 'to' AS after FROM during WHERE type = 'status_changed'),
severities AS (SELECT unnest('{P0,P1,P2,P3,P4}'::text[]) AS severity),
days AS (SELECT :from + make_interval(days => n) AS day FROM generate_series(0, 6) AS n),
counts AS (
    SELECT jsonb_build_object(
        'opened', (SELECT count(*) FROM during WHERE type = 'incident_created'),
        'acknowledged', (SELECT count(*) FROM during WHERE type = 'acknowledged'),
        'mitigated', (SELECT count(*) FROM status_changed WHERE after = 'mitigated'),
        'resolved', (SELECT count(*) FROM status_changed WHERE after = 'resolved'),
        'closed', (SELECT count(*) FROM status_changed WHERE after = 'closed'),
        'reopened', (SELECT count(*) FROM status_changed WHERE after = 'open' AND before IN ('resolved', 'closed')),
        'active_at_end', (SELECT count(*) FROM incident WHERE status IN ('open', 'mitigated') AND NOT archived),
        'by_severity', (SELECT jsonb_object_agg(s.severity, (SELECT count(*) FROM opened o WHERE o.severity = s.severity))
                        FROM severities s),
        'by_service', (SELECT coalesce(jsonb_object_agg(service, n), '{}')
                       FROM (SELECT service, count(*) AS n FROM opened GROUP BY 1) g),
        'by_env', (SELECT coalesce(jsonb_object_agg(env, n), '{}') FROM (SELECT env, count(*) AS n FROM opened GROUP BY 1) g),
        'by_day', (SELECT jsonb_object_agg(to_char(day AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
                                           (SELECT count(*) FROM opened o
                                            WHERE o.opened_at >= day AND o.opened_at < day + interval '1 day'))
                   FROM days)) AS counts
),
-- What took how long, in whole seconds; what happened before its incident started took no time.
took AS (
    SELECT i.severity, m.name, greatest(floor(extract(epoch FROM m.moment - i.started_at)), 0)::bigint AS seconds
    FROM incident i
    CROSS JOIN LATERAL (VALUES ('tta', i.acknowledged_at), ('ttm', i.mitigated_at), ('ttr', i.resolved_at)) AS m (name, moment)
    WHERE m.moment >= :from AND NOT i.archived AND NOT i.duplicate
),
statistics AS (
    SELECT severity, name,
           jsonb_build_object('n', count(seconds), 'mean', floor(avg(seconds))::bigint,
                              'p50', percentile_disc(0.5) WITHIN GROUP (ORDER BY seconds),
                              'p90', percentile_disc(0.9) WITHIN GROUP (ORDER BY seconds)) AS statistic
    FROM (SELECT * FROM took
          UNION ALL SELECT 'all', name, seconds FROM took
          UNION ALL SELECT s.severity, n.name, NULL
          FROM (SELECT severity FROM severities UNION ALL SELECT 'all') s, unnest('{tta,ttm,ttr}'::text[]) AS n (name)) samples
    GROUP BY severity, name
),
durations AS (
    SELECT severity, jsonb_object_agg(name, statistic) AS durations FROM statistics GROUP BY severity
),
-- Each follow-up as it was at the end of the week.
followup AS (
    SELECT a.ts AS created_at, coalesce(s.status, a.meta ->> 'status') AS status, s.changed_at,
           CASE WHEN d.changes IS NOT NULL THEN (d.changes -> 'due_at' ->> 'to')::timestamptz
                ELSE (a.meta ->> 'due_at')::timestamptz END AS due_at
    FROM till a
    LEFT JOIN LATERAL (SELECT e.meta ->> 'to' AS status, e.ts AS changed_at FROM till e
                       WHERE e.type = 'followup_status_change' AND e.meta ->> 'followup_id' = a.meta ->> 'followup_id'
                       ORDER BY e.seq DESC LIMIT 1) s ON true
    LEFT JOIN LATERAL (SELECT e.meta -> 'changes' AS changes FROM till e
                       WHERE e.type = 'followup_updated' AND e.meta ->> 'followup_id' = a.meta ->> 'followup_id'
                       AND e.meta -> 'changes' ? 'due_at' ORDER BY e.seq DESC LIMIT 1) d ON true
    WHERE a.type = 'followup'
),
followups AS (
    SELECT jsonb_build_object(
        'created', count(*) FILTER (WHERE created_at >= :from),
        'done', count(*) FILTER (WHERE status = 'done' AND changed_at >= :from),
        'open', count(*) FILTER (WHERE status NOT IN ('done', 'cancelled')),
        'overdue', count(*) FILTER (WHERE status NOT IN ('done', 'cancelled') AND due_at < :till)) AS followups
    FROM followup
),
alerts AS (
    SELECT jsonb_build_object('firing', count(*), 'incidents', count(DISTINCT incident_id)) AS alerts
    FROM during WHERE type = 'alert' AND meta ->> 'state' = 'firing'
)
SELECT jsonb_build_object(
    'counts', (SELECT counts FROM counts),
    'durations', (SELECT durations FROM durations WHERE severity = 'all')
        || jsonb_build_object('by_severity', (SELECT jsonb_object_agg(severity, durations) FROM durations WHERE severity <> 'all')),
    'followups', (SELECT followups FROM followups),
    'alerts', (SELECT alerts FROM alerts),
    'escalations', (SELECT count(*) FROM during WHERE type = 'escalated'))
