#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>

#include <CLI/CLI.hpp>

#include "journal/sha256.hpp"
#include "ops/cli/command_set.hpp"
#include "ops/cli/rows.hpp"

namespace daybook {
namespace {

void add_timeline(CLI::App& root, ChosenCommand& chosen) {
    struct Options {
        std::string incident_id, as_of, known_at;
        std::uint64_t at_seq = 0;
    };
    auto o = std::make_shared<Options>();
    CLI::App* app = root.add_subcommand("timeline", "What happened in an incident, in the order in which it was recorded");
    app->add_option("incident", o->incident_id, "The incident's id")->required()->type_name("INCIDENT");
    app->add_option("--as-of", o->as_of, "What had happened by then")->type_name("TIME");
    app->add_option("--known-at", o->known_at, "What was recorded by then")->type_name("TIME");
    app->add_option("--at-seq", o->at_seq, "What the first N events of the journal say")->type_name("N");
    app->footer("Examples:\n  daybook timeline inc_20260223_1000_k3f9\n  daybook timeline inc_20260223_1000_k3f9 -o jsonl | jq .message");
    app->callback([o, &chosen] {
        chosen = [o](Session& session) {
            std::optional<Time> as_of, known_at;
            if (!o->as_of.empty()) as_of = time_option("--as-of", o->as_of);
            if (!o->known_at.empty()) known_at = time_option("--known-at", o->known_at);
            const Snapshot journal = session.journal_to_read().snapshot();
            const auto number = journal->stream_number(o->incident_id);
            if (!number) throw CommandError(ExitStatus::not_found, "no such incident: " + o->incident_id);
            RowWriter rows(session.out(), session.format(), session.style(), timeline_columns(session.format(), false));
            TimelineReader reader;
            for (const Sequence sequence : journal->stream_sequences(*number)) {
                const RecordView record = *journal->record(sequence);
                if (as_of && record.occurred_at() > *as_of) continue;
                if (known_at && record.recorded_at() > *known_at) continue;
                if (o->at_seq != 0 && sequence.value > o->at_seq) continue;
                rows.add(timeline_cells(reader.read(record, *journal), session.format(), false));
            }
            rows.finish();
            return ExitStatus::done;
        };
    });
}

struct EventFilter {
    std::optional<StreamNumber> stream;
    std::vector<EventType> types;  // empty: all
    std::optional<NameNumber> actor, source, service;
    std::optional<Time> since, until, recorded_since, recorded_until;
    std::string text;

    bool fits(const RecordView& record) const {
        const RecordHeader& header = record.header();
        if (stream && record.stream() != *stream) return false;
        if (!types.empty() && std::find(types.begin(), types.end(), header.type) == types.end()) return false;
        if (actor && header.actor != actor->value) return false;
        if (source && header.source != source->value) return false;
        if (service && header.service != service->value) return false;
        if (since && record.occurred_at() < *since) return false;
        if (until && record.occurred_at() >= *until) return false;
        if (recorded_since && record.recorded_at() < *recorded_since) return false;
        if (recorded_until && record.recorded_at() >= *recorded_until) return false;
        return text.empty() || record.payload().find(text) != std::string_view::npos;
    }
};

struct EventsOptions {
    std::string incident_id, actor, source, service, since, until, recorded_since, recorded_until, text;
    std::vector<std::string> types;
    std::uint64_t after_seq = 0, limit = 0;
    bool follow = false;
};

// Nothing where the filter names something that the journal has never seen, so that no event fits.
std::optional<EventFilter> filter_of(const EventsOptions& o, const JournalView& journal) {
    EventFilter filter;
    const auto name = [&](const std::string& text, std::optional<NameNumber>& number) {
        if (text.empty()) return true;
        number = journal.find_name(text);
        return number.has_value();
    };
    if (!o.incident_id.empty()) {
        filter.stream = journal.stream_number(o.incident_id);
        if (!filter.stream) return std::nullopt;
    }
    for (const std::string& type : o.types) filter.types.push_back(word_option<EventType>("--type", type));
    if (!o.since.empty()) filter.since = time_option("--since", o.since);
    if (!o.until.empty()) filter.until = time_option("--until", o.until);
    if (!o.recorded_since.empty()) filter.recorded_since = time_option("--recorded-since", o.recorded_since);
    if (!o.recorded_until.empty()) filter.recorded_until = time_option("--recorded-until", o.recorded_until);
    filter.text = o.text;
    if (!name(o.actor, filter.actor) || !name(o.source, filter.source) || !name(o.service, filter.service)) return std::nullopt;
    return filter;
}

// Prints what fits, up to the journal's end. Reads in short batches: a slow reader at the other end holds no snapshot for long.
class EventPrinter {
public:
    EventPrinter(Session& session, const EventsOptions& options)
        : session_(session), options_(options), rows_(session.out(), session.format(), session.style(), timeline_columns(session.format(), true)),
          next_(Sequence{options.after_seq}.next()) {}

    // False when the limit is reached.
    bool print_new() {
        const Journal& journal = session_.journal_to_read();
        const std::uint64_t size = journal.snapshot()->size();
        while (next_.value <= size) {
            const Snapshot snapshot = journal.snapshot();
            const auto filter = filter_of(options_, *snapshot);
            if (!filter) {
                next_ = {size + 1};
                break;
            }
            bool more = true;
            next_ = snapshot->scan(next_, std::min<std::uint64_t>(batch, size - next_.value + 1), [&](const RecordView& record) {
                if (!filter->fits(record)) return true;
                rows_.add(timeline_cells(reader_.read(record, *snapshot), session_.format(), true));
                more = ++printed_ != options_.limit;
                return more;
            });
            if (!more || !session_.out()) return false;
        }
        return true;
    }
    void flush() { rows_.flush(); }
    void finish() { rows_.finish(); }

private:
    static constexpr std::uint64_t batch = 2'000;
    Session& session_;
    const EventsOptions& options_;
    RowWriter rows_;
    TimelineReader reader_;
    Sequence next_;
    std::uint64_t printed_ = 0;
};

volatile std::sig_atomic_t interrupted = 0;

void add_events(CLI::App& root, ChosenCommand& chosen) {
    auto o = std::make_shared<EventsOptions>();
    CLI::App* app = root.add_subcommand("events", "Events of the whole journal, by seq");
    app->add_option("--incident", o->incident_id, "Of this incident, or of a stream such as $triage")->type_name("INCIDENT");
    app->add_option("--type", o->types, "Of this type; may be given several times")->expected(1)->take_all();
    app->add_option("--actor", o->actor, "Said by this person or agent");
    app->add_option("--source", o->source, "From this source, such as alert_triage");
    app->add_option("--service", o->service, "Openings and alerts of this service");
    app->add_option("--since", o->since, "Occurred at or after")->type_name("TIME");
    app->add_option("--until", o->until, "Occurred before")->type_name("TIME");
    app->add_option("--recorded-since", o->recorded_since, "Recorded at or after")->type_name("TIME");
    app->add_option("--recorded-until", o->recorded_until, "Recorded before")->type_name("TIME");
    app->add_option("--text", o->text, "With this in the payload's JSON text");
    app->add_option("--after-seq", o->after_seq, "Behind this seq")->type_name("N");
    app->add_option("--limit", o->limit, "At most so many (0: all)")->capture_default_str();
    app->add_flag("--follow,-f", o->follow, "Go on with new ones as they come, until Ctrl-C");
    app->footer("Examples:\n  daybook events --type status_changed --since 2026-02-16T00:00:00Z\n  daybook events --actor sofiia -o jsonl\n"
                "  daybook events --follow");
    app->callback([o, &chosen] {
        chosen = [o](Session& session) {
            EventPrinter printer(session, *o);
            (void)filter_of(*o, *session.journal_to_read().snapshot());  // wrong values are told at once
            bool more = printer.print_new();
            if (o->follow) {
                std::signal(SIGINT, [](int) { interrupted = 1; });
                std::signal(SIGTERM, [](int) { interrupted = 1; });
            }
            while (more && o->follow && interrupted == 0) {
                printer.flush();
                std::this_thread::sleep_for(std::chrono::milliseconds(100));
                more = printer.print_new();
            }
            printer.finish();
            return ExitStatus::done;
        };
    });
}

void add_stats(CLI::App& root, ChosenCommand& chosen) {
    CLI::App* app = root.add_subcommand("stats", "How much there is, and how it stands");
    app->footer("Example:\n  daybook stats -o json");
    app->callback([&chosen] {
        chosen = [](Session& session) {
            Views& views = session.views();
            const Journal& journal = session.journal_to_read();
            const Snapshot snapshot = journal.snapshot();
            lmdb::Transaction transaction = views.read();
            const auto incidents = IncidentTable::open(transaction);
            std::uint64_t active = 0;
            if (incidents) {
                incidents->each([&](StreamNumber, const IncidentRow& row) { active += row.state.active() && !row.state.archived() ? 1U : 0U; });
            }
            std::uint64_t followups = 0, open_followups = 0, artifacts = 0;
            scan_followups(transaction, [&](const Followup& followup) {
                ++followups;
                open_followups += followup.state.finished() ? 0U : 1U;
                return true;
            });
            scan_artifacts(transaction, [&](const Artifact&) { ++artifacts; });
            const std::uint64_t size = snapshot->size();
            const auto newest = size == 0 ? std::nullopt : snapshot->record({size});
            Sha256 sha256;
            session.print({{"journal_size", "events"},
                           {"root_hash", "root"},
                           {"origin", ""},
                           {"incidents", ""},
                           {"incidents_active", "active"},
                           {"streams", ""},
                           {"followups", "follow-ups"},
                           {"followups_open", "open follow-ups"},
                           {"artifacts", ""},
                           {"last_recorded_at", "last recorded"},
                           {"data_bytes", "bytes on disk"},
                           {"views_position", "views are at"},
                           {"left_out", "events left out of views"}},
                          {size, to_hex(snapshot->root(sha256, size)), snapshot->origin(), incidents ? incidents->count() : 0, active,
                           snapshot->stream_count(), followups, open_followups, artifacts,
                           newest ? Cell(newest->recorded_at()) : Cell(), journal.environment().used_bytes(),
                           position_of_all(transaction).sequence.value, parked_events(transaction).size()});
            return ExitStatus::done;
        };
    });
}

}  // namespace

void add_query_commands(CLI::App& root, ChosenCommand& chosen) {
    add_timeline(root, chosen);
    add_events(root, chosen);
    add_stats(root, chosen);
}

}  // namespace daybook
