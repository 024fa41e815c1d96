// The weekly figures of a real log, where it lies beside the project, against those that another program computed; and the digests'
// bytes against those of other builds.
#include <algorithm>
#include <map>
#include <numeric>
#include <optional>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "projections/digest.hpp"
#include "replay/views.hpp"
#include "tests/layout_fixture.hpp"

using namespace daybook;
using namespace daybook::test;
using Json = nlohmann::json;

namespace {

// The rest of expect.json: for each week the seconds from start to resolution, straight from the file.
std::map<std::string, std::vector<std::int64_t>> seconds_by_week(const std::filesystem::path& incidents) {
    std::map<std::string, std::vector<std::int64_t>> seconds;
    for (const std::string& line : lines_of(incidents)) {
        const Json row = Json::parse(line);
        const Time resolved = at(row["resolved_at"].get<std::string>());
        const auto took = resolved - at(row["started_at"].get<std::string>());
        seconds[format_iso_week(iso_week_of(resolved))].push_back(std::chrono::floor<std::chrono::seconds>(took).count());
    }
    for (auto& [week, samples] : seconds) std::sort(samples.begin(), samples.end());
    return seconds;
}

// The smallest of so many samples that `percent` of them do not exceed.
std::int64_t nearest_rank(const std::vector<std::int64_t>& sorted, std::size_t percent) {
    std::size_t rank = 1;
    while (rank * 100 < sorted.size() * percent) ++rank;
    return sorted.at(rank - 1);
}

Json statistic(const std::vector<std::int64_t>& sorted) {
    if (sorted.empty()) return Json::parse(R"({"n":0,"mean":null,"p50":null,"p90":null})");
    const std::int64_t sum = std::accumulate(sorted.begin(), sorted.end(), std::int64_t{0});
    return {{"n", sorted.size()},
            {"mean", sum / static_cast<std::int64_t>(sorted.size())},
            {"p50", nearest_rank(sorted, 50)},
            {"p90", nearest_rank(sorted, 90)}};
}

// GitHub's incidents, imported and folded.
struct GitHubIncidents {
    explicit GitHubIncidents(const std::filesystem::path& directory) : expected(Json::parse(read_file(directory / "expect.json"))) {
        fixture.import_from(directory);
        views.emplace(place / "views", *fixture.journal());
        CHECK(views->catch_up().empty());
    }
    LayoutFixture fixture;
    TemporaryDirectory place;
    std::optional<Views> views;
    Json expected;
};

std::ptrdiff_t lines_in(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

}  // namespace

TEST_CASE("every compiler makes the same bytes of the digests of all weeks of GitHub's incidents", "[digest][real_data][golden]") {
    const auto directory = shared_data("github-status");
    if (!directory) return skip("../shared/data is not there");
    GitHubIncidents github(*directory);
    auto rows = github.views->read();
    const auto journal = github.fixture.journal()->snapshot();
    Sha256 sha256;
    const std::string root = to_hex(journal->root(sha256, journal->size()));  // of salts, which are new with each import
    const auto hash_of = [&](std::string text) {
        for (std::size_t at = text.find(root); at != std::string::npos; at = text.find(root)) text.replace(at, root.size(), "ROOT");
        return to_hex(sha256({text}));
    };
    std::string digests;
    for (const auto& [name, figures] : github.expected["weeks"].items()) {
        DigestRequest request;
        request.week = parse_iso_week(name).value();
        request.now = at("2030-01-01T00:00:00Z");
        request.size = journal->size();
        const WeeklyDigest digest = weekly_digest(rows, *journal, request);
        digests += name + " json " + hash_of(digest_json(digest)) + '\n';
        digests += name + " md " + hash_of(digest_markdown(digest)) + '\n';
    }
    CHECK(lines_in(digests) == 2 * 511);
    CHECK(digests == golden("github-status/digests.sha256", digests));
}

TEST_CASE("all weeks of GitHub's incidents have the counts and durations that another program found", "[digest][real_data]") {
    const auto directory = shared_data("github-status");
    if (!directory) return skip("../shared/data is not there");
    GitHubIncidents github(*directory);

    const Json& weeks = github.expected["weeks"];
    const auto seconds = seconds_by_week(*directory / "incidents.jsonl");
    auto rows = github.views->read();
    const auto journal = github.fixture.journal()->snapshot();
    std::size_t weeks_found = 0;
    for (IsoWeek week{2010, 1}; week < IsoWeek{2024, 10}; week = week.next()) {
        DigestRequest request;
        request.week = week;
        request.now = at("2030-01-01T00:00:00Z");
        request.size = journal->size();
        const Json digest = Json::parse(digest_json(weekly_digest(rows, *journal, request)));
        const std::string name = format_iso_week(week);
        INFO(name);
        const auto found = weeks.find(name);
        if (found != weeks.end()) ++weeks_found;
        for (const char* count : {"opened", "acknowledged", "mitigated", "resolved", "closed", "reopened"}) {
            INFO(count);
            CHECK(digest["counts"][count] == (found == weeks.end() ? 0 : (*found)[count].get<int>()));
        }
        const auto of_week = seconds.find(name);
        CHECK(digest["durations"]["ttr"] == statistic(of_week == seconds.end() ? std::vector<std::int64_t>() : of_week->second));
    }
    CHECK(weeks_found == 511);
    CHECK(weeks_found == weeks.size());

    // The weeks' samples together are what the other program made of all of them.
    std::vector<std::int64_t> all;
    for (const auto& [week, samples] : seconds) all.insert(all.end(), samples.begin(), samples.end());
    std::sort(all.begin(), all.end());
    const Json& total = github.expected["ttr_all"];
    CHECK(total["n"] == all.size());
    CHECK(total["sum"] == std::accumulate(all.begin(), all.end(), std::int64_t{0}));
    CHECK(total["p50"] == nearest_rank(all, 50));
    CHECK(total["p90"] == nearest_rank(all, 90));
}
