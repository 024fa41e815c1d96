// Where the layouts go (section 4, INCIDENT_BACKEND), and a round that brings them up to date: for `export`, for its job, and under
// `serve` for the thread that follows the journal.
//
//   jsonl      the files
//   postgres   the tables
//   auto       the tables; where they can't be had the files, and the tables again after a while. Files of this journal that are
//              there already are kept up to date too, so that after an outage both are complete.
//   none       nothing
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/journal.hpp"
#include "ops/known_exports.hpp"
#include "projections/postgres_layout.hpp"

namespace daybook {

enum class ExportBackend { jsonl, postgres, automatic, none };
std::optional<ExportBackend> export_backend_from_text(std::string_view text);
inline constexpr const char* export_backend_choices = "jsonl, postgres, auto, none";

struct LayoutSettings {
    ExportBackend backend = ExportBackend::jsonl;
    std::filesystem::path directory = "ops/incidents";
    std::filesystem::path artifacts;        // empty: `directory`
    postgres::Options database;             // its url may be empty where the backend is jsonl
    std::chrono::seconds retry_after{300};  // to the next try after one that failed
};

// The DDL that a first load needs.
PostgresExportOptions postgres_export_options();

// What became of one layout in a round.
struct LayoutOutcome {
    enum class State {
        done,
        waiting,      // it is not due: the last try failed a while ago, or files are to be written later
        unreachable,  // no connection
        refused,      // what is there is somebody else's
        failed,
    };
    KnownExport::Kind layout = KnownExport::Kind::jsonl;
    State state = State::done;
    std::string place;       // without a password
    std::string message;     // where it is not done: why, and what to do
    std::uint64_t size = 0;  // of the journal's prefix that the layout holds, as far as is known
    Digest root{};
    std::uint64_t incidents = 0, events = 0, artifacts = 0;  // rows that were written
};

// Used by one thread. Keeps its connection from round to round.
class LayoutExports {
public:
    using SteadyTime = std::chrono::steady_clock::time_point;
    struct Parts {
        const Journal& journal;
        std::filesystem::path data;  // its data directory, where the places are known
        // Calls `use` with views that hold all that was appended before, and with how many events that are.
        std::function<void(const std::function<void(lmdb::Transaction& views, std::uint64_t size)>& use)> read_views;
        std::function<void(const KnownExport& place)> remember;     // called before anything is written to a place
        std::function<void(std::uint64_t sequence)> progress = {};  // now and then; may throw to stop
    };
    LayoutExports(Parts parts, LayoutSettings settings) : parts_(std::move(parts)), settings_(std::move(settings)) {}

    // Brings each layout that the backend asks for up to date. A fault is the outcome of its layout, and keeps no other one from
    // being written. Throws what `progress` throws, and postgres::Error of the kind `stopped`.
    std::vector<LayoutOutcome> run(SteadyTime now, bool files_are_due = true);
    // When a layout that failed is to be tried again; nothing where none did.
    std::optional<SteadyTime> next_try() const { return next_try_; }

private:
    LayoutOutcome write_tables();
    LayoutOutcome write_files();
    bool has_files_of_this_journal();

    Parts parts_;
    LayoutSettings settings_;
    std::unique_ptr<postgres::Connection> connection_;
    std::optional<SteadyTime> next_try_;  // of the tables
    std::uint64_t tables_size_ = 0;
    bool has_files_ = false;
};

}  // namespace daybook
