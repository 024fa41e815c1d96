#include <chrono>
#include <csignal>
#include <thread>

#include <CLI/CLI.hpp>

#include "journal/base64.hpp"
#include "journal/proof.hpp"
#include "journal/sha256.hpp"
#include "ops/cli/clock_options.hpp"
#include "ops/cli/command_set.hpp"
#include "ops/cli/named.hpp"
#include "ops/cli/number_option.hpp"
#include "ops/rows.hpp"
#include "projections/event_query.hpp"

namespace daybook {
namespace {

void add_timeline(CLI::App& root, ChosenCommand& chosen) {
    struct Options {
        explicit Options(CLI::App& command) : clocks(command) {}
        std::string incident_id;
        ClockOptions clocks;
    };
    CLI::App* app = root.add_subcommand("timeline", "What happened in an incident, in the order in which it was recorded");
    auto o = std::make_shared<Options>(*app);
    app->add_option("incident", o->incident_id, "The incident's id")->required()->type_name("INCIDENT");
    app->footer(
        "Examples:\n  daybook timeline inc_20260223_1000_k3f9\n  daybook timeline inc_20260223_1000_k3f9 -o jsonl | jq .message\n"
        "  daybook timeline inc_20260223_1000_k3f9 --known-at 2026-02-23T11:00:00Z");
    app->callback([o, &chosen] {
        chosen = [o](Session& session) {
            const Snapshot journal = session.journal_to_read().snapshot();
            const Horizon horizon = o->clocks.horizon(*journal);
            const StreamNumber number = find_incident(*journal, o->incident_id);
            RowWriter rows(session.out(), session.format(), session.style(), timeline_columns(session.format(), false));
            TimelineReader reader;
            const auto sequences = find_sequences(*journal, number, horizon);
            const Corrections corrections(*journal, sequences);
            for (const Sequence sequence : sequences) {
                rows.add(timeline_cells(reader.read(*journal->record(sequence), *journal), session.format(), corrections));
            }
            rows.finish();
            return ExitStatus::done;
        };
    });
}

struct EventsOptions {
    EventFilter filter;
    std::string since, until, recorded_since, recorded_until;
    std::vector<std::string> types;
    bool follow = false, proof = false;
};

EventFilter filter_of(const EventsOptions& o) {
    EventFilter filter = o.filter;
    for (const std::string& type : o.types) filter.types.push_back(word_option<EventType>("--type", type));
    if (!o.since.empty()) filter.since = time_option("--since", o.since);
    if (!o.until.empty()) filter.until = time_option("--until", o.until);
    if (!o.recorded_since.empty()) filter.recorded_since = time_option("--recorded-since", o.recorded_since);
    if (!o.recorded_until.empty()) filter.recorded_until = time_option("--recorded-until", o.recorded_until);
    if (!is_clean_utf8(filter.text)) throw CommandError(ExitStatus::usage, "--text must be UTF-8");
    return filter;
}

// The proofs of the rows of one run: all in one tree, so that one root (or checkpoint) is enough to check them. Where new events
// are followed, the tree grows with them.
class RowProofs {
public:
    JsonText proof(const RecordView& record, const JournalView& journal) {
        if (record.sequence().value > size_) {
            size_ = journal.size();
            root_ = journal.root(sha256_, size_);
        }
        const std::uint64_t index = record.sequence().value - 1;
        std::string text = "{\"hashes\":[";
        for (const Digest& hash : inclusion_proof(sha256_, nodes_of(journal), index, size_)) {
            if (text.back() != '[') text += ',';
            text += '"' + to_base64(bytes_of(hash)) + '"';
        }
        text += "],\"index\":" + std::to_string(index) + ",\"leaf_hash\":\"" + to_base64(bytes_of(record.leaf_hash())) +
                "\",\"root_hash\":\"" + to_base64(bytes_of(root_)) + "\",\"size\":" + std::to_string(size_) + '}';
        return {std::move(text)};
    }

private:
    Sha256 sha256_;
    std::uint64_t size_ = 0;
    Digest root_{};
};

std::vector<Column> event_columns(Format format, bool proof) {
    if (proof && !is_for_programs(format)) throw CommandError(ExitStatus::usage, "--proof wants -o json, jsonl or csv");
    std::vector<Column> columns = timeline_columns(format, true);
    if (proof) columns.push_back({"proof", ""});
    return columns;
}

// Prints what fits, up to the journal's end. Reads in short steps: a slow reader at the other end holds no snapshot for long.
class EventPrinter {
public:
    EventPrinter(Session& session, const EventsOptions& options)
        : session_(session),
          query_(filter_of(options)),
          rows_(session.out(), session.format(), session.style(), event_columns(session.format(), options.proof)) {
        const Snapshot journal = session.journal_to_read().snapshot();
        for (const std::string& stream : options.filter.streams) {
            if (!is_stream(stream) || stream.front() != '$') find_incident(*journal, stream);  // `$jobs` may have no event yet
        }
        if (query_.uses_index()) views_ = &session.views();
        if (options.proof) proofs_.emplace();
    }

    // False when there will be no more.
    bool print_new() {
        EventQuery::Progress progress;
        do {
            progress = step();
        } while (progress == EventQuery::Progress::more && session_.out());
        return progress == EventQuery::Progress::caught_up;
    }
    void flush() { rows_.flush(); }
    void finish() { rows_.finish(); }

private:
    EventQuery::Progress step() {
        if (views_ == nullptr) return step(nullptr);
        lmdb::Transaction views = views_->read();
        return step(&views);
    }
    EventQuery::Progress step(lmdb::Transaction* views) {
        const Snapshot journal = session_.journal_to_read().snapshot();
        return query_.step(*journal, views, [&](const RecordView& record) {
            Row row = timeline_cells(reader_.read(record, *journal), session_.format(), true);
            if (proofs_) row.emplace_back(proofs_->proof(record, *journal));
            rows_.add(row);
            return static_cast<bool>(session_.out());
        });
    }

    Session& session_;
    EventQuery query_;
    RowWriter rows_;
    TimelineReader reader_;
    std::optional<RowProofs> proofs_;
    Views* views_ = nullptr;
};

volatile std::sig_atomic_t interrupted = 0;

void add_event_options(CLI::App& app, EventsOptions& o) {
    const auto any_of = [&](const char* name, std::vector<std::string>& values, const char* help) {
        return app.add_option(name, values, std::string(help) + "; may be given several times")->expected(1)->take_all();
    };
    any_of("--incident", o.filter.streams, "Of this incident, or of a stream such as $triage")->type_name("INCIDENT");
    any_of("--type", o.types, "Of this type");
    any_of("--actor", o.filter.actors, "Said by this person or agent");
    any_of("--source", o.filter.sources, "From this source, such as alert_triage");
    any_of("--service", o.filter.services, "Openings and alerts of this service");
    app.add_option("--since", o.since, "Occurred at or after")->type_name("TIME");
    app.add_option("--until", o.until, "Occurred before")->type_name("TIME");
    app.add_option("--recorded-since", o.recorded_since, "Recorded at or after")->type_name("TIME");
    app.add_option("--recorded-until", o.recorded_until, "Recorded before")->type_name("TIME");
    app.add_option("--text", o.filter.text, "With this in the payload, names of fields included");
    add_number(app, "--after-seq", o.filter.after.value, "Behind this seq");
    add_number(app, "--limit", o.filter.limit, "At most so many (0: all)")->capture_default_str();
    app.add_flag("--proof", o.proof, "With a proof for each row that it is in the journal (with -o json, jsonl or csv)");
    app.add_flag("--follow,-f", o.follow, "Go on with new ones as they come, until Ctrl-C");
}

void add_events(CLI::App& root, ChosenCommand& chosen) {
    auto o = std::make_shared<EventsOptions>();
    CLI::App* app = root.add_subcommand("events", "Events of the whole journal, by seq");
    add_event_options(*app, *o);
    app->footer(
        "Examples:\n  daybook events --type status_changed --since 2026-02-16T00:00:00Z\n  daybook events --actor sofiia --actor "
        "helion -o jsonl\n"
        "  daybook events --incident inc_20260223_1000_k3f9 -o jsonl --proof\n  daybook events --follow");
    app->callback([o, &chosen] {
        chosen = [o](Session& session) {
            EventPrinter printer(session, *o);
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
                incidents->each(
                    [&](StreamNumber, const IncidentRow& row) { active += row.state.active() && !row.state.archived() ? 1U : 0U; });
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
                          {size, to_hex(snapshot->root(sha256, size)), snapshot->origin(), incidents ? incidents->count() : 0,
                           active, snapshot->stream_count(), followups, open_followups, artifacts,
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
