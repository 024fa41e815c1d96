#include "ops/backlog.hpp"

#include "ops/saved_reports.hpp"
#include "projections/backlog.hpp"

namespace daybook {

void write_backlog(const JournalView& journal, const std::filesystem::path& directory) {
    std::string lines;
    each_backlog_item(journal, journal.size(), [&](const BacklogRow& row) {
        append_backlog_item(lines, row);
        lines += '\n';
    });
    std::filesystem::create_directories(directory);
    write_if_other(directory / "items.jsonl", lines);
}

}  // namespace daybook
