#include "ops/output.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ostream>
#include <utility>

#include <sys/ioctl.h>
#include <unistd.h>

#include "journal/json.hpp"
#include "ops/table.hpp"
#include "ops/visible.hpp"

namespace daybook {
namespace {

constexpr std::array<std::pair<Format, std::string_view>, 6> formats{{{Format::table, "table"},
                                                                      {Format::tsv, "tsv"},
                                                                      {Format::json, "json"},
                                                                      {Format::jsonl, "jsonl"},
                                                                      {Format::csv, "csv"},
                                                                      {Format::markdown, "markdown"}}};

template <class... Visitors>
struct Overloaded : Visitors... {
    using Visitors::operator()...;
};
template <class... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

// A cell's text for all but JSON: a text and a JSON text as they are, nothing for null.
void append_plain(std::string& out, const Cell& cell) {
    std::visit(Overloaded{[](std::monostate) {}, [&](const std::string& text) { out += text; },
                          [&](std::int64_t number) { out += std::to_string(number); },
                          [&](bool truth) { out += truth ? "true" : "false"; }, [&](Time time) { append_time(out, time); },
                          [&](const JsonText& json) { out += json.text; }},
               cell.value);
}

std::string plain(const Cell& cell) {
    std::string out;
    append_plain(out, cell);
    return out;
}

// A cell for people: yes and no, and a dash where there is nothing.
std::string for_people(const Cell& cell, Breaks breaks) {
    if (std::holds_alternative<std::monostate>(cell.value)) return "-";
    if (const bool* truth = std::get_if<bool>(&cell.value)) return *truth ? "yes" : "no";
    return visible(plain(cell), breaks);
}

bool is_word_character(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

// An underscore inside a word has no meaning in Markdown (CommonMark 6.2) and is left alone: ids can be copied.
std::string for_markdown(const Cell& cell) {
    static constexpr std::string_view special = "\\`*_|<>[]&~";
    const std::string text = visible(plain(cell), Breaks::space);
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool inside_word =
            text[i] == '_' && i > 0 && i + 1 < text.size() && is_word_character(text[i - 1]) && is_word_character(text[i + 1]);
        if (special.find(text[i]) != std::string_view::npos && !inside_word) out += '\\';
        out += text[i];
    }
    return out;
}

void append_json(std::string& out, const Cell& cell) {
    if (const auto* text = std::get_if<std::string>(&cell.value)) {
        append_json_string(out, valid_utf8(*text));
    } else if (const auto* time = std::get_if<Time>(&cell.value)) {
        out += '"';
        append_time(out, *time);
        out += '"';
    } else if (std::holds_alternative<std::monostate>(cell.value)) {
        out += "null";
    } else {
        append_plain(out, cell);
    }
}

void append_csv(std::string& out, const Cell& cell, bool terminal) {
    std::string text = plain(cell);
    if (terminal) text = visible(text, Breaks::keep);
    if (std::holds_alternative<std::string>(cell.value)) {
        static constexpr std::string_view starts_formula = "=+-@\t\r\n";
        if (text.empty()) {
            out += "\"\"";  // not null
            return;
        }
        if (starts_formula.find(text.front()) != std::string_view::npos) text.insert(0, 1, '\'');
    }
    if (text.find_first_of("\",\r\n") == std::string::npos) {
        out += text;
        return;
    }
    out += '"';
    for (const char c : text) out.append(c == '"' ? 2 : 1, c);
    out += '"';
}

// `{"name":value,…}` for each row; the names are turned into JSON once.
class ObjectText {
public:
    ObjectText(const std::vector<Column>& columns, bool terminal) : terminal_(terminal) {
        for (const Column& column : columns) {
            std::string& member = members_.emplace_back(members_.empty() ? "{" : ",");
            append_json_string(member, column.name);
            member += ':';
        }
    }
    void append(std::string& out, const Row& row) const {
        const std::size_t start = out.size();
        for (std::size_t i = 0; i < row.size(); ++i) {
            out += members_[i];
            append_json(out, row[i]);
        }
        out += row.empty() ? "{}" : "}";
        if (terminal_) out.replace(start, std::string::npos, visible_json(std::string_view(out).substr(start)));
    }

private:
    std::vector<std::string> members_;
    bool terminal_;
};

}  // namespace

class RowWriter::Layout {
public:
    explicit Layout(std::ostream& out) : out_(out) {}
    virtual ~Layout() = default;
    Layout(const Layout&) = delete;
    Layout& operator=(const Layout&) = delete;
    virtual void add(const Row& row) = 0;
    virtual void write_held() {}
    virtual void finish() {}

protected:
    std::ostream& out_;
    std::string line_;  // its storage is kept from row to row
};

namespace {

class TsvLayout : public RowWriter::Layout {
public:
    using Layout::Layout;
    void add(const Row& row) override {
        line_.clear();
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (i > 0) line_ += '\t';
            cell_.clear();
            append_plain(cell_, row[i]);
            append_visible(line_, cell_, Breaks::escape);
        }
        line_ += '\n';
        out_ << line_;
    }

private:
    std::string cell_;
};

class JsonLayout : public RowWriter::Layout {
public:
    JsonLayout(std::ostream& out, const std::vector<Column>& columns, bool terminal, bool lines)
        : Layout(out), object_(columns, terminal), lines_(lines) {}
    void add(const Row& row) override {
        line_ = lines_ ? "" : any_ ? ",\n  " : "[\n  ";
        object_.append(line_, row);
        if (lines_) line_ += '\n';
        out_ << line_;
        any_ = true;
    }
    void finish() override {
        if (!lines_) out_ << (any_ ? "\n]\n" : "[]\n");
    }

private:
    ObjectText object_;
    bool lines_;
    bool any_ = false;
};

class CsvLayout : public RowWriter::Layout {
public:
    CsvLayout(std::ostream& out, const std::vector<Column>& columns, bool terminal) : Layout(out), terminal_(terminal) {
        Row header;
        for (const Column& column : columns) header.emplace_back(column.name);
        add(header);
    }
    void add(const Row& row) final {
        line_.clear();
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (i > 0) line_ += ',';
            append_csv(line_, row[i], terminal_);
        }
        line_ += "\r\n";
        out_ << line_;
    }

private:
    bool terminal_;
};

class TableLayout : public RowWriter::Layout {
public:
    TableLayout(std::ostream& out, Table::Frame frame, Style style, std::vector<Column> columns)
        : Layout(out), frame_(frame), table_(out, frame, style, std::move(columns)) {}
    void add(const Row& row) override {
        std::vector<std::string> texts;
        texts.reserve(row.size());
        for (const Cell& cell : row) {
            texts.push_back(frame_ == Table::Frame::markdown ? for_markdown(cell) : for_people(cell, Breaks::symbol));
        }
        table_.add(std::move(texts));
    }
    void write_held() override { table_.write_held(); }
    void finish() override { table_.write_held(); }

private:
    Table::Frame frame_;
    Table table_;
};

std::unique_ptr<RowWriter::Layout> make_layout(std::ostream& out, Format format, Style style, std::vector<Column> columns) {
    const bool terminal = style.width > 0;
    switch (format) {
        case Format::table: return std::make_unique<TableLayout>(out, Table::Frame::terminal, style, std::move(columns));
        case Format::markdown: return std::make_unique<TableLayout>(out, Table::Frame::markdown, style, std::move(columns));
        case Format::tsv: return std::make_unique<TsvLayout>(out);
        case Format::json: return std::make_unique<JsonLayout>(out, columns, terminal, false);
        case Format::jsonl: return std::make_unique<JsonLayout>(out, columns, terminal, true);
        case Format::csv: return std::make_unique<CsvLayout>(out, columns, terminal);
    }
    return nullptr;
}

const std::string& title_of(const Column& column) { return column.title.empty() ? column.name : column.title; }

// `Title:  text`, the texts one below the other.
void print_for_people(std::ostream& out, Style style, const std::vector<Column>& columns, const Row& row) {
    int widest = 0;
    for (const Column& column : columns) widest = std::max(widest, display_width(title_of(column)));
    for (std::size_t i = 0; i < row.size(); ++i) {
        const std::string& title = title_of(columns[i]);
        std::string text = for_people(row[i], Breaks::keep);
        while (text.ends_with('\n')) text.pop_back();
        const std::string_view colour = style.colour ? colour_of(columns[i].paint, text) : std::string_view();
        const bool several_lines = text.find('\n') != std::string::npos;

        out << (style.colour ? bold : "") << title << ':' << (style.colour ? end_of_colour : "");
        if (several_lines) {
            for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 5) text.replace(at, 1, "\n    ");
            out << "\n    " << text << '\n';
            continue;
        }
        out << std::string(static_cast<std::size_t>(widest - display_width(title)) + 2, ' ');
        out << colour << text << (colour.empty() ? "" : end_of_colour) << '\n';
    }
}

}  // namespace

std::optional<Format> format_from_text(std::string_view text) {
    for (const auto& [format, word] : formats) {
        if (word == text) return format;
    }
    return std::nullopt;
}

std::string format_choices() {
    std::string out;
    for (const auto& [format, word] : formats) {
        if (!out.empty()) out += ", ";
        out += word;
    }
    return out;
}

RowWriter::RowWriter(std::ostream& out, Format format, Style style, std::vector<Column> columns)
    : out_(out), columns_(columns.size()) {
    layout_ = make_layout(out, format, style, std::move(columns));
}

RowWriter::~RowWriter() = default;

void RowWriter::add(const Row& row) {
    assert(row.size() == columns_);
    layout_->add(row);
}

void RowWriter::flush() {
    layout_->write_held();
    out_.flush();
}

void RowWriter::finish() {
    layout_->finish();
    out_.flush();
}

void print_object(std::ostream& out, Format format, Style style, const std::vector<Column>& columns, const Row& row) {
    assert(row.size() == columns.size());
    switch (format) {
        case Format::table: print_for_people(out, style, columns, row); break;
        case Format::json:
        case Format::jsonl:
        case Format::csv: {
            RowWriter writer(out, format == Format::json ? Format::jsonl : format, style, columns);
            writer.add(row);
            writer.finish();
            break;
        }
        case Format::tsv:
        case Format::markdown: {
            RowWriter writer(out, format, style, {{"field", "Field"}, {"value", "Value"}});
            for (std::size_t i = 0; i < row.size(); ++i) {
                const bool tsv = format == Format::tsv;
                writer.add({tsv ? columns[i].name : title_of(columns[i]), row[i]});
            }
            writer.finish();
            break;
        }
    }
    out.flush();
}

Surroundings surroundings_of(int descriptor) {
    const auto variable = [](const char* name) {
        const char* value = std::getenv(name);
        return std::string(value == nullptr ? "" : value);
    };
    Surroundings around;
    around.no_color = variable("NO_COLOR");
    around.term = variable("TERM");
    around.terminal = isatty(descriptor) == 1;
    if (around.terminal) {
        winsize size{};
        const bool known = ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
        around.width = known ? size.ws_col : 80;
    }
    return around;
}

Format choose_format(std::optional<Format> asked, const Surroundings& around) {
    return asked.value_or(around.terminal ? Format::table : Format::tsv);
}

Style choose_style(const Surroundings& around) {
    if (!around.terminal) return {};
    return {around.no_color.empty() && around.term != "dumb", around.width};
}

bool can_redraw(const Surroundings& around) { return around.terminal && around.term != "dumb"; }

}  // namespace daybook
