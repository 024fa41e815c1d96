// Real logs that people outside this project kept, through the real binary. Skipped where they are not beside the project.
#include <catch2/catch.hpp>

#include "journal/json.hpp"
#include "tests/integration/program.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

std::int64_t number_of(const std::string& json, std::string_view name) {
    JsonReader reader;
    const auto value = reader.read(json);
    if (!value) throw std::runtime_error("no JSON: " + json);
    return (*value)->find(name)->integer;
}

}  // namespace

TEST_CASE("the observations of a real monitor become the incidents that another program counted") {
    const auto file = shared_data("upptime/triage.jsonl");
    const auto expected_file = shared_data("upptime/expect.json");
    if (!file || !expected_file) return skip("../shared/data is not there");
    const std::string expected = read_file(*expected_file);
    const Program daybook;
    const std::string counts = daybook.out({"ingest", file->string(), "-o", "json"});
    CHECK(number_of(counts, "taken") == number_of(expected, "records"));
    const auto status_changes = [&](const char* to) {
        std::int64_t count = 0;
        for (const std::string& line : lines_of(daybook.out({"events", "--type", "status_changed", "-o", "jsonl"}))) {
            count += line.find(std::string("\"to\":\"") + to) != std::string::npos ? 1 : 0;
        }
        return count;
    };
    const std::string stats = daybook.out({"stats", "-o", "json"});
    CHECK(number_of(stats, "incidents") == number_of(expected, "incidents"));
    CHECK(number_of(stats, "incidents_active") == number_of(expected, "open_at_end"));
    CHECK(status_changes("open") == number_of(expected, "reopened"));
    CHECK(status_changes("resolved") == number_of(expected, "resolved"));
    CHECK(daybook.out({"ingest", file->string(), "-o", "json"}).find("\"taken\":0,\"duplicate\":1532") != std::string::npos);
    CHECK(daybook.out({"stats", "-o", "json"}) == stats);
    CHECK(daybook.run({"verify"}).status == 0);
}

TEST_CASE("the real monitor's file given to two processes at once gives the same incidents") {
    const auto file = shared_data("upptime/triage.jsonl");
    if (!file) return skip("../shared/data is not there");
    const Program daybook;
    const auto take = [&] {
        return std::make_unique<Child>([&] { return daybook.run({"ingest", file->string(), "-o", "json"}).out; });
    };
    auto one = take();
    auto two = take();
    const std::string first = one->wait();
    const std::string second = two->wait();
    CHECK(number_of(first, "taken") + number_of(second, "taken") == 1532);
    CHECK(number_of(first, "refused") + number_of(second, "refused") == 0);
    CHECK(number_of(daybook.out({"stats", "-o", "json"}), "incidents") == 517);
    CHECK(daybook.run({"verify"}).status == 0);
}
