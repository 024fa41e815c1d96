-- Keys and indexes. The first export drops them (load.sql) and makes them again behind the rows.

DO $$
DECLARE
    layout record;
    other  record;
BEGIN
    FOR layout IN
        SELECT of_table::regclass AS of_table, key, a.attnum
        FROM (VALUES ('incidents', 'id'), ('incident_events', 'seq'), ('incident_artifacts', 'artifact_id'),
                     ('backlog_items', 'seq')) AS l (of_table, key)
        JOIN pg_attribute a ON a.attrelid = of_table::regclass AND a.attname = key
    LOOP
        -- An older store's key is another column.
        FOR other IN SELECT conname FROM pg_constraint
                     WHERE conrelid = layout.of_table AND contype = 'p' AND conkey <> ARRAY[layout.attnum] LOOP
            EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', layout.of_table, other.conname);
        END LOOP;
        IF NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = layout.of_table AND contype = 'p') THEN
            EXECUTE format('ALTER TABLE %s ADD PRIMARY KEY (%I)', layout.of_table, layout.key);
        END IF;
        -- What an older store always filled in daybook may leave empty.
        FOR other IN SELECT attname FROM pg_attribute
                     WHERE attrelid = layout.of_table AND attnum > 0 AND NOT attisdropped AND attnotnull AND attidentity = ''
                         AND attnum <> layout.attnum LOOP
            EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', layout.of_table, other.attname);
        END LOOP;
        IF layout.of_table NOT IN ('incidents'::regclass, 'backlog_items'::regclass)
           AND NOT EXISTS (SELECT FROM pg_constraint
                           WHERE conrelid = layout.of_table AND confrelid = 'incidents'::regclass AND contype = 'f') THEN
            -- Rows of an older store may be of no incident: they stay, and none are added.
            EXECUTE format('SELECT count(*) FROM %s r WHERE NOT EXISTS (SELECT FROM incidents i WHERE i.id = r.incident_id)',
                           layout.of_table) INTO other;
            EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %s_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES incidents (id) %s',
                           layout.of_table, layout.of_table, CASE WHEN other.count = 0 THEN '' ELSE 'NOT VALID' END);
        END IF;
    END LOOP;
END $$;

CREATE INDEX IF NOT EXISTS incidents_service_status ON incidents (service, status);
CREATE INDEX IF NOT EXISTS incidents_started_at ON incidents (started_at);
CREATE INDEX IF NOT EXISTS incidents_meta ON incidents USING gin (meta jsonb_path_ops);
CREATE INDEX IF NOT EXISTS incident_events_incident_ts ON incident_events (incident_id, ts);
CREATE INDEX IF NOT EXISTS incident_events_type_ts ON incident_events (type, ts);
CREATE INDEX IF NOT EXISTS incident_events_meta ON incident_events USING gin (meta jsonb_path_ops);
CREATE INDEX IF NOT EXISTS incident_artifacts_incident ON incident_artifacts (incident_id);
