#include "ingest/whole_layout.hpp"

#include <algorithm>
#include <fstream>
#include <vector>

#include "journal/json.hpp"
#include "journal/small_file.hpp"

namespace daybook {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t export_file_bytes_max = std::size_t{256} << 20;
constexpr std::size_t read_bytes = std::size_t{1} << 20;

// The last line may lack its end. Of a file that is not there: 0.
std::int64_t count_lines(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::vector<char> bytes(read_bytes);
    std::int64_t count = 0;
    char last = '\n';
    while (file.read(bytes.data(), static_cast<std::streamsize>(bytes.size())), file.gcount() != 0) {
        count += std::count(bytes.data(), bytes.data() + file.gcount(), '\n');
        last = bytes[static_cast<std::size_t>(file.gcount()) - 1];
    }
    return count + (last == '\n' ? 0 : 1);
}

std::optional<Refusal> refuse_cut_short(const fs::path& directory, const std::string& what) {
    const std::string where = (directory / "export.json").string();
    return Refusal{RefusalCode::invalid,
                   what + ": the copy was cut short. Copy it again; or, to take what is there, move " + where + " away", ""};
}

}  // namespace

std::optional<Refusal> refuse_layout(const fs::path& directory) {
    std::error_code error;
    if (!fs::exists(directory / "incidents.jsonl", error) && !fs::exists(directory / "events.jsonl", error)) {
        return Refusal{RefusalCode::not_found, "there is neither incidents.jsonl nor events.jsonl in " + directory.string(), ""};
    }
    // Read before the files, which an export under way replaces before it.
    const auto text = read_if_exists(directory / "export.json", export_file_bytes_max);
    if (!text) return std::nullopt;
    JsonReader reader;
    const auto value = reader.read(*text);
    if (!value) return refuse_cut_short(directory, "export.json in " + directory.string() + " is no JSON text");
    const JsonValue* lines = (*value)->find("lines");
    if (lines == nullptr || !lines->is_object()) return std::nullopt;  // of an export that did not count them yet
    for (const char* name : {"incidents.jsonl", "events.jsonl", "artifacts.jsonl"}) {
        const JsonValue* expected = lines->find(name);
        if (expected == nullptr || expected->kind != JsonValue::Kind::integer) continue;
        const std::int64_t there = count_lines(directory / name);
        if (there >= expected->integer) continue;
        return refuse_cut_short(directory, (directory / name).string() + " has " + std::to_string(there) + " lines, and " +
                                               std::to_string(expected->integer) + " were exported");
    }
    return std::nullopt;
}

}  // namespace daybook
