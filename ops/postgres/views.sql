-- What people ask, by name. queries.md shows how.

-- Not finished and not archived; the worst first.
CREATE OR REPLACE VIEW open_incidents AS
SELECT i.id, i.service, i.env, i.severity, i.status, i.title, i.kind, i.assignee, i.started_at,
       now() - i.started_at AS age, i.acknowledged_at IS NOT NULL AS acknowledged, i.updated_at, i.event_count
FROM incidents i
WHERE i.status IN ('open', 'mitigated') AND i.archived_at IS NULL
ORDER BY i.severity, i.started_at;

-- The time that RFC 3339 text says; null for any other text. Rows of before may hold any in the place of a time, and a cast that fails
-- would leave everybody without the view.
CREATE OR REPLACE FUNCTION time_or_null(said text) RETURNS timestamptz
LANGUAGE plpgsql STABLE STRICT AS $$
BEGIN
    IF said !~* '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$' THEN
        RETURN NULL;  -- not what a cast takes besides, such as `tomorrow`
    END IF;
    RETURN said::timestamptz;
EXCEPTION WHEN data_exception THEN
    RETURN NULL;  -- there is no such day
END
$$;

-- What was promised, as it stands: of each field, what was said last that the field can be.
CREATE OR REPLACE VIEW incident_followups AS
WITH said AS (
    SELECT e.seq, e.incident_id, e.ts, e.actor, e.type, e.meta ->> 'followup_id' AS followup_id, e.meta
    FROM incident_events e
    WHERE e.type IN ('followup', 'followup_status_change', 'followup_updated')
), changed AS (
    SELECT DISTINCT ON (s.followup_id, c.key) s.followup_id, c.key AS field, c.value ->> 'to' AS value
    FROM said s, jsonb_each(CASE WHEN jsonb_typeof(s.meta -> 'changes') = 'object' THEN s.meta -> 'changes' END) AS c
    WHERE s.type = 'followup_updated' AND c.value ? 'to' AND (c.key <> 'priority' OR c.value ->> 'to' ~ '^P[0-4]$')
    ORDER BY s.followup_id, c.key, s.seq DESC
), fields AS (
    SELECT followup_id, jsonb_object_agg(field, value) AS changes FROM changed GROUP BY followup_id
), moved AS (
    SELECT DISTINCT ON (followup_id) followup_id, meta ->> 'to' AS status, ts
    FROM said
    WHERE type = 'followup_status_change'
    ORDER BY followup_id, seq DESC
)
SELECT a.followup_id, a.incident_id, i.service, i.env, i.severity AS incident_severity,
       coalesce(f.changes ->> 'title', a.meta ->> 'title') AS title,
       CASE WHEN f.changes ? 'owner' THEN f.changes ->> 'owner' ELSE a.meta ->> 'owner' END AS owner,
       coalesce(f.changes ->> 'priority', a.meta ->> 'priority') AS priority,
       time_or_null(CASE WHEN f.changes ? 'due_at' THEN f.changes ->> 'due_at' ELSE a.meta ->> 'due_at' END) AS due_at,
       coalesce(m.status, a.meta ->> 'status', 'open') AS status,
       a.ts AS created_at, CASE WHEN m.status IN ('done', 'cancelled') THEN m.ts END AS finished_at
FROM said a
JOIN incidents i ON i.id = a.incident_id
LEFT JOIN fields f USING (followup_id)
LEFT JOIN moved m USING (followup_id)
WHERE a.type = 'followup';

-- Promised, not done, and late at that moment, as far as the tables know by now; the longest overdue first.
CREATE OR REPLACE FUNCTION overdue_followups_at(moment timestamptz) RETURNS SETOF incident_followups
LANGUAGE sql STABLE AS $$
    SELECT * FROM incident_followups WHERE status NOT IN ('done', 'cancelled') AND due_at < moment ORDER BY due_at, followup_id
$$;

CREATE OR REPLACE VIEW overdue_followups AS
SELECT f.*, now() - f.due_at AS overdue_by FROM overdue_followups_at(now()) f;

-- By ISO week (UTC) in which things happened, as the weekly digest counts: without what is said to have happened in a week at whose
-- end its incident was not there yet.
CREATE OR REPLACE VIEW weekly_counts AS
SELECT to_char(e.ts AT TIME ZONE 'UTC', 'IYYY-IW') AS week,
       count(*) FILTER (WHERE e.type = 'incident_created') AS opened,
       count(*) FILTER (WHERE e.type = 'acknowledged') AS acknowledged,
       count(*) FILTER (WHERE e.type = 'status_changed' AND e.meta ->> 'to' = 'mitigated') AS mitigated,
       count(*) FILTER (WHERE e.type = 'status_changed' AND e.meta ->> 'to' = 'resolved') AS resolved,
       count(*) FILTER (WHERE e.type = 'status_changed' AND e.meta ->> 'to' = 'closed') AS closed,
       count(*) FILTER (WHERE e.type = 'status_changed' AND e.meta ->> 'to' = 'open' AND e.meta ->> 'from' IN ('resolved', 'closed'))
           AS reopened
FROM incident_events e
JOIN incidents i ON i.id = e.incident_id
WHERE date_trunc('week', i.created_at AT TIME ZONE 'UTC') <= date_trunc('week', e.ts AT TIME ZONE 'UTC')
GROUP BY 1
ORDER BY 1;

-- One incident's story.
CREATE OR REPLACE FUNCTION incident_timeline(incident text)
RETURNS TABLE (seq bigint, ts timestamptz, type text, actor text, message text)
LANGUAGE sql STABLE AS $$
    SELECT seq, ts, type, actor, message FROM incident_events WHERE incident_id = incident ORDER BY ts, seq
$$;
