// What daybook shows: rows of named columns, written as they come, in the form that the reader wants.
//
//   table     for people: aligned, cut to the terminal's width, coloured where wanted
//   tsv       for pipes: no header; \t \n \r and \\ inside a cell are escaped; nothing for null
//   json      for programs: one array of objects, streamed
//   jsonl     for programs: one object a line
//   csv       for spreadsheets: RFC 4180 with a header. A text that a spreadsheet would run as a formula gets an
//             apostrophe in front: a program that wants the text as it is takes json or jsonl.
//   markdown  for reports: a table (GitHub's flavour)
//
// Objects have their members in the order of the columns, with `null` written out. On a terminal no format lets control
// characters from outside through (ops/visible.hpp); JSON keeps its value, with an escape in their place. Elsewhere json,
// jsonl and csv carry texts as they are; what is not UTF-8 becomes U+FFFD in JSON.
#pragma once

#include <cassert>
#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "journal/event.hpp"
#include "journal/time.hpp"
#include "journal/types.hpp"

namespace daybook {

enum class Format { table, tsv, json, jsonl, csv, markdown };

std::optional<Format> format_from_text(std::string_view text);
std::string format_choices();  // for messages: "table, tsv, json, jsonl, csv, markdown"

struct Style {
    bool colour = false;
    int width = 0;  // columns of the terminal; 0: no terminal, nothing is cut
};

// One value: null, text, an integer, a boolean, a time, or any JSON value as its RFC 8785 text, which json, jsonl, csv
// and tsv print as it stands.
struct Cell {
    std::variant<std::monostate, std::string, std::int64_t, bool, Time, JsonText> value;

    Cell() = default;  // null
    Cell(std::string text) : value(std::move(text)) {}
    Cell(std::string_view text) : value(std::string(text)) {}
    Cell(const char* text) : value(std::string(text)) {}
    Cell(std::same_as<bool> auto truth) : value(truth) {}
    // Asserts that it fits in 64 bits with a sign.
    template <std::integral T>
        requires(!std::same_as<T, bool> && !std::same_as<T, char>)
    Cell(T number) : value(checked(number)) {}
    Cell(Sequence sequence) : Cell(sequence.value) {}
    Cell(Time time) : value(time) {}
    Cell(JsonText json) : value(std::move(json)) {}
    // The word of a severity, a status, an event's type …
    template <class T>
        requires std::is_enum_v<T>
    Cell(T word) : Cell(to_text(word)) {}
    template <class T>
    Cell(const std::optional<T>& maybe) {
        if (maybe) *this = Cell(*maybe);
    }

private:
    template <class T>
    static std::int64_t checked(T number) {
        assert(std::in_range<std::int64_t>(number));
        return static_cast<std::int64_t>(number);
    }
};

// As many cells as there are columns.
using Row = std::vector<Cell>;

enum class Align { left, right };
// How the text of a cell chooses its colour.
enum class Paint { none, severity, status };

struct Column {
    std::string name;   // for programs: a JSON member, a CSV header
    std::string title;  // for people; the name where it is empty
    Align align = Align::left;
    Paint paint = Paint::none;
    bool shrinks = false;  // may be cut on a narrow terminal; an id must not be, since it is to be copied
};

// Writes rows as they come, in constant memory: a table holds back its first few hundred rows, from which it takes the
// widths of its columns. A failed stream is the caller's to notice. Not thread-safe.
class RowWriter {
public:
    // `out` outlives it. Table, csv and markdown begin with a header, also when no row follows.
    RowWriter(std::ostream& out, Format format, Style style, std::vector<Column> columns);
    ~RowWriter();
    RowWriter(const RowWriter&) = delete;
    RowWriter& operator=(const RowWriter&) = delete;

    // Who writes millions of rows keeps one Row and assigns to its cells.
    void add(const Row& row);
    // What was added is seen now, also by who waits at the other end: for output that goes on, like `events --follow`.
    void flush();
    // Once, after the last row.
    void finish();

    class Layout;  // one subclass per format, in output.cpp

private:
    std::unique_ptr<Layout> layout_;
    std::ostream& out_;
    std::size_t columns_;
};

// Writes one thing: a JSON object; for people a line for each column, and text of several lines indented below its title;
// name and value in tsv and markdown; in csv a header and a row.
void print_object(std::ostream& out, Format format, Style style, const std::vector<Column>& columns, const Row& row);

// What the process finds around it.
struct Surroundings {
    bool terminal = false;
    int width = 0;         // of the terminal
    std::string no_color;  // NO_COLOR, see no-color.org
    std::string term;      // TERM
};
// Of an open file: 1 for standard output, 2 for standard error.
Surroundings surroundings_of(int descriptor);

// The format asked for with `-o`, or else a table on a terminal and tsv elsewhere.
Format choose_format(std::optional<Format> asked, const Surroundings& around);
// Colour on a terminal that has it, unless NO_COLOR is set and not empty.
Style choose_style(const Surroundings& around);
// Whether a progress bar can be drawn and wiped there.
bool can_redraw(const Surroundings& around);

}  // namespace daybook
