#include "ops/table.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <ostream>
#include <utility>

#include "ops/visible.hpp"

namespace daybook {
namespace {

constexpr std::string_view column_gap = "  ";  // on a terminal
constexpr int shrunk_width_min = 8;            // below it a text says nothing

struct Colour {
    Paint paint;
    std::string_view text;
    std::string_view sequence;
};
constexpr std::string_view red = "\x1b[31m", green = "\x1b[32m", yellow = "\x1b[33m", dim = "\x1b[2m";

constexpr std::array<Colour, 12> colours{{
    {Paint::severity, "P0", red},
    {Paint::severity, "P1", red},
    {Paint::severity, "P2", yellow},
    {Paint::status, "open", red},
    {Paint::status, "mitigated", yellow},
    {Paint::status, "resolved", green},
    {Paint::status, "closed", dim},
    {Paint::status, "in_progress", yellow},  // from here on: follow-ups
    {Paint::status, "blocked", red},
    {Paint::status, "done", green},
    {Paint::status, "cancelled", dim},
    {Paint::status, "firing", red},  // alerts
}};

}  // namespace

std::string_view colour_of(Paint paint, std::string_view text) {
    if (paint == Paint::none) return {};
    const auto* const found = std::find_if(colours.begin(), colours.end(),
                                           [&](const Colour& colour) { return colour.paint == paint && colour.text == text; });
    return found == colours.end() ? std::string_view() : found->sequence;
}

Table::Table(std::ostream& out, Frame frame, Style style, std::vector<Column> columns)
    : out_(out), frame_(frame), style_(style), columns_(std::move(columns)) {
    if (!terminal()) style_ = {};
    for (const Column& column : columns_) {
        titles_.push_back(column.title.empty() ? column.name : column.title);
        widths_.push_back(terminal() ? 1 : 3);  // Markdown's rule has three dashes
    }
    measure(titles_);
}

void Table::add(std::vector<std::string> texts) {
    for (std::size_t i = 0; i < texts.size(); ++i) {
        // What can never be shown need not be held.
        if (style_.width > 0 && columns_[i].shrinks) texts[i] = cut_to_width(texts[i], style_.width);
    }
    if (widths_are_set_) return write_row(texts, false);
    measure(texts);
    for (const std::string& text : texts) held_bytes_ += text.size();
    held_.push_back(std::move(texts));
    if (held_.size() >= held_rows_max || held_bytes_ >= held_bytes_max) write_held();
}

void Table::write_held() {
    if (widths_are_set_) return;
    widths_are_set_ = true;
    if (style_.width > 0) shrink_to_terminal();
    write_header();
    for (const auto& texts : held_) write_row(texts, false);
    held_ = {};
}

void Table::measure(const std::vector<std::string>& texts) {
    for (std::size_t i = 0; i < texts.size(); ++i) widths_[i] = std::max(widths_[i], display_width(texts[i]));
}

// Takes from the widest column that shrinks until the line fits; gives room that is left to a last column that shrinks,
// for the longer texts that are still to come.
void Table::shrink_to_terminal() {
    const int gaps = static_cast<int>(column_gap.size()) * std::max(static_cast<int>(widths_.size()) - 1, 0);
    int excess = std::accumulate(widths_.begin(), widths_.end(), gaps) - style_.width;
    for (; excess > 0; --excess) {
        int* widest = nullptr;
        for (std::size_t i = 0; i < widths_.size(); ++i) {
            if (columns_[i].shrinks && (widest == nullptr || widths_[i] > *widest)) widest = &widths_[i];
        }
        if (widest == nullptr || *widest <= shrunk_width_min) return;
        --*widest;
    }
    if (!columns_.empty() && columns_.back().shrinks && columns_.back().align == Align::left) widths_.back() -= excess;
}

void Table::write_header() {
    write_row(titles_, true);
    if (terminal()) return;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        const bool right = columns_[i].align == Align::right;
        out_ << "| " << std::string(static_cast<std::size_t>(widths_[i] - (right ? 1 : 0)), '-') << (right ? ": " : " ");
    }
    out_ << "|\n";
}

void Table::write_row(const std::vector<std::string>& texts, bool header) {
    std::string line;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        const bool cut = style_.width > 0 && columns_[i].shrinks;
        const std::string text = cut ? cut_to_width(texts[i], widths_[i]) : texts[i];
        const auto padding = static_cast<std::size_t>(std::max(widths_[i] - display_width(text), 0));
        const std::string_view colour = header ? bold : colour_of(columns_[i].paint, text);

        line += terminal() ? (i > 0 ? column_gap : "") : "| ";
        if (columns_[i].align == Align::right) line.append(padding, ' ');
        if (style_.colour && !colour.empty()) {
            line.append(colour).append(text).append(end_of_colour);
        } else {
            line += text;
        }
        if (columns_[i].align == Align::left) line.append(padding, ' ');
        if (!terminal()) line += ' ';
    }
    if (terminal()) {
        line.erase(line.find_last_not_of(' ') + 1);
    } else {
        line += '|';
    }
    out_ << line << '\n';
}

}  // namespace daybook
