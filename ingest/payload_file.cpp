#include "ingest/payload_file.hpp"

#include <algorithm>
#include <utility>

#include "journal/json.hpp"

namespace daybook {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view spaces = " \t\r";

bool is_blank(std::string_view line) { return line.find_first_not_of(spaces) == std::string_view::npos; }

// A bracket that stands alone begins a document that goes over many lines, even one that turns out to be no JSON.
bool is_lone_bracket(std::string_view line) {
    const std::size_t first = line.find_first_not_of(spaces);
    return (line[first] == '{' || line[first] == '[') && line.find_last_not_of(spaces) == first;
}

bool may_begin_document(std::string_view line) {
    const char first = line[line.find_first_not_of(spaces)];
    return (first == '{' || first == '[') && !JsonReader().read(line);
}

}  // namespace

PayloadFile::PayloadFile(std::filesystem::path path, std::size_t line_bytes_max, std::size_t document_bytes_max)
    : lines_(std::move(path), line_bytes_max), line_bytes_max_(line_bytes_max), document_bytes_max_(document_bytes_max) {}

PayloadText PayloadFile::payload_of(std::string_view text, std::uint64_t number, std::uint64_t offset, bool too_long) const {
    return {text, number, offset, offset + text.size(), line_bytes_max_, too_long};
}

std::optional<PayloadText> PayloadFile::next_line() {
    if (!ahead_.empty()) {
        Line line = std::move(ahead_.front());
        ahead_.pop_front();
        text_ = std::move(line.text);
        return payload_of(text_, line.number, line.offset, line.too_long);
    }
    const auto line = lines_.next();
    if (!line) return std::nullopt;
    return payload_of(*line, lines_.number(), lines_.offset(), lines_.too_long());
}

std::optional<PayloadText> PayloadFile::next() {
    while (auto line = next_line()) {
        if (line->offset == 0 && line->text.starts_with(byte_order_mark)) {
            line->text.remove_prefix(byte_order_mark.size());
            line->offset += byte_order_mark.size();
        }
        if (is_blank(line->text)) continue;
        if (!std::exchange(started_, true) && !line->too_long && may_begin_document(line->text)) return document(*line);
        return line;
    }
    return std::nullopt;
}

// Reads on to see whether the whole file is one document; else all that was read is lines.
std::optional<PayloadText> PayloadFile::document(const PayloadText& first) {
    const bool certain = is_lone_bracket(first.text);
    std::string whole(first.text);
    bool fits = true;
    ahead_.push_back({std::string(first.text), first.number, first.offset, false});
    while (fits) {
        const auto line = lines_.next();
        if (!line) break;
        fits = !lines_.too_long() && whole.size() + 1 + line->size() <= document_bytes_max_;
        if (fits || certain) whole.append("\n").append(*line);
        if (!certain) ahead_.push_back({std::string(*line), lines_.number(), lines_.offset(), lines_.too_long()});
    }
    if (lines_.interrupted() && certain) return std::nullopt;
    if (certain || (fits && JsonReader().read(whole))) {
        ahead_.clear();
        while (!fits && lines_.next()) {  // what a document that is too long still holds
        }
        whole.resize(std::min(whole.size(), document_bytes_max_));
        text_ = std::move(whole);
        PayloadText payload = payload_of(text_, first.number, first.offset, !fits);
        payload.bytes_max = document_bytes_max_;
        return payload;
    }
    return next_line();
}

}  // namespace daybook
