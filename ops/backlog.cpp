#include "ops/backlog.hpp"

#include <functional>
#include <set>

#include "journal/json.hpp"
#include "journal/line_file.hpp"
#include "ops/saved_reports.hpp"
#include "projections/backlog.hpp"

namespace daybook {
namespace {

constexpr std::size_t line_bytes_max = std::size_t{4} << 20;

// Other lines would be lost: the journal can't write them again.
std::optional<Refusal> refuse_unknown(const std::filesystem::path& file, const std::set<std::string, std::less<>>& known) {
    if (!std::filesystem::exists(file)) return std::nullopt;
    LineFile lines(file, line_bytes_max);
    JsonReader reader;
    while (const auto line = lines.next()) {
        if (line->find_first_not_of(" \t\r") == std::string_view::npos) continue;
        const auto item = reader.read(*line);
        const JsonValue* id = item ? (*item)->find("item_id") : nullptr;
        const bool is_text = id != nullptr && id->is_string();
        if (is_text && known.contains(id->text())) continue;
        return Refusal{RefusalCode::conflict,
                       file.string() + " holds " +
                           (is_text ? "the item " + std::string(id->text()) : "a line, " + std::to_string(lines.number()) + ',') +
                           " that this journal does not know, and would be written over: move the file away",
                       ""};
    }
    return std::nullopt;
}

}  // namespace

std::optional<Refusal> write_backlog(const JournalView& journal, const std::filesystem::path& directory) {
    std::string lines;
    std::set<std::string, std::less<>> known;
    each_backlog_item(journal, journal.size(), [&](const BacklogRow& row) {
        append_backlog_item(lines, row);
        lines += '\n';
        known.insert(row.item_id);
    });
    const std::filesystem::path file = directory / "items.jsonl";
    if (auto refusal = refuse_unknown(file, known)) return refusal;
    std::filesystem::create_directories(directory);
    write_if_other(file, lines);
    return std::nullopt;
}

}  // namespace daybook
