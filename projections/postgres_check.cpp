#include "projections/postgres_check.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "journal/sha256.hpp"
#include "projections/artifacts.hpp"
#include "projections/backlog.hpp"
#include "projections/incidents.hpp"
#include "projections/jsonl_layout.hpp"
#include "projections/postgres_rows.hpp"
#include "projections/timeline.hpp"

namespace daybook {
namespace {

constexpr std::uint64_t snapshot_events = 10'000;

struct TableOf {
    const LayoutTable* table;
    const char* incident;  // the column with the incident's id
    const char* word;
};
constexpr std::array<TableOf, 3> tables{
    {{&incidents_layout, "id", "row"}, {&events_layout, "incident_id", "events"}, {&artifacts_layout, "incident_id", "artifacts"}}};

// The rows of one table that are of one incident, or of the backlog.
struct Rows {
    std::array<std::uint8_t, 16> digest{};
    std::uint32_t count = 0;
    bool operator==(const Rows&) const = default;
    void add(const Digest& row) {
        for (std::size_t i = 0; i < digest.size(); ++i) digest[i] ^= row[i];
        ++count;
    }
};
using AllRows = std::array<Rows, 3>;

class Check {
public:
    Check(postgres::Connection& connection, const Journal& journal, const PostgresCheckOptions& options)
        : connection_(connection), journal_(journal), options_(options) {}

    Result<PostgresChecked> run();

private:
    std::optional<Refusal> find_position();
    void compare(lmdb::Transaction& views);
    void read_journal(lmdb::Transaction& views);
    void read_tables(lmdb::Transaction& views);
    void read_backlog_table();
    void name_differences();
    std::optional<Refusal> refuse_strangers() const;
    AllRows& side_of(std::vector<AllRows>& side, StreamNumber stream);
    Digest digest_of(const LayoutTable& table, std::string_view line);
    void mend(lmdb::Transaction& views);
    void mend_backlog(postgres::Pipeline& pipeline);
    void take_away(const std::set<std::string>& incidents);
    std::string reasons(lmdb::Transaction& views, const std::string& incident);

    postgres::Connection& connection_;
    const Journal& journal_;
    const PostgresCheckOptions& options_;
    WrittenJsonReader reader_;
    Sha256 sha256_;
    std::string comparable_;
    std::vector<AllRows> ours_, theirs_;        // by stream number
    std::map<std::string, AllRows> strangers_;  // rows of incidents that the journal does not have
    std::vector<StreamNumber> differing_;
    Rows our_backlog_, their_backlog_;
    std::set<std::string> backlog_items_;       // that the journal has
    std::optional<std::string> stranger_item_;  // one that it does not have
    std::uint64_t unknown_rows_ = 0;            // of incidents that the journal has: events and artifacts that it does not have
    std::string unknown_row_;                   // the first
    PostgresChecked checked_;
};

Result<PostgresChecked> Check::run() {
    connection_.allow(options_.statement_timeout);
    postgres::Transaction transaction(connection_, options_.repair ? "BEGIN ISOLATION LEVEL REPEATABLE READ"
                                                                   : "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY");
    if (options_.repair) connection_.execute(lock_position);
    if (auto refusal = find_position()) return *refusal;
    std::optional<Refusal> refusal;
    options_.views_at(checked_.size, [&](lmdb::Transaction& views) {
        read_journal(views);
        compare(views);
        checked_.no_repair = refuse_strangers();
        if (!options_.repair) return;
        refusal = checked_.no_repair;
        if (refusal) return;
        if (options_.before_rows) options_.before_rows();
        if (checked_.differences.empty() && checked_.has_position) return;
        const std::vector<PostgresDifference> found = checked_.differences;
        mend(views);
        compare(views);
        if (!checked_.differences.empty()) {
            const PostgresDifference& first = checked_.differences.front();
            throw StorageError("the tables can't be mended, and are as they were: " + first.incident_id + ": " + first.what +
                               reasons(views, first.incident_id));
        }
        move_position(connection_, *journal_.snapshot(), checked_.size);
        transaction.commit();
        checked_.differences = found;
        checked_.mended = found.size();
    });
    if (refusal) return *refusal;
    return checked_;
}

std::optional<Refusal> Check::find_position() {
    const auto position = postgres_position(connection_);
    if (position) {
        checked_.size = position->size;
        return refuse_position(*position, *journal_.snapshot());
    }
    if (!has_rows(connection_)) {
        return Refusal{RefusalCode::not_found, "no journal has been exported to " + connection_.place() + " yet", ""};
    }
    checked_.has_position = false;
    checked_.size = options_.size;
    return std::nullopt;
}

// Rows that no position makes this journal's, and that it can't have written.
std::optional<Refusal> Check::refuse_strangers() const {
    if (checked_.has_position) return std::nullopt;
    std::string what;
    const std::size_t incidents = strangers_.size() - strangers_.count("");
    if (incidents != 0) {
        what = "rows of " + std::to_string(incidents) + (incidents == 1 ? " incident" : " incidents") +
               " that this journal does not have, such as " + strangers_.rbegin()->first;
    } else if (!strangers_.empty()) {
        what = "rows of no incident";
    } else if (unknown_rows_ != 0) {
        what = std::to_string(unknown_rows_) + (unknown_rows_ == 1 ? " row" : " rows") +
               " that this journal does not have, such as " + unknown_row_;
    }
    if (!what.empty()) {
        return Refusal{RefusalCode::conflict,
                       "the tables hold " + what +
                           ": `daybook import postgres` takes them in; mend or remove in the tables what it refuses, and "
                           "import again",
                       ""};
    }
    if (stranger_item_) {
        return Refusal{RefusalCode::conflict,
                       "backlog_items holds rows that this journal does not have, such as " + *stranger_item_ +
                           ": move them to a table of another name",
                       ""};
    }
    return std::nullopt;
}

AllRows& Check::side_of(std::vector<AllRows>& side, StreamNumber stream) {
    if (side.size() <= stream.value) side.resize(std::size_t{stream.value} + 1);
    return side[stream.value];
}

Digest Check::digest_of(const LayoutTable& table, std::string_view line) {
    const auto row = reader_.read(line);
    if (!row)
        throw StorageError("the tables can't be held against this row: " + name_of_row(table, line) + ": " + row.refusal().message);
    comparable_.clear();
    append_comparable(comparable_, table, **row);
    return sha256_({comparable_});
}

void Check::read_journal(lmdb::Transaction& views) {
    std::string line;
    if (const auto table = IncidentTable::open(views)) {
        table->each([&](StreamNumber number, const IncidentRow& row) {
            line.clear();
            append_incident(line, row);
            side_of(ours_, number)[0].add(digest_of(incidents_layout, line));
            ++checked_.incidents;
        });
    }
    TimelineReader timeline;
    for (Sequence next{1}; next.value <= checked_.size;) {
        const auto snapshot = journal_.snapshot();
        next = snapshot->scan(next, std::min(snapshot_events, checked_.size - next.value + 1), [&](const RecordView& record) {
            const std::size_t stream = record.stream().value;
            if (stream >= ours_.size() || ours_[stream][0].count == 0) return true;  // left out, or of no incident
            line.clear();
            append_line(line, timeline.read(record, *snapshot));
            line.pop_back();
            ours_[stream][1].add(digest_of(events_layout, line));
            ++checked_.events;
            return true;
        });
    }
    const auto snapshot = journal_.snapshot();
    scan_artifacts(views, [&](const Artifact& artifact) {
        const std::size_t stream = snapshot->stream_number(artifact.incident_id)->value;
        if (stream >= ours_.size() || ours_[stream][0].count == 0) return;
        line.clear();
        append_artifact(line, artifact);
        ours_[stream][2].add(digest_of(artifacts_layout, line));
        ++checked_.artifacts;
    });
    each_backlog_item(*snapshot, checked_.size, [&](const BacklogRow& row) {
        line.clear();
        append_backlog_item(line, row);
        our_backlog_.add(digest_of(backlog_layout, line));
        backlog_items_.insert(row.item_id);
    });
}

void Check::compare(lmdb::Transaction& views) {
    theirs_.clear();
    strangers_.clear();
    unknown_rows_ = 0;
    read_tables(views);
    read_backlog_table();
    name_differences();
}

void Check::read_tables(lmdb::Transaction& views) {
    const auto snapshot = journal_.snapshot();
    for (std::size_t table = 0; table < tables.size(); ++table) {
        StoredRows rows(connection_, std::string("SELECT to_jsonb(r) FROM ") + tables[table].table->name + " r");
        while (const auto row = rows.next()) {
            comparable_.clear();
            const JsonValue* id = *row ? (**row)->find(tables[table].incident) : nullptr;
            std::string incident = id != nullptr && id->is_string() ? std::string(id->text()) : std::string();
            if (!*row) incident = value_in_row(rows.text(), tables[table].incident).value_or("");
            if (*row) append_comparable(comparable_, *tables[table].table, ***row);
            const auto stream = is_incident_id(incident) ? snapshot->stream_number(incident) : std::nullopt;
            const bool known = stream && stream->value < ours_.size() && ours_[stream->value][0].count != 0;
            AllRows& side = known ? side_of(theirs_, *stream) : strangers_[incident];
            side[table].add(sha256_({comparable_}));
            if (checked_.has_position || !known || table == 0) continue;
            if (*row && options_.is_in_journal(*tables[table].table, ***row, *snapshot, views)) continue;
            if (unknown_rows_++ == 0) unknown_row_ = name_of_row(*tables[table].table, rows.text());
        }
    }
}

void Check::read_backlog_table() {
    their_backlog_ = {};
    stranger_item_.reset();
    StoredRows rows(connection_, std::string("SELECT to_jsonb(r) FROM ") + backlog_layout.name + " r");
    while (const auto row = rows.next()) {
        comparable_.clear();
        const JsonValue* id = *row ? (**row)->find("item_id") : nullptr;
        const std::string item = id != nullptr && id->is_string() ? std::string(id->text()) : std::string();
        if (!backlog_items_.contains(item)) stranger_item_ = item.empty() ? "one without an item_id" : item;
        if (*row) append_comparable(comparable_, backlog_layout, ***row);
        their_backlog_.add(sha256_({comparable_}));
    }
}

// In words what differs; empty where nothing does.
std::string difference_of(const Rows& ours, const Rows& theirs, const std::string& word, bool plural) {
    if (ours == theirs) return {};
    if (ours.count == theirs.count) return "its " + word + (plural ? " differ" : " differs");
    return word + ": " + std::to_string(theirs.count) + " in the tables, " + std::to_string(ours.count) + " in the journal";
}

void Check::name_differences() {
    differing_.clear();
    checked_.differences.clear();
    theirs_.resize(std::max(theirs_.size(), ours_.size()));
    const auto snapshot = journal_.snapshot();
    for (std::uint32_t stream = 1; stream < ours_.size(); ++stream) {
        std::string what;
        for (std::size_t table = 0; table < tables.size(); ++table) {
            const std::string difference =
                difference_of(ours_[stream][table], theirs_[stream][table], tables[table].word, table != 0);
            what += (what.empty() || difference.empty() ? "" : "; ") + difference;
        }
        if (what.empty()) continue;
        differing_.push_back({stream});
        checked_.differences.push_back({std::string(snapshot->stream_id({stream})), what});
    }
    for (const auto& [incident, rows] : strangers_) {
        checked_.differences.push_back({incident, incident.empty() ? "rows of no incident" : "is not in the journal"});
    }
    const std::string difference = difference_of(our_backlog_, their_backlog_, "items", true);
    if (!difference.empty()) checked_.differences.push_back({std::string(backlog_stream), difference});
}

// Everything of the incidents that differ goes and comes anew. What goes goes first: a row may have got to another incident.
void Check::mend(lmdb::Transaction& views) {
    std::set<std::string> all, strange;
    for (const PostgresDifference& difference : checked_.differences) all.insert(difference.incident_id);
    for (const auto& [incident, rows] : strangers_) strange.insert(incident);
    take_away(all);
    for (const std::string& incident : strange) connection_.query("DELETE FROM incidents WHERE id = $1", {incident});

    postgres::Pipeline pipeline(connection_);
    WrittenRows incidents(pipeline, incidents_layout), events(pipeline, events_layout), artifacts(pipeline, artifacts_layout);
    const auto table = IncidentTable::open(views);
    for (const StreamNumber stream : differing_) {
        append_incident(incidents.begin_row(), *table->find(stream));
        incidents.end_row();
    }
    incidents.finish();
    TimelineReader timeline;
    for (const StreamNumber stream : differing_) {
        const auto snapshot = journal_.snapshot();
        for (const Sequence sequence : snapshot->stream_sequences(stream)) {
            if (sequence.value > checked_.size) break;
            append_line(events.begin_row(), timeline.read(*snapshot->record(sequence), *snapshot));
            events.end_row();
        }
    }
    events.finish();
    scan_artifacts(views, [&](const Artifact& artifact) {
        if (!all.contains(artifact.incident_id)) return;
        append_artifact(artifacts.begin_row(), artifact);
        artifacts.end_row();
    });
    artifacts.finish();
    if (all.contains(std::string(backlog_stream))) mend_backlog(pipeline);
    pipeline.finish();
}

void Check::mend_backlog(postgres::Pipeline& pipeline) {
    pipeline.send(std::string("DELETE FROM ") + backlog_layout.name, {});
    WrittenRows rows(pipeline, backlog_layout);
    each_backlog_item(*journal_.snapshot(), checked_.size, [&](const BacklogRow& row) {
        append_backlog_item(rows.begin_row(), row);
        rows.end_row();
    });
    rows.finish();
}

// The rows of events and artifacts of these incidents; of the empty name, those that name none.
void Check::take_away(const std::set<std::string>& incidents) {
    std::string names = "[";
    for (const std::string& incident : incidents) {
        if (names.size() > 1) names += ',';
        append_json_string(names, incident);
    }
    names += ']';
    for (const char* table : {"incident_events", "incident_artifacts"}) {
        connection_.query(std::string("DELETE FROM ") + table +
                              " WHERE coalesce(incident_id, '') IN (SELECT jsonb_array_elements_text($1::jsonb))",
                          {names});
    }
}

// Why the row of an incident is not as it was written, as far as that can be seen: in which columns, and what there is that changes
// rows.
std::string Check::reasons(lmdb::Transaction& views, const std::string& incident) {
    std::string reasons;
    const auto table = IncidentTable::open(views);
    const auto stream = is_incident_id(incident) ? journal_.snapshot()->stream_number(incident) : std::nullopt;
    if (const auto row = table && stream ? table->find(*stream) : std::nullopt) {
        std::string line;
        append_incident(line, *row);
        const auto ours = reader_.read(line);
        StoredRows rows(connection_, "SELECT to_jsonb(r) FROM incidents r WHERE id = '" + incident + "'");
        while (const auto theirs = rows.next()) {
            for (std::size_t i = 0; *theirs && ours && i < incidents_layout.columns.size(); ++i) {
                const LayoutTable column{incidents_layout.name, incidents_layout.key, incidents_layout.columns.subspan(i, 1)};
                std::string our_value, their_value;
                append_comparable(our_value, column, **ours);
                append_comparable(their_value, column, ***theirs);
                if (our_value != their_value) reasons += (reasons.empty() ? " in " : ", ") + std::string(column.columns[0].name);
            }
        }
    }
    const auto triggers = connection_.query(  // before each row, of INSERT or UPDATE
        "SELECT string_agg(format('ALTER TABLE %s DISABLE TRIGGER %I', tgrelid::regclass, tgname), '; ' ORDER BY tgname) FROM "
        "pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A') AND tgtype & 3 = 3 AND tgtype & 20 <> 0 AND tgrelid = ANY "
        "('{incidents,incident_events,incident_artifacts,backlog_items}'::regclass[])");
    if (!triggers.is_null(0, 0))
        reasons += ": what changes it may be a trigger: `" + std::string(triggers.text(0, 0)) + "`, and run this again";
    return reasons;
}

}  // namespace

Result<PostgresChecked> check_postgres(postgres::Connection& connection, const Journal& journal,
                                       const PostgresCheckOptions& options) {
    return Check(connection, journal, options).run();
}

}  // namespace daybook
