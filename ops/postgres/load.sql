-- Before a load into empty tables, in its transaction: what keys.sql makes again behind the rows.

ALTER TABLE incident_events DROP CONSTRAINT IF EXISTS incident_events_incident_id_fkey;
ALTER TABLE incident_artifacts DROP CONSTRAINT IF EXISTS incident_artifacts_incident_id_fkey;
ALTER TABLE incidents DROP CONSTRAINT IF EXISTS incidents_pkey;
ALTER TABLE incident_events DROP CONSTRAINT IF EXISTS incident_events_pkey;
ALTER TABLE incident_artifacts DROP CONSTRAINT IF EXISTS incident_artifacts_pkey;
ALTER TABLE backlog_items DROP CONSTRAINT IF EXISTS backlog_items_pkey;
DROP INDEX IF EXISTS incidents_service_status, incidents_started_at, incidents_meta, incident_events_incident_ts,
    incident_events_type_ts, incident_events_meta, incident_artifacts_incident;
TRUNCATE incidents, incident_events, incident_artifacts, backlog_items;
