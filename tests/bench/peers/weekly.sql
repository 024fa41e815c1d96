-- Incident state from events.jsonl, as daybook folds it, and how many incidents each ISO week opened and resolved.
-- The variable `events` names the file.
CREATE OR REPLACE TABLE state AS
SELECT incident_id,
       count(*) AS event_count,
       arg_max(CASE type WHEN 'incident_created' THEN meta.severity ELSE meta."to" END, seq)
           FILTER (type IN ('incident_created', 'severity_changed')) AS severity,
       coalesce(arg_max(meta."to", seq) FILTER (type = 'status_changed'), 'open') AS status,
       any_value(meta.started_at) FILTER (type = 'incident_created') AS started_at,
       arg_max({'status': meta."to", 'at': ts}, seq) FILTER (type = 'status_changed' AND meta."to" <> 'closed') AS last_change
FROM read_json(getvariable('events'), format = 'newline_delimited',
               columns = {seq: 'BIGINT', incident_id: 'VARCHAR', ts: 'TIMESTAMP', type: 'VARCHAR',
                          meta: 'STRUCT(severity VARCHAR, "to" VARCHAR, started_at TIMESTAMP)'})
GROUP BY incident_id;

WITH week AS (
    SELECT strftime(started_at, '%G-%V') AS name, 1 AS opened, 0 AS resolved FROM state
    UNION ALL
    SELECT strftime(last_change.at, '%G-%V'), 0, 1 FROM state WHERE last_change.status = 'resolved'
)
SELECT name || ' ' || sum(opened)::VARCHAR || ' ' || sum(resolved)::VARCHAR FROM week GROUP BY name ORDER BY name;
