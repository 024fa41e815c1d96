#include "ops/backlog.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <set>

#include "journal/json.hpp"
#include "journal/line_file.hpp"
#include "ops/saved_reports.hpp"
#include "projections/backlog.hpp"

namespace daybook {
namespace {

constexpr std::size_t line_bytes_max = std::size_t{4} << 20;

struct ItemLine {
    std::uint64_t number = 0;
    std::string id;             // empty: it is the line of no item
    std::int64_t sequence = 0;  // 0: none
};

// The first line of which `is_known` says no.
std::optional<ItemLine> first_unknown(const std::filesystem::path& file, const std::function<bool(const ItemLine&)>& is_known) {
    LineFile lines(file, line_bytes_max);
    JsonReader reader;
    while (const auto text = lines.next()) {
        if (text->find_first_not_of(" \t\r") == std::string_view::npos) continue;
        const auto item = reader.read(*text);
        const JsonValue* id = item ? (*item)->find("item_id") : nullptr;
        const JsonValue* sequence = item ? (*item)->find("seq") : nullptr;
        ItemLine line{lines.number(), {}, 0};
        if (id != nullptr && id->is_string()) line.id = id->text();
        if (sequence != nullptr && sequence->kind == JsonValue::Kind::integer) line.sequence = sequence->integer;
        if (!is_known(line)) return line;
    }
    return std::nullopt;
}

// Other lines would be lost: the journal can't write them again.
std::optional<Refusal> refuse_unknown(const std::filesystem::path& file, const std::set<std::string, std::less<>>& known) {
    if (!std::filesystem::exists(file)) return std::nullopt;
    const auto line = first_unknown(file, [&](const ItemLine& one) { return known.contains(one.id); });
    if (!line) return std::nullopt;
    return Refusal{RefusalCode::conflict,
                   file.string() + " holds " +
                       (line->id.empty() ? "a line, " + std::to_string(line->number) + ',' : "the item " + line->id) +
                       " that this journal does not know, and would be written over: move the file away",
                   ""};
}

std::filesystem::path items_file(const std::filesystem::path& directory) { return directory / "items.jsonl"; }

}  // namespace

std::optional<Refusal> write_backlog(const JournalView& journal, const std::filesystem::path& directory) {
    std::string lines;
    std::set<std::string, std::less<>> known;
    each_backlog_item(journal, journal.size(), [&](const BacklogRow& row) {
        append_backlog_item(lines, row);
        lines += '\n';
        known.insert(row.item_id);
    });
    const std::filesystem::path file = items_file(directory);
    if (auto refusal = refuse_unknown(file, known)) return refusal;
    std::filesystem::create_directories(directory);
    write_if_other(file, lines);
    return std::nullopt;
}

bool is_backlog_of(const JournalView& journal, const std::filesystem::path& directory) {
    std::map<std::int64_t, std::string> items;
    each_backlog_item(journal, journal.size(),
                      [&](const BacklogRow& row) { items[static_cast<std::int64_t>(row.sequence.value)] = row.item_id; });
    const std::filesystem::path file = items_file(directory);
    if (items.empty() || !std::filesystem::exists(file)) return false;
    return !first_unknown(file, [&](const ItemLine& line) {
        const auto known = items.find(line.sequence);
        return known != items.end() && known->second == line.id;
    });
}

}  // namespace daybook
