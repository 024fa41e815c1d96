// A journal with its decision index and its views, that layouts are exported from and imported into.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/import_jsonl.hpp"
#include "projections/decision_index.hpp"
#include "projections/jsonl_layout.hpp"
#include "tests/support.hpp"

namespace daybook::test {

class LayoutFixture {
public:
    explicit LayoutFixture(std::uint64_t seed = 1) : journal_({&index_}, seed) {}

    TestJournal& journal() { return journal_; }
    DecisionIndex& index() { return index_; }

    // One event by a person, with a second between it and the next.
    Appended append(std::string_view stream, const Payload& payload);

    // The same, but several share a sync: they are there after append_waiting. Returns the seq that it will have.
    std::uint64_t append_later(std::string_view stream, const Payload& payload);
    void append_waiting();

    // An event that is there in the journal: its payload's text.
    std::string payload_at(std::uint64_t sequence);
    EventType type_at(std::uint64_t sequence);
    std::vector<std::string> types();

    // Makes the views anew and exports the first `size` events, or all.
    JsonlExported export_to(const std::filesystem::path& directory, std::uint64_t size = UINT64_MAX);
    // The row of an incident in incidents.jsonl, as the views have it.
    std::string row_of(std::string_view incident);

    // A day after what was last done.
    ImportCounts import_from(const std::filesystem::path& directory, ImportOptions options = {});
    // What import_from refused: "events.jsonl:3 /meta/to: …".
    const std::vector<std::string>& refusals() const { return refusals_; }

    // What `verify` finds in the journal, a line each; empty where it is sound.
    std::string problems();

private:
    DecisionIndex index_;
    TestJournal journal_;
    std::vector<std::string> refusals_;
    std::vector<AppendRequest> waiting_;
};

// The layout's three files, and what is in them.
void write_layout(const std::filesystem::path& directory, std::string_view incidents, std::string_view events,
                  std::string_view artifacts = "");

// The value of a member of the JSON object `line`, as RFC 8785 text; empty where there is none. `path`: "meta.meta.x".
std::string member(std::string_view line, std::string_view path);
std::vector<std::string> lines_of(const std::filesystem::path& file);

}  // namespace daybook::test
