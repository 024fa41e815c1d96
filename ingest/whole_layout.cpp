#include "ingest/whole_layout.hpp"

#include <algorithm>
#include <fstream>
#include <vector>

#include "projections/export_file.hpp"

namespace daybook {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t read_bytes = std::size_t{1} << 20;

// The last line may lack its end. Of a file that is not there: 0.
std::uint64_t count_lines(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::vector<char> bytes(read_bytes);
    std::uint64_t count = 0;
    char last = '\n';
    while (file.read(bytes.data(), static_cast<std::streamsize>(bytes.size())), file.gcount() != 0) {
        count += static_cast<std::uint64_t>(std::count(bytes.data(), bytes.data() + file.gcount(), '\n'));
        last = bytes[static_cast<std::size_t>(file.gcount()) - 1];
    }
    return count + (last == '\n' ? 0 : 1);
}

std::optional<Refusal> refuse_cut_short(const fs::path& directory, const std::string& what) {
    const std::string where = (directory / export_file_name).string();
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
    const auto wrote = read_export_file(directory);
    if (!wrote) {
        if (!fs::exists(directory / export_file_name, error)) return std::nullopt;
        return refuse_cut_short(directory, "export.json in " + directory.string() + " is no JSON text");
    }
    for (const char* name : {"incidents.jsonl", "events.jsonl", "artifacts.jsonl"}) {
        const auto counted = wrote->lines.find(name);
        if (counted == wrote->lines.end()) continue;  // an export of before did not count them
        const std::uint64_t there = count_lines(directory / name);
        const std::uint64_t expected = counted->second;
        if (there >= expected) continue;
        return refuse_cut_short(directory, (directory / name).string() + " has " + std::to_string(there) + " lines, and " +
                                               std::to_string(expected) + " were exported");
    }
    return std::nullopt;
}

}  // namespace daybook
