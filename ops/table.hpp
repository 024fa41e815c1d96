// A table for people, as text on a terminal or in Markdown, whose columns fit what stands in them.
//
// It holds back its first rows, sets the columns' widths by them, and then writes each row as it comes.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "ops/output.hpp"

namespace daybook {

class Table {
public:
    enum class Frame { terminal, markdown };
    // Rows and bytes that are held back at most.
    static constexpr std::size_t held_rows_max = 256;
    static constexpr std::size_t held_bytes_max = 1024 * 1024;

    // `out` outlives it. With a width, only columns that shrink are cut, to eight columns at least; where that is not
    // enough, lines are longer than the terminal is wide. In Markdown nothing is cut or coloured.
    Table(std::ostream& out, Frame frame, Style style, std::vector<Column> columns);

    // Texts of one line each, already made visible.
    void add(std::vector<std::string> texts);
    // Writes what is held back. The widths stay from then on.
    void write_held();

private:
    bool terminal() const { return frame_ == Frame::terminal; }
    void measure(const std::vector<std::string>& texts);
    void shrink_to_terminal();
    void write_header();
    void write_row(const std::vector<std::string>& texts, bool header);

    std::ostream& out_;
    Frame frame_;
    Style style_;
    std::vector<Column> columns_;
    std::vector<std::string> titles_;
    std::vector<int> widths_;
    std::vector<std::vector<std::string>> held_;
    std::size_t held_bytes_ = 0;
    bool widths_are_set_ = false;
};

// The escape sequence that begins the colour of `text` in a column of that kind; empty for none.
std::string_view colour_of(Paint paint, std::string_view text);
inline constexpr std::string_view bold = "\x1b[1m";
inline constexpr std::string_view end_of_colour = "\x1b[0m";

}  // namespace daybook
