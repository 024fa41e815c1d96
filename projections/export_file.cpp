#include "projections/export_file.hpp"

#include "journal/json.hpp"
#include "journal/small_file.hpp"

namespace daybook {
namespace {

constexpr std::size_t bytes_max = std::size_t{256} << 20;  // it names each artifact's file

std::string text_of(const JsonValue* value) { return value != nullptr && value->is_string() ? std::string(value->text()) : ""; }

std::optional<std::uint64_t> number_of(const JsonValue* value) {
    const bool is_number = value != nullptr && value->kind == JsonValue::Kind::integer && value->integer >= 0;
    return is_number ? std::optional(static_cast<std::uint64_t>(value->integer)) : std::nullopt;
}

}  // namespace

std::optional<ExportFile> read_export_file(const std::filesystem::path& directory) {
    const auto text = read_if_exists(directory / export_file_name, bytes_max);
    if (!text) return std::nullopt;
    JsonReader reader;
    const auto value = reader.read(*text);
    if (!value) return std::nullopt;
    ExportFile file;
    file.origin = text_of((*value)->find("origin"));
    file.size = number_of((*value)->find("size")).value_or(0);
    file.root = digest_from_hex(text_of((*value)->find("root"))).value_or(Digest{});
    const JsonValue* files = (*value)->find("files");
    if (files != nullptr && files->is_object()) {
        for (const JsonMember& member : files->members()) file.files.emplace(member.name);
    }
    const JsonValue* lines = (*value)->find("lines");
    if (lines != nullptr && lines->is_object()) {
        for (const JsonMember& member : lines->members()) {
            if (const auto count = number_of(&member.value)) file.lines.emplace(member.name, *count);
        }
    }
    return file;
}

}  // namespace daybook
