#include "projections/postgres_layout.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include "journal/journal_text.hpp"
#include "journal/redaction.hpp"
#include "projections/artifacts.hpp"
#include "projections/backlog.hpp"
#include "projections/incidents.hpp"
#include "projections/jsonl_layout.hpp"
#include "projections/postgres_rows.hpp"
#include "projections/timeline.hpp"

namespace daybook {
namespace {

constexpr std::uint64_t snapshot_events = 10'000;

std::string root_text(const JournalView& journal, std::uint64_t size) {
    Sha256 sha256;
    return to_hex(journal.root(sha256, size));
}

// Calls `visit` for the events in (after, size] that are of incidents, in snapshots of bounded length.
void each_event(const Journal& journal, std::uint64_t after, std::uint64_t size,
                const std::function<void(const RecordView&, const JournalView&)>& visit) {
    for (Sequence next{after + 1}; next.value <= size;) {
        const auto snapshot = journal.snapshot();
        const Sequence end = snapshot->scan(next, std::min(snapshot_events, size - next.value + 1), [&](const RecordView& record) {
            visit(record, *snapshot);
            return true;
        });
        if (end == next) throw StorageError("event " + std::to_string(next.value) + " is missing: run `daybook verify`");
        next = end;
    }
}

// That an event is what its leaf hash was taken over; throws StorageError where it is damaged. It costs no time: the server is
// slower.
class LeafCheck {
public:
    void operator()(const RecordView& record, const JournalView& journal) {
        leaf_.clear();
        append_leaf_of(leaf_, journal, record, sha256_);
    }

private:
    std::string leaf_;
    Sha256 sha256_;
};

// The event that a `redacted` event took the payload of.
Sequence target_of(const RecordView& record, const JournalView& journal) {
    JsonReader reader;
    const auto payload = read_payload(journal, record, reader);
    if (!payload) throw StorageError("event " + std::to_string(record.sequence().value) + ": " + payload.refusal().message);
    return {static_cast<std::uint64_t>(std::get<Redacted>(*payload).redacts)};
}

bool of_incident(const RecordView& record, const JournalView& journal) {
    return !journal.stream_id(record.stream()).starts_with('$');
}

class Exporter {
public:
    Exporter(postgres::Connection& connection, const Journal& journal, lmdb::Transaction& views, std::uint64_t size,
             const PostgresExportOptions& options)
        : connection_(connection), journal_(journal), views_(views), size_(size), options_(options) {}

    Result<PostgresExported> run();

private:
    void load();
    bool drop_keys();
    void load_incidents(bool frozen);
    void load_events(bool frozen);
    void load_artifacts(bool frozen);
    void load_backlog(bool frozen);
    void write_changes(std::uint64_t after);

    postgres::Connection& connection_;
    const Journal& journal_;
    lmdb::Transaction& views_;
    std::uint64_t size_;
    const PostgresExportOptions& options_;
    std::vector<bool> has_row_;  // by stream number: whether it is an incident that the views hold
    PostgresExported exported_;
};

Result<PostgresExported> Exporter::run() {
    postgres::Transaction transaction(connection_);
    connection_.execute(lock_position);
    const auto position = postgres_position(connection_);
    {
        const Snapshot snapshot = journal_.snapshot();
        if (position) {
            if (auto refusal = refuse_position(*position, *snapshot)) return *refusal;
        } else if (has_rows(connection_)) {
            return Refusal{
                RefusalCode::conflict,
                "the tables at " + connection_.place() +
                    " hold rows that no journal was exported to: `daybook import postgres` takes them in; mend or remove "
                    "in the tables what it refuses, and after that `daybook export postgres --repair` makes them this journal's",
                ""};
        }
        Sha256 sha256;
        exported_.size = position ? std::max(position->size, size_) : size_;
        exported_.root = snapshot->root(sha256, exported_.size);
    }
    if (options_.before_rows) options_.before_rows();
    if (position && position->size >= size_) return exported_;
    if (position) {
        write_changes(position->size);
    } else {
        load();
    }
    move_position(connection_, *journal_.snapshot(), size_);
    transaction.commit();
    return exported_;
}

// --- the first time

void Exporter::load() {
    exported_.loaded = true;
    connection_.allow(options_.load_timeout);
    const bool frozen = drop_keys();
    load_incidents(frozen);
    load_events(frozen);
    load_artifacts(frozen);
    load_backlog(frozen);
    if (frozen) connection_.execute(options_.after_load);
}

// Only their owner may, and only while nothing of somebody else's depends on them; to make them again wants CREATE on the schema.
// Rows that come into a table that was emptied in the same transaction need not be looked at again by Postgres (FREEZE).
bool Exporter::drop_keys() {
    const bool may_make_them =
        connection_
            .query(
                "SELECT bool_and(has_schema_privilege(relnamespace, 'CREATE')) FROM pg_class WHERE oid = ANY "
                "('{incidents,incident_events,incident_artifacts,backlog_items}'::regclass[])")
            .truth(0, 0);
    if (!may_make_them) return false;
    connection_.execute("SAVEPOINT keys");
    try {
        connection_.execute(options_.before_load);
    } catch (const postgres::Error& error) {
        if (error.kind() != postgres::Error::Kind::failed) throw;
        connection_.execute("ROLLBACK TO keys");
        return false;
    }
    connection_.execute("RELEASE keys");
    return true;
}

void Exporter::load_incidents(bool frozen) {
    LoadedRows rows(connection_, incidents_layout, frozen);
    if (const auto table = IncidentTable::open(views_)) {
        table->each([&](StreamNumber number, const IncidentRow& row) {
            if (has_row_.size() <= number.value) has_row_.resize(std::size_t{number.value} + 1);
            has_row_[number.value] = true;
            rows.add(row);
        });
    }
    exported_.incidents = rows.finish();
}

void Exporter::load_events(bool frozen) {
    LoadedRows rows(connection_, events_layout, frozen);
    TimelineReader reader;
    LeafCheck check;
    each_event(journal_, 0, size_, [&](const RecordView& record, const JournalView& journal) {
        check(record, journal);
        if (options_.progress && record.sequence().value % snapshot_events == 0) options_.progress(record.sequence().value);
        const std::size_t stream = record.stream().value;
        if (stream < has_row_.size() && has_row_[stream]) {
            rows.add(reader.read(record, journal));
        } else if (of_incident(record, journal)) {
            ++exported_.left_out;
        }
    });
    exported_.events = rows.finish();
}

void Exporter::load_artifacts(bool frozen) {
    LoadedRows rows(connection_, artifacts_layout, frozen);
    const Snapshot snapshot = journal_.snapshot();
    scan_artifacts(views_, [&](const Artifact& artifact) {
        const auto stream = snapshot->stream_number(artifact.incident_id);
        if (stream && stream->value < has_row_.size() && has_row_[stream->value]) rows.add(artifact);
    });
    exported_.artifacts = rows.finish();
}

void Exporter::load_backlog(bool frozen) {
    LoadedRows rows(connection_, backlog_layout, frozen);
    each_backlog_item(*journal_.snapshot(), size_, [&](const BacklogRow& row) { rows.add(row); });
    exported_.backlog_items = rows.finish();
}

// --- every other time

void Exporter::write_changes(std::uint64_t after) {
    std::set<StreamNumber> streams;  // whose incidents changed
    std::set<Sequence> artifacts;    // attached, or redacted
    std::set<Sequence> backlog;      // likewise
    std::vector<Sequence> redacted;  // of the rows of events that are there
    LeafCheck check;
    each_event(journal_, after, size_, [&](const RecordView& record, const JournalView& journal) {
        check(record, journal);
        if (of_incident(record, journal)) streams.insert(record.stream());
        if (record.type() == EventType::artifact_attached) artifacts.insert(record.sequence());
        if (record.type() == EventType::backlog_item) backlog.insert(record.sequence());
        if (record.type() != EventType::redacted) return;
        const Sequence target = target_of(record, journal);
        const auto there = target.value <= after ? journal.record(target) : std::nullopt;
        if (there && there->type() == EventType::backlog_item) backlog.insert(target);
        if (!there || !of_incident(*there, journal)) return;
        redacted.push_back(target);
        streams.insert(there->stream());
        if (there->type() == EventType::artifact_attached) artifacts.insert(target);
    });

    postgres::Pipeline pipeline(connection_);
    WrittenRows incident_rows(pipeline, incidents_layout), event_rows(pipeline, events_layout),
        artifact_rows(pipeline, artifacts_layout), backlog_rows(pipeline, backlog_layout);
    const auto table = IncidentTable::open(views_);
    for (auto stream = streams.begin(); stream != streams.end();) {
        const auto row = table ? table->find(*stream) : std::nullopt;
        if (row) {
            append_incident(incident_rows.begin_row(), *row);
            incident_rows.end_row();
        }
        stream = row ? std::next(stream) : streams.erase(stream);
    }
    incident_rows.finish();

    TimelineReader reader;
    const auto write_event = [&](const RecordView& record, const JournalView& journal) {
        if (!of_incident(record, journal)) return;
        if (!streams.contains(record.stream())) {
            ++exported_.left_out;
            return;
        }
        append_line(event_rows.begin_row(), reader.read(record, journal));
        event_rows.end_row();
    };
    for (const Sequence sequence : redacted) {
        const Snapshot snapshot = journal_.snapshot();
        write_event(*snapshot->record(sequence), *snapshot);
    }
    each_event(journal_, after, size_, write_event);
    event_rows.finish();

    for (const Sequence sequence : artifacts) {
        const auto artifact = find_artifact(views_, sequence);
        const Snapshot snapshot = journal_.snapshot();
        if (!artifact || !streams.contains(*snapshot->stream_number(artifact->incident_id))) continue;
        append_artifact(artifact_rows.begin_row(), *artifact);
        artifact_rows.end_row();
    }
    artifact_rows.finish();

    PayloadDecoder payloads;
    for (const Sequence sequence : backlog) {
        const Snapshot snapshot = journal_.snapshot();
        const auto row = backlog_row(*snapshot->record(sequence), *snapshot, payloads);
        if (!row) continue;
        append_backlog_item(backlog_rows.begin_row(), *row);
        backlog_rows.end_row();
    }
    backlog_rows.finish();
    pipeline.finish();
    exported_.incidents = incident_rows.count();
    exported_.events = event_rows.count();
    exported_.artifacts = artifact_rows.count();
    exported_.backlog_items = backlog_rows.count();
}

}  // namespace

std::optional<PostgresPosition> postgres_position(postgres::Connection& connection) {
    const postgres::Rows rows = connection.query("SELECT origin, seq, root FROM daybook_export");
    if (rows.size() == 0) return std::nullopt;
    return PostgresPosition{std::string(rows.text(0, 0)), static_cast<std::uint64_t>(rows.number(0, 1)),
                            std::string(rows.text(0, 2))};
}

std::optional<Refusal> refuse_position(const PostgresPosition& position, const JournalView& journal) {
    const auto refuse = [](const std::string& why) {
        return Refusal{RefusalCode::conflict, why + ": name another database, or empty the tables and daybook_export", ""};
    };
    if (position.origin != journal.origin()) {
        return refuse("the database holds the rows of another journal, " + position.origin + " (this one is " + journal.origin() +
                      ")");
    }
    if (position.size > journal.size()) {
        return refuse("the database holds " + std::to_string(position.size) + " events of this journal, which has " +
                      std::to_string(journal.size()) + ": it was restored from an older backup");
    }
    if (position.root != root_text(journal, position.size)) {
        return refuse("the first " + std::to_string(position.size) +
                      " events that the database holds are not this journal's: one of the two was restored and has gone on");
    }
    return std::nullopt;
}

void move_position(postgres::Connection& connection, const JournalView& journal, std::uint64_t size) {
    connection.query(
        "INSERT INTO daybook_export (origin, seq, root) VALUES ($1, $2, $3) ON CONFLICT (origin) DO UPDATE SET seq = "
        "excluded.seq, root = excluded.root",
        {journal.origin(), std::to_string(size), root_text(journal, size)});
}

bool has_rows(postgres::Connection& connection) {
    return connection
        .query(
            "SELECT EXISTS (SELECT FROM incidents) OR EXISTS (SELECT FROM incident_events) OR EXISTS (SELECT FROM "
            "incident_artifacts) OR EXISTS (SELECT FROM backlog_items)")
        .truth(0, 0);
}

Result<PostgresExported> export_postgres(postgres::Connection& connection, const Journal& journal, lmdb::Transaction& views,
                                         std::uint64_t size, const PostgresExportOptions& options) {
    return Exporter(connection, journal, views, size, options).run();
}

}  // namespace daybook
