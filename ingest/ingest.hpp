// Taking a stream of records: read and checked on one thread, decided and appended on another, in chunks of bounded size.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "ingest/sources.hpp"
#include "ingest/triage_policy.hpp"
#include "journal/identifiers.hpp"
#include "journal/journal.hpp"
#include "projections/decision_index.hpp"

namespace daybook {

inline constexpr std::size_t record_line_bytes_max = 1024 * 1024;
inline constexpr std::size_t webhook_body_bytes_max = 8 * 1024 * 1024;  // also of a file that is one JSON document

struct IngestCounts {
    std::uint64_t read = 0;  // records, each alert of a payload one; taken + duplicate + ignored + refused
    std::uint64_t taken = 0;
    std::uint64_t duplicate = 0;
    std::uint64_t ignored = 0;  // told, written down as alert_ignored, and nothing else
    std::uint64_t refused = 0;

    IngestCounts& operator+=(const IngestCounts& other);
};

// A record that was not taken; of a payload with many alerts all that were not.
struct RefusedLine {
    std::uint64_t number = 0;       // of its line, from 1; of a document its first
    std::uint64_t offset = 0;       // of that line's first byte
    std::string text;               // the line, or of a payload with many alerts the payload with these alone; cut at its limit
    std::vector<Refusal> refusals;  // of each record in `text`, in their order; a field is a place in the line as it came
};

struct IngestOptions {
    std::string caller;                           // the actor of records that name none
    AlertFormat format = AlertFormat::automatic;  // automatic: by the content of each payload
    Time received_at{};                           // stands for the time of what says none
    std::size_t line_bytes_max = record_line_bytes_max;
    bool strict = false;                                     // the first refusal ends it; what came before stays taken
    bool dry_run = false;                                    // all is checked and decided, nothing is taken
    std::function<void(const RefusedLine&)> refused;         // in the order of lines
    std::function<void(std::uint64_t bytes_done)> progress;  // now and then
    int stop = -1;  // once this descriptor can be read no more lines are; what was read until then is dealt with
};

// What a source's records go through; outlives the call.
struct IngestParts {
    Journal& journal;
    const DecisionIndex& index;
    const TriagePolicy& policy;
    Entropy& entropy;
};

// Takes `file`: JSON Lines, one payload a line, or one JSON document. Memory is bounded, whatever the file's length.
// Throws StorageError: the file can't be read, or the journal not be written to; what was acknowledged before stays, and running it
// again takes up where it stopped.
IngestCounts ingest_file(const IngestParts& parts, const std::filesystem::path& file, const IngestOptions& options);

}  // namespace daybook
