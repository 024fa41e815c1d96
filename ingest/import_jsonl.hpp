// `daybook import jsonl DIR`: reads the three files of a JSONL layout and appends what they lead to (ingest/import_layout.hpp).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "ingest/ingest.hpp"
#include "journal/journal.hpp"
#include "journal/result.hpp"
#include "projections/decision_index.hpp"

namespace daybook {

struct ImportOptions {
    std::filesystem::path directory;
    std::filesystem::path artifacts;  // where the files of artifacts lie; empty: `directory`
    bool strict = false;              // the first refusal ends it; what came before stays taken
    bool dry_run = false;             // all is checked and decided, nothing is taken
    // A line that was not taken, in the order in which lines are dealt with; `file` is its name in `directory`.
    std::function<void(std::string_view file, const RefusedLine&)> refused;
    std::function<void(std::uint64_t lines_done, std::uint64_t lines)> progress;  // now and then
};

struct ImportCounts {
    // Lines of all three files. A line of incidents.jsonl is taken if anything was written about its incident, else it is a
    // duplicate; a line of artifacts.jsonl likewise, if the artifact was attached.
    IngestCounts lines;
    std::uint64_t events = 0;       // that were written
    std::uint64_t synthesised = 0;  // of these, those that no line of events.jsonl or artifacts.jsonl says
};

// Every file is optional, but one of incidents.jsonl and events.jsonl must be there. Memory: what incidents.jsonl and
// artifacts.jsonl say, and 32 bytes for each line of events.jsonl.
// Refuses what refuse_layout does (ingest/whole_layout.hpp). Throws StorageError; what was taken before stays, and running it again
// takes up where it stopped.
Result<ImportCounts> import_jsonl(Journal& journal, const DecisionIndex& index, const ImportOptions& options);

}  // namespace daybook
