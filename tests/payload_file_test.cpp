#include <catch2/catch.hpp>

#include "ingest/payload_file.hpp"
#include "tests/support.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

// Each payload as `number@offset text`, with "…" behind one that is too long and "/" for the end of a line inside it.
std::vector<std::string> payloads(std::string_view bytes, std::size_t line_bytes_max = 40, std::size_t document_bytes_max = 60) {
    const TemporaryDirectory directory;
    write_file(directory / "file", bytes);
    PayloadFile file(directory / "file", line_bytes_max, document_bytes_max);
    std::vector<std::string> all;
    while (const auto payload = file.next()) {
        std::string text(payload->text);
        std::replace(text.begin(), text.end(), '\n', '/');
        CHECK(payload->end == payload->offset + text.size());
        all.push_back(std::to_string(payload->number) + '@' + std::to_string(payload->offset) + ' ' + text +
                      (payload->too_long ? "…" : ""));
    }
    return all;
}

using Payloads = std::vector<std::string>;

}  // namespace

TEST_CASE("a file of lines has a payload a line, and blank ones count as lines") {
    CHECK(payloads("{\"a\":1}\n\n  \r\n[2]\n{\"a\":3}") == Payloads{"1@0 {\"a\":1}", "4@13 [2]", "5@17 {\"a\":3}"});
    CHECK(payloads("").empty());
    CHECK(payloads("\n \n").empty());
}

TEST_CASE("a file that is one document over many lines is one payload") {
    CHECK(payloads("{\n \"a\": 1\n}\n") == Payloads{"1@0 {/ \"a\": 1/}"});
    CHECK(payloads("\n\n{\"a\":\n1}") == Payloads{"3@2 {\"a\":/1}"});
    CHECK(payloads("[\r\n{},\n\n{}\n]\n\n") == Payloads{"1@0 [\r/{},//{}/]/"});
}

TEST_CASE("a byte-order mark at the start of a file is passed over, and nowhere else") {
    CHECK(payloads("\xEF\xBB\xBF{\"a\":1}\n[2]") == Payloads{"1@3 {\"a\":1}", "2@11 [2]"});
    CHECK(payloads("\xEF\xBB\xBF{\n}\n") == Payloads{"1@3 {/}"});
    CHECK(payloads("\xEF\xBB\xBF\n[2]") == Payloads{"2@4 [2]"});
    CHECK(payloads("[1]\n\xEF\xBB\xBF[2]").at(1) == "2@4 \xEF\xBB\xBF[2]");
}

TEST_CASE("a first line that was torn is a line, and so are those behind it") {
    CHECK(payloads("{\"a\":\n{\"a\":2}\n{\"a\":3}\n") == Payloads{"1@0 {\"a\":", "2@6 {\"a\":2}", "3@14 {\"a\":3}"});
    CHECK(payloads("\xEF\xBB\xBF{\"a\":\n\n[2]\n") == Payloads{"1@3 {\"a\":", "3@10 [2]"});
    CHECK(payloads("nonsense\n{\n}\n") == Payloads{"1@0 nonsense", "2@9 {", "3@11 }"});
}

TEST_CASE("a document that begins with a bracket alone is one payload even where it is no JSON") {
    CHECK(payloads("{\n\"a\": ,\n}\n") == Payloads{"1@0 {/\"a\": ,/}"});
    CHECK(payloads("{\n\"a\": 1\n") == Payloads{"1@0 {/\"a\": 1"});
}

TEST_CASE("a document over its limit is one payload that is too long, and what is lines in truth is not held back") {
    const std::string filling(20, ' ');
    CHECK(payloads("{\n" + filling + "\n" + filling + "\n" + filling + "\n}\n") ==
          Payloads{"1@0 {/" + filling + '/' + filling + '/' + filling.substr(0, 16) + "…"});
    CHECK(payloads("{\n" + std::string(90, ' ') + "}\n").size() == 1);
    const std::string torn = "{\"a\":\n" + ("[\"" + filling + "\"]\n") + ("[\"" + filling + "\"]\n") + ("[\"" + filling + "\"]\n");
    CHECK(payloads(torn).size() == 4);
    CHECK(payloads(torn).at(3) == "4@56 [\"" + filling + "\"]");
}

TEST_CASE("a line over its limit is given up to the limit") {
    CHECK(payloads("[1]\n" + std::string(50, 'x') + "\n[2]\n") ==
          Payloads{"1@0 [1]", "2@4 " + std::string(40, 'x') + "…", "3@55 [2]"});
}
