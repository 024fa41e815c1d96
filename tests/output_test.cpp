// Rows and objects in every format, friendly and hostile.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <sstream>
#include <streambuf>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "journal/json.hpp"
#include "ops/output.hpp"
#include "ops/table.hpp"
#include "ops/visible.hpp"
#include "tests/support.hpp"

namespace daybook {
namespace {

constexpr Style pipe{};
constexpr Style terminal{.colour = false, .width = 80};

std::vector<Column> incident_columns() {
    return {{.name = "id", .title = "Incident"},
            {.name = "severity", .title = "Sev", .paint = Paint::severity},
            {.name = "status", .title = "Status", .paint = Paint::status},
            {.name = "alerts", .title = "Alerts", .align = Align::right},
            {.name = "title", .title = "Title", .shrinks = true}};
}

std::vector<Row> incident_rows() {
    return {{"inc_20260223_1000_aaaa", Severity::p1, IncidentStatus::open, 12, "Gateway is down"},
            {"inc_20260224_0900_bbbb", Severity::p2, IncidentStatus::mitigated, 3, Cell()},
            {"inc_20260225_0800_cccc", Severity::p3, IncidentStatus::closed, 1234, "磁盘已满 on db-1"}};
}

std::string written(Format format, Style style, const std::vector<Column>& columns, const std::vector<Row>& rows) {
    std::ostringstream out;
    RowWriter writer(out, format, style, columns);
    for (const Row& row : rows) writer.add(row);
    writer.finish();
    return out.str();
}

// One cell of one column "c", without the header.
std::string cell(Format format, Style style, const Cell& value) {
    const std::string with = written(format, style, {{.name = "c"}}, {{value}});
    const std::string without = written(format, style, {{.name = "c"}}, {});
    // A table's header is as wide as its cells: what follows is the last line.
    if (format == Format::table) return with.substr(with.find('\n') + 1);
    if (format == Format::markdown) return with.substr(with.rfind("\n|", with.size() - 2) + 1);
    if (format == Format::json) return with;
    return with.substr(without.size());
}

// One of each kind.
const std::vector<Column> kinds{{.name = "text"}, {.name = "number"},  {.name = "truth"}, {.name = "time"},
                                {.name = "json"}, {.name = "nothing"}, {.name = "empty"}};
Row one_of_each() { return {"a b", -7, true, test::at("2026-02-23T10:00:00.5Z"), JsonText{R"({"a":[1,"x"]})"}, Cell(), ""}; }

// What no terminal and no spreadsheet should get as it is.
const std::vector<std::string> hostile{
    "\x1b[2J\x1b]0;owned\x07",                       // clear the screen, set the title
    "\xc2\x9b\x32J",                                 // the same with a C1 control
    "\x9b\x32J",                                     // the same in one byte, which is no UTF-8
    "a\tb\nc\r\nd\re",                               // breaks
    "\xe2\x80\xae\xe2\x81\xa6gpj.exe",               // right-to-left override, isolate
    "\xff\xfe\xc0\x80\xed\xa0\x80\xf5\x80\x80\x80",  // no UTF-8 at all: bytes, overlong, a surrogate, too high
    std::string("nul\0nul", 7),
    "\x7f\x08\x08\x08",  // DEL, backspaces
    "=cmd|' /C calc'!A0",
    "| `code` <script>alert(1)</script> [x](javascript:y) *b* _i_ \\|",
    "\xf0\x9f\x94\xa5\xe2\x80\x8d\xf0\x9f\x94\xa5\xef\xbb\xbf",  // emoji with a joiner, byte order mark
    "\"quoted\", and, commas",
    "\xe2\x80",  // cut in the middle of a character
};

}  // namespace

TEST_CASE("a table has aligned columns, a dash for nothing, and no spaces at the ends of lines") {
    CHECK(written(Format::table, pipe, incident_columns(), incident_rows()) ==
          "Incident                Sev  Status     Alerts  Title\n"
          "inc_20260223_1000_aaaa  P1   open           12  Gateway is down\n"
          "inc_20260224_0900_bbbb  P2   mitigated       3  -\n"
          "inc_20260225_0800_cccc  P3   closed       1234  磁盘已满 on db-1\n");
    CHECK(written(Format::table, pipe, kinds, {one_of_each()}) ==
          "text  number  truth  time                         json           nothing  empty\n"
          "a b   -7      yes    2026-02-23T10:00:00.500000Z  {\"a\":[1,\"x\"]}  -\n");
}

TEST_CASE("a table is cut to the terminal's width where a column shrinks, and ids never are") {
    CHECK(written(Format::table, {.width = 60}, incident_columns(), incident_rows()) ==
          "Incident                Sev  Status     Alerts  Title\n"
          "inc_20260223_1000_aaaa  P1   open           12  Gateway is …\n"
          "inc_20260224_0900_bbbb  P2   mitigated       3  -\n"
          "inc_20260225_0800_cccc  P3   closed       1234  磁盘已满 on…\n");
    CHECK(written(Format::table, {.width = 10}, incident_columns(), incident_rows()) ==
          "Incident                Sev  Status     Alerts  Title\n"
          "inc_20260223_1000_aaaa  P1   open           12  Gateway…\n"
          "inc_20260224_0900_bbbb  P2   mitigated       3  -\n"
          "inc_20260225_0800_cccc  P3   closed       1234  磁盘已…\n");
}

TEST_CASE("the widest of the columns that shrink gives its room first") {
    const std::vector<Column> columns{{.name = "a", .shrinks = true}, {.name = "b"}, {.name = "c", .shrinks = true}};
    const std::string ten(10, 'x');
    const std::string thirty(30, 'x');
    CHECK(written(Format::table, {.width = 40}, columns, {{ten, ten, thirty}}) ==
          "a           b           c\nxxxxxxxxxx  xxxxxxxxxx  xxxxxxxxxxxxxxx…\n");
    CHECK(written(Format::table, {.width = 30}, columns, {{ten, ten, thirty}}) ==
          "a         b           c\nxxxxxxx…  xxxxxxxxxx  xxxxxxx…\n");
}

TEST_CASE("colour marks severities and statuses, and the header is bold") {
    CHECK(written(Format::table, {.colour = true, .width = 80}, incident_columns(), incident_rows()) ==
          "\x1b[1mIncident\x1b[0m                \x1b[1mSev\x1b[0m  \x1b[1mStatus\x1b[0m     \x1b[1mAlerts\x1b[0m  "
          "\x1b[1mTitle\x1b[0m\n"
          "inc_20260223_1000_aaaa  \x1b[31mP1\x1b[0m   \x1b[31mopen\x1b[0m           12  Gateway is down\n"
          "inc_20260224_0900_bbbb  \x1b[33mP2\x1b[0m   \x1b[33mmitigated\x1b[0m       3  -\n"
          "inc_20260225_0800_cccc  P3   \x1b[2mclosed\x1b[0m       1234  磁盘已满 on db-1\n");
    CHECK(colour_of(Paint::status, "resolved") == "\x1b[32m");
    CHECK(colour_of(Paint::severity, "P0") == "\x1b[31m");
    CHECK(colour_of(Paint::severity, "open") == "");
    CHECK(colour_of(Paint::none, "open") == "");
    for (const Format format : {Format::tsv, Format::json, Format::jsonl, Format::csv, Format::markdown}) {
        const auto text = written(format, {.colour = true, .width = 80}, incident_columns(), incident_rows());
        CHECK(text.find('\x1b') == std::string::npos);
    }
}

TEST_CASE("tab-separated rows have no header, nothing for null, and their breaks escaped") {
    CHECK(written(Format::tsv, pipe, incident_columns(), incident_rows()) ==
          "inc_20260223_1000_aaaa\tP1\topen\t12\tGateway is down\n"
          "inc_20260224_0900_bbbb\tP2\tmitigated\t3\t\n"
          "inc_20260225_0800_cccc\tP3\tclosed\t1234\t磁盘已满 on db-1\n");
    CHECK(written(Format::tsv, pipe, kinds, {one_of_each()}) ==
          "a b\t-7\ttrue\t2026-02-23T10:00:00.500000Z\t{\"a\":[1,\"x\"]}\t\t\n");
    CHECK(cell(Format::tsv, pipe, "a\tb\nc\r\nd\\") == "a\\tb\\nc\\r\\nd\\\\\n");
}

TEST_CASE("JSON has the members in the order of the columns, with null written out") {
    CHECK(
        written(Format::jsonl, pipe, kinds, {one_of_each(), one_of_each()}) ==
        R"({"text":"a b","number":-7,"truth":true,"time":"2026-02-23T10:00:00.500000Z","json":{"a":[1,"x"]},"nothing":null,"empty":""})"
        "\n"
        R"({"text":"a b","number":-7,"truth":true,"time":"2026-02-23T10:00:00.500000Z","json":{"a":[1,"x"]},"nothing":null,"empty":""})"
        "\n");
    const std::vector<Column> columns{{.name = "z\"z"}, {.name = "a"}};
    CHECK(written(Format::json, pipe, columns, {}) == "[]\n");
    CHECK(written(Format::json, pipe, columns, {{1, "x\ny"}, {2, Cell()}}) ==
          "[\n  {\"z\\\"z\":1,\"a\":\"x\\ny\"},\n  {\"z\\\"z\":2,\"a\":null}\n]\n");
    CHECK(written(Format::json, pipe, {}, {{}}) == "[\n  {}\n]\n");
}

TEST_CASE("JSON keeps the value of any text that is UTF-8, on a terminal too") {
    JsonReader reader;
    for (const Style style : {pipe, terminal}) {
        for (const std::string& text : hostile) {
            const std::string line = cell(Format::jsonl, style, text);
            CAPTURE(line);
            if (text.find('\0') != std::string::npos) {
                CHECK(line == "{\"c\":\"nul\\u0000nul\"}\n");
                continue;
            }
            const auto value = reader.read(line);
            REQUIRE(value);
            CHECK((*value)->find("c")->text() == valid_utf8(text));
        }
    }
    CHECK(cell(Format::jsonl, pipe, "a\xff") == "{\"c\":\"a\xef\xbf\xbd\"}\n");
}

TEST_CASE("raw JSON stands as it is, and on a terminal with escapes of the same value") {
    const JsonText json{"{\"a\":\"\xe2\x80\xae\xc2\x9b\x7f\xf3\xa0\x80\x81é\"}"};
    CHECK(cell(Format::jsonl, pipe, json) == "{\"c\":" + json.text + "}\n");
    CHECK(cell(Format::jsonl, terminal, json) == "{\"c\":{\"a\":\"\\u202e\\u009b\\u007f\\udb40\\udc01é\"}}\n");
    CHECK(cell(Format::tsv, pipe, JsonText{R"({"a":"x\ny"})"}) == R"({"a":"x\\ny"})"
                                                                  "\n");
    CHECK(cell(Format::csv, pipe, JsonText{"-1"}) == "-1\r\n");
    CHECK(cell(Format::csv, pipe, JsonText{R"({"a":1})"}) == "\"{\"\"a\"\":1}\"\r\n");
}

TEST_CASE("CSV is quoted as RFC 4180 says, with a header and CRLF") {
    CHECK(written(Format::csv, pipe, incident_columns(), incident_rows()) ==
          "id,severity,status,alerts,title\r\n"
          "inc_20260223_1000_aaaa,P1,open,12,Gateway is down\r\n"
          "inc_20260224_0900_bbbb,P2,mitigated,3,\r\n"
          "inc_20260225_0800_cccc,P3,closed,1234,磁盘已满 on db-1\r\n");
    CHECK(cell(Format::csv, pipe, "say \"hi\"") == "\"say \"\"hi\"\"\"\r\n");
    CHECK(cell(Format::csv, pipe, "a,b") == "\"a,b\"\r\n");
    CHECK(cell(Format::csv, pipe, "a\nb") == "\"a\nb\"\r\n");
    CHECK(cell(Format::csv, pipe, "") == "\"\"\r\n");
    CHECK(cell(Format::csv, pipe, Cell()) == "\r\n");
}

TEST_CASE("a text that a spreadsheet would run gets an apostrophe in CSV, a number does not") {
    for (const char* text : {"=1+1", "+1", "-1", "@SUM(A1)"}) {
        CHECK(cell(Format::csv, pipe, text) == "'" + std::string(text) + "\r\n");
    }
    CHECK(cell(Format::csv, pipe, "\t=1") == "'\t=1\r\n");
    CHECK(cell(Format::csv, pipe, "\r=1") == "\"'\r=1\"\r\n");
    CHECK(cell(Format::csv, pipe, "\n=1") == "\"'\n=1\"\r\n");
    CHECK(cell(Format::csv, pipe, "a=1") == "a=1\r\n");
    CHECK(cell(Format::csv, pipe, -1) == "-1\r\n");
}

TEST_CASE("a Markdown table is aligned and keeps its cells apart") {
    CHECK(written(Format::markdown, {.width = 20}, incident_columns(), incident_rows()) ==
          "| Incident               | Sev | Status    | Alerts | Title            |\n"
          "| ---------------------- | --- | --------- | -----: | ---------------- |\n"
          "| inc_20260223_1000_aaaa | P1  | open      |     12 | Gateway is down  |\n"
          "| inc_20260224_0900_bbbb | P2  | mitigated |      3 |                  |\n"
          "| inc_20260225_0800_cccc | P3  | closed    |   1234 | 磁盘已满 on db-1 |\n");
    CHECK(cell(Format::markdown, pipe, "a|b `c` <d> [e](f) *g* _h_ i_j ~k~ &amp; \\") ==
          "| a\\|b \\`c\\` \\<d\\> \\[e\\](f) \\*g\\* \\_h\\_ i_j \\~k\\~ \\&amp; \\\\ |\n");
    CHECK(cell(Format::markdown, pipe, "one\ntwo\r\nthree") == "| one two three |\n");
    CHECK(cell(Format::markdown, pipe, "\x1b") == "| \\\\x1b |\n");
}

TEST_CASE("hostile text commands no terminal, in any format, and takes one row") {
    for (const Format format : {Format::table, Format::tsv, Format::json, Format::jsonl, Format::csv, Format::markdown}) {
        for (const std::string& text : hostile) {
            const bool data = format == Format::json || format == Format::jsonl || format == Format::csv;
            for (const Style style : {pipe, terminal}) {
                if (data && style.width == 0) continue;  // into a file they go as they are
                const std::string out = cell(format, style, text);
                CAPTURE(out, text);
                std::string rest = out;
                if (format == Format::csv) rest.resize(rest.size() - 2);  // its own line end
                for (const char c : rest) CHECK((static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t'));
                CHECK(visible(rest, Breaks::keep) == rest);
                if (!data) CHECK(std::count(out.begin(), out.end(), '\n') == 1);
            }
        }
    }
    CHECK(cell(Format::table, terminal, hostile[0]) == "\\x1b[2J\\x1b]0;owned\\x07\n");
    CHECK(cell(Format::table, terminal, hostile[3]) == "a b⏎c⏎d⏎e\n");
    CHECK(cell(Format::table, terminal, hostile[4]) == "\\u{202e}\\u{2066}gpj.exe\n");
    CHECK(cell(Format::table, terminal, hostile[12]) == "\\xe2\\x80\n");
}

TEST_CASE("a hostile name of a file cannot leave its place in an object for people") {
    std::ostringstream out;
    print_object(out, Format::table, terminal, {{.name = "file"}, {.name = "text"}}, {"a\x1b[1mb", "one\nfile:  fake"});
    CHECK(out.str() == "file:  a\\x1b[1mb\ntext:\n    one\n    file:  fake\n");
}

TEST_CASE("one object is written in every format") {
    const auto object = [](Format format, Style style = {}) {
        std::ostringstream out;
        print_object(out, format, style, incident_columns(), {"inc_1", Severity::p0, Cell(), 5, "a\nb\n"});
        return out.str();
    };
    CHECK(object(Format::table) == "Incident:  inc_1\nSev:       P0\nStatus:    -\nAlerts:    5\nTitle:\n    a\n    b\n");
    CHECK(object(Format::table, {.colour = true, .width = 80})
              .starts_with("\x1b[1mIncident:\x1b[0m  inc_1\n\x1b[1mSev:\x1b[0m       \x1b[31mP0\x1b[0m\n"));
    CHECK(object(Format::tsv) == "id\tinc_1\nseverity\tP0\nstatus\t\nalerts\t5\ntitle\ta\\nb\\n\n");
    CHECK(object(Format::json) == R"({"id":"inc_1","severity":"P0","status":null,"alerts":5,"title":"a\nb\n"})"
                                  "\n");
    CHECK(object(Format::json) == object(Format::jsonl));
    CHECK(object(Format::csv) == "id,severity,status,alerts,title\r\ninc_1,P0,,5,\"a\nb\n\"\r\n");
    CHECK(object(Format::markdown) ==
          "| Field    | Value |\n"
          "| -------- | ----- |\n"
          "| Incident | inc_1 |\n"
          "| Sev      | P0    |\n"
          "| Status   |       |\n"
          "| Alerts   | 5     |\n"
          "| Title    | a b   |\n");
}

namespace {

// Counts what it is given and keeps nothing.
class CountingBuffer : public std::streambuf {
public:
    std::uint64_t bytes = 0;

protected:
    int_type overflow(int_type c) override {
        ++bytes;
        return c;
    }
    std::streamsize xsputn(const char*, std::streamsize count) override {
        bytes += static_cast<std::uint64_t>(count);
        return count;
    }
};

}  // namespace

TEST_CASE("rows are written as they come: what waits is bounded in rows and in bytes") {
    for (const Format format : {Format::table, Format::tsv, Format::json, Format::jsonl, Format::csv, Format::markdown}) {
        const bool holds = format == Format::table || format == Format::markdown;
        CountingBuffer buffer;
        std::ostream out(&buffer);
        RowWriter writer(out, format, pipe, {{.name = "a"}, {.name = "b"}});
        std::uint64_t before = buffer.bytes;
        for (std::size_t i = 1; i <= 3 * Table::held_rows_max; ++i) {
            writer.add({i, "text"});
            const bool still_held = holds && i < Table::held_rows_max;
            CHECK((buffer.bytes == before) == still_held);
            before = buffer.bytes;
        }
        writer.finish();
    }
    CountingBuffer buffer;
    std::ostream out(&buffer);
    RowWriter writer(out, Format::table, pipe, {{.name = "a"}});
    const std::string large(Table::held_bytes_max / 4, 'x');
    for (int i = 0; i < 3; ++i) writer.add({large});
    CHECK(buffer.bytes == 0);
    writer.add({large});
    CHECK(buffer.bytes > Table::held_bytes_max);
}

TEST_CASE("a table that is flushed shows what it has, and keeps its widths from then on") {
    std::ostringstream out;
    RowWriter writer(out, Format::table, {.width = 30}, {{.name = "id"}, {.name = "text", .shrinks = true}});
    writer.add({"ab", "x"});
    CHECK(out.str() == "");
    writer.flush();
    CHECK(out.str() == "id  text\nab  x\n");
    writer.add({"abcdef", "a text that is longer than all the room"});
    writer.finish();
    // The last column has all the room that is left on the line; an id is never cut.
    CHECK(out.str() == "id  text\nab  x\nabcdef  a text that is longer tha…\n");
}

TEST_CASE("rows after the first few hundred take the widths of those") {
    std::ostringstream out;
    RowWriter writer(out, Format::table, {.width = 24}, {{.name = "n", .align = Align::right}, {.name = "t", .shrinks = true}});
    for (std::size_t i = 1; i <= Table::held_rows_max; ++i) writer.add({i, "x"});
    out.str("");
    writer.add({7, "a long text, longer than the terminal"});
    writer.add({12345, "x"});
    writer.finish();
    CHECK(out.str() == "  7  a long text, longe…\n12345  x\n");
}

TEST_CASE("the width of a text is what a terminal gives it") {
    CHECK(display_width("") == 0);
    CHECK(display_width("abc") == 3);
    CHECK(display_width("é") == 1);
    CHECK(display_width("e\xcc\x81") == 1);  // with a combining accent
    CHECK(display_width("检查") == 4);
    CHECK(display_width("한글") == 4);
    CHECK(display_width("🔥") == 2);
    CHECK(display_width("Привіт") == 6);
    CHECK(display_width("…") == 1);
}

TEST_CASE("a text is cut between characters and is never wider than told") {
    CHECK(cut_to_width("abcdef", 6) == "abcdef");
    CHECK(cut_to_width("abcdef", 5) == "abcd…");
    CHECK(cut_to_width("abcdef", 1) == "…");
    CHECK(cut_to_width("检查检查", 8) == "检查检查");
    CHECK(cut_to_width("检查检查", 7) == "检查检…");
    CHECK(cut_to_width("检查检查", 6) == "检查…");
    CHECK(cut_to_width("e\xcc\x81"
                       "e\xcc\x81"
                       "e",
                       2) == "e\xcc\x81…");
    CHECK(cut_to_width("", 1) == "");
    for (const std::string& text : hostile) {
        const std::string shown = visible(text, Breaks::symbol);
        for (int width = 1; width < 40; ++width) CHECK(display_width(cut_to_width(shown, width)) <= width);
    }
}

TEST_CASE("what is visible stays as it is when it is made visible again, but for backslashes") {
    for (const std::string& text : hostile) {
        for (const Breaks breaks : {Breaks::keep, Breaks::space, Breaks::symbol}) {
            const std::string once = visible(text, breaks);
            CHECK(visible(once, breaks) == once);
            CHECK(valid_utf8(once) == once);
        }
    }
    CHECK(visible("\xef\xbb\xbf\xc2\xad", Breaks::keep) == "\\u{feff}\\u{ad}");
    CHECK(visible("a\r\n\tb\r", Breaks::keep) == "a\n\tb\n");
    CHECK(visible("Привіт 👩\xe2\x80\x8d💻", Breaks::space) == "Привіт 👩\xe2\x80\x8d💻");
}

TEST_CASE("every byte and pair of bytes becomes valid UTF-8 that no terminal obeys") {
    for (int a = 0; a < 256; ++a) {
        for (int b = 0; b < 256; ++b) {
            const std::string text{static_cast<char>(a), static_cast<char>(b)};
            const std::string shown = visible(text, Breaks::escape);
            if (!is_clean_utf8(shown) || shown.find_first_of("\x1b\x7f\r\n\t") != std::string::npos ||
                is_clean_utf8(valid_utf8(text)) == (a == 0 || b == 0)) {
                FAIL("bytes " << a << ' ' << b);
            }
        }
    }
}

TEST_CASE("the words of the formats are read and listed") {
    CHECK(format_from_text("jsonl") == Format::jsonl);
    CHECK(format_from_text("markdown") == Format::markdown);
    CHECK(!format_from_text("yaml"));
    CHECK(!format_from_text(""));
    CHECK(format_choices() == "table, tsv, json, jsonl, csv, markdown");
}

TEST_CASE("a table is for a terminal and tabs for a pipe, unless a format is asked for") {
    CHECK(choose_format({}, {.terminal = true}) == Format::table);
    CHECK(choose_format({}, {.terminal = false}) == Format::tsv);
    CHECK(choose_format(Format::csv, {.terminal = true}) == Format::csv);
    CHECK(choose_format(Format::table, {.terminal = false}) == Format::table);
}

TEST_CASE("colour is for a terminal that has it and for a user who has not said no") {
    const auto colour = [](Surroundings around) { return choose_style(around).colour; };
    CHECK(colour({.terminal = true, .width = 80, .term = "xterm"}));
    CHECK(colour({.terminal = true, .width = 80}));
    CHECK(!colour({.terminal = false, .term = "xterm"}));
    CHECK(!colour({.terminal = true, .width = 80, .no_color = "1", .term = "xterm"}));
    CHECK(!colour({.terminal = true, .width = 80, .term = "dumb"}));
    CHECK(choose_style({.terminal = true, .width = 132}).width == 132);
    CHECK(choose_style({.terminal = false, .width = 132}).width == 0);
    CHECK(can_redraw({.terminal = true, .no_color = "1", .term = "xterm"}));
    CHECK(!can_redraw({.terminal = true, .term = "dumb"}));
    CHECK(!can_redraw({.terminal = false, .term = "xterm"}));
}

TEST_CASE("cells are made of what the code has at hand") {
    CHECK(std::holds_alternative<std::monostate>(Cell(std::optional<std::string>()).value));
    CHECK(std::get<std::string>(Cell(std::optional<std::string>("x")).value) == "x");
    CHECK(std::get<std::string>(Cell(std::optional<Severity>(Severity::p4)).value) == "P4");
    CHECK(std::get<std::int64_t>(Cell(std::uint32_t{5}).value) == 5);
    CHECK(std::get<std::int64_t>(Cell(Sequence{9}).value) == 9);
    CHECK(std::get<bool>(Cell(false).value) == false);
    CHECK(std::get<std::string>(Cell(EventType::note).value) == "note");
}

}  // namespace daybook
