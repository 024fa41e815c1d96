-- The tables of the Postgres layout: the columns of the JSONL layout under the same names.
-- May be run at any time, also over tables that an older store made with fewer columns or other types, with rows in them.

CREATE TABLE IF NOT EXISTS incidents ();
ALTER TABLE incidents
    ADD COLUMN IF NOT EXISTS id              text,
    ADD COLUMN IF NOT EXISTS service         text,
    ADD COLUMN IF NOT EXISTS env             text,
    ADD COLUMN IF NOT EXISTS severity        text,         -- P0 (worst) to P4
    ADD COLUMN IF NOT EXISTS status          text,         -- open, mitigated, resolved, closed
    ADD COLUMN IF NOT EXISTS title           text,
    ADD COLUMN IF NOT EXISTS summary         text,
    ADD COLUMN IF NOT EXISTS kind            text,
    ADD COLUMN IF NOT EXISTS signature       text,
    ADD COLUMN IF NOT EXISTS labels          jsonb,
    ADD COLUMN IF NOT EXISTS assignee        text,
    ADD COLUMN IF NOT EXISTS started_at      timestamptz,
    ADD COLUMN IF NOT EXISTS acknowledged_at timestamptz,
    ADD COLUMN IF NOT EXISTS mitigated_at    timestamptz,
    ADD COLUMN IF NOT EXISTS resolved_at     timestamptz,
    ADD COLUMN IF NOT EXISTS closed_at       timestamptz,
    ADD COLUMN IF NOT EXISTS archived_at     timestamptz,
    ADD COLUMN IF NOT EXISTS ended_at        timestamptz,  -- resolved_at, or closed_at where that is null
    ADD COLUMN IF NOT EXISTS created_by      text,
    ADD COLUMN IF NOT EXISTS created_at      timestamptz,  -- of the first event
    ADD COLUMN IF NOT EXISTS updated_at      timestamptz,  -- of the latest event
    ADD COLUMN IF NOT EXISTS duplicate_of    text,
    ADD COLUMN IF NOT EXISTS event_count     bigint,
    ADD COLUMN IF NOT EXISTS meta            jsonb;

CREATE TABLE IF NOT EXISTS incident_events ();
ALTER TABLE incident_events
    ADD COLUMN IF NOT EXISTS seq         bigint,           -- the place in the journal; negative: a row that no journal numbered
    ADD COLUMN IF NOT EXISTS event_id    text,
    ADD COLUMN IF NOT EXISTS incident_id text,
    ADD COLUMN IF NOT EXISTS ts          timestamptz,      -- when it happened
    ADD COLUMN IF NOT EXISTS recorded_at timestamptz,      -- when the journal took it
    ADD COLUMN IF NOT EXISTS type        text,
    ADD COLUMN IF NOT EXISTS message     text,
    ADD COLUMN IF NOT EXISTS actor       text,
    ADD COLUMN IF NOT EXISTS source      text,
    ADD COLUMN IF NOT EXISTS meta        jsonb;            -- the event's payload without its message

CREATE TABLE IF NOT EXISTS incident_artifacts ();
ALTER TABLE incident_artifacts
    ADD COLUMN IF NOT EXISTS artifact_id text,
    ADD COLUMN IF NOT EXISTS incident_id text,
    ADD COLUMN IF NOT EXISTS kind        text,
    ADD COLUMN IF NOT EXISTS format      text,
    ADD COLUMN IF NOT EXISTS name        text,
    ADD COLUMN IF NOT EXISTS path        text,
    ADD COLUMN IF NOT EXISTS sha256      text,
    ADD COLUMN IF NOT EXISTS size_bytes  bigint,
    ADD COLUMN IF NOT EXISTS created_by  text,
    ADD COLUMN IF NOT EXISTS created_at  timestamptz;

-- What the job weekly_backlog_generate found: the lines of ops/backlog/items.jsonl.
CREATE TABLE IF NOT EXISTS backlog_items ();
ALTER TABLE backlog_items
    ADD COLUMN IF NOT EXISTS item_id    text,
    ADD COLUMN IF NOT EXISTS cause      text,              -- a follow-up's id, or env/service/signature
    ADD COLUMN IF NOT EXISTS title      text,
    ADD COLUMN IF NOT EXISTS priority   text,
    ADD COLUMN IF NOT EXISTS created_at timestamptz,
    ADD COLUMN IF NOT EXISTS created_by text,
    ADD COLUMN IF NOT EXISTS seq        bigint;            -- the place in the journal; negative: a row that no journal numbered

-- How far the export has got, of which journal. One row at most: a database holds one journal's rows.
CREATE TABLE IF NOT EXISTS daybook_export (
    origin text PRIMARY KEY,
    seq    bigint NOT NULL,  -- the last event that the tables hold
    root   text NOT NULL     -- of the journal's Merkle tree there, in hex
);
CREATE UNIQUE INDEX IF NOT EXISTS daybook_export_one_row ON daybook_export ((true));

-- Columns of an older store get the types above; a time without a zone was UTC. Its other columns stay as they are: an import that is
-- run again knows the rows by them.
DO $$
DECLARE
    older record;
BEGIN
    FOR older IN
        SELECT a.attrelid::regclass AS of_table, a.attname, wanted.type, a.atttypid = 'timestamp'::regtype AS without_zone,
               wanted.type = 'jsonb' AND a.atttypid NOT IN ('json'::regtype, 'text'::regtype, 'varchar'::regtype) AS to_json
        FROM (VALUES ('incidents', 'text', '{id,service,env,severity,status,title,summary,kind,signature,assignee,created_by,
                                             duplicate_of}'::name[]),
                     ('incidents', 'timestamptz', '{started_at,acknowledged_at,mitigated_at,resolved_at,closed_at,archived_at,ended_at,
                                                    created_at,updated_at}'),
                     ('incidents', 'bigint', '{event_count}'),
                     ('incidents', 'jsonb', '{labels,meta}'),
                     ('incident_events', 'text', '{event_id,incident_id,type,message,actor,source}'),
                     ('incident_events', 'timestamptz', '{ts,recorded_at}'),
                     ('incident_events', 'bigint', '{seq}'),
                     ('incident_events', 'jsonb', '{meta}'),
                     ('incident_artifacts', 'text', '{artifact_id,incident_id,kind,format,name,path,sha256,created_by}'),
                     ('incident_artifacts', 'timestamptz', '{created_at}'),
                     ('incident_artifacts', 'bigint', '{size_bytes}'),
                     ('backlog_items', 'text', '{item_id,cause,title,priority,created_by}'),
                     ('backlog_items', 'timestamptz', '{created_at}'),
                     ('backlog_items', 'bigint', '{seq}')) AS wanted (of_table, type, columns)
        JOIN pg_attribute a ON a.attrelid = wanted.of_table::regclass AND a.attname = ANY (wanted.columns) AND NOT a.attisdropped
        WHERE a.atttypid <> wanted.type::regtype
    LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP DEFAULT, ALTER COLUMN %2$I TYPE %s USING ', older.of_table, older.attname,
                       older.type)
            || format(CASE WHEN older.without_zone THEN '%I AT TIME ZONE ''UTC'''
                           WHEN older.to_json THEN 'to_jsonb(%I)' ELSE '%I::%s' END, older.attname, older.type);
    END LOOP;
END $$;

-- Rows of an older store that lack what is to be their key: numbers below zero, in the order in which things happened.
UPDATE incident_events e
SET seq = numbered.seq
FROM (SELECT o.ctid AS place,
             (SELECT least(min(seq), 0) FROM incident_events)
                 - row_number() OVER (ORDER BY o.ts DESC, to_jsonb(o) -> 'id' DESC, o.ctid DESC) AS seq
      FROM incident_events o
      WHERE o.seq IS NULL) AS numbered
WHERE e.ctid = numbered.place;

UPDATE incident_artifacts a
SET artifact_id = numbered.artifact_id
FROM (SELECT o.ctid AS place,
             'older:' || (SELECT count(*) FROM incident_artifacts WHERE artifact_id LIKE 'older:%')
                 + row_number() OVER (ORDER BY o.created_at, o.ctid) AS artifact_id
      FROM incident_artifacts o
      WHERE o.artifact_id IS NULL) AS numbered
WHERE a.ctid = numbered.place;

UPDATE backlog_items b
SET seq = numbered.seq
FROM (SELECT o.ctid AS place,
             (SELECT least(min(seq), 0) FROM backlog_items) - row_number() OVER (ORDER BY o.created_at DESC, o.ctid DESC) AS seq
      FROM backlog_items o
      WHERE o.seq IS NULL) AS numbered
WHERE b.ctid = numbered.place;

-- What may make of the journal's rows something else, or keep them out. A warning: some triggers fill in columns of their own alone.
DO $$
DECLARE
    own record;
BEGIN
    IF getdatabaseencoding() <> 'UTF8' THEN
        RAISE WARNING 'the database has the encoding %, and the journal UTF8: a character that it does not have stops all exports',
            getdatabaseencoding();
    END IF;
    FOR own IN
        SELECT tgname, tgrelid::regclass AS of_table
        FROM pg_trigger
        WHERE tgrelid IN ('incidents'::regclass, 'incident_events'::regclass, 'incident_artifacts'::regclass, 'backlog_items'::regclass)
          AND NOT tgisinternal AND tgenabled IN ('O', 'A') AND tgtype & 3 = 3 AND tgtype & 20 <> 0  -- before each row, of INSERT or UPDATE
    LOOP
        RAISE WARNING '%', format('the trigger %s may change the rows of %s on their way in; if it does, '
                                  'ALTER TABLE %2$s DISABLE TRIGGER %1$I, or `daybook export postgres --check` will find differences',
                                  own.tgname, own.of_table);
    END LOOP;
END $$;
