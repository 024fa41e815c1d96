// The weekly counts of a real log, where it lies beside the project, against those that another program computed.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "projections/digest.hpp"
#include "replay/views.hpp"
#include "tests/layout_fixture.hpp"

using namespace daybook;
using namespace daybook::test;

TEST_CASE("GitHub's incidents count by week as another program counted them", "[digest][real_data]") {
    const auto directory = shared_data("github-status");
    if (!directory) return skip("../shared/data is not there");
    LayoutFixture fixture;
    fixture.import_from(*directory);
    const TemporaryDirectory place;
    Views views(place / "views", *fixture.journal());
    CHECK(views.catch_up().empty());

    const auto expected = nlohmann::json::parse(read_file(*directory / "expect.json"))["weeks"];
    auto rows = views.read();
    const auto journal = fixture.journal()->snapshot();
    std::size_t weeks_found = 0;
    for (IsoWeek week{2010, 1}; week < IsoWeek{2024, 10}; week = week.next()) {
        DigestRequest request;
        request.week = week;
        request.now = at("2030-01-01T00:00:00Z");
        request.size = journal->size();
        const auto counts = nlohmann::json::parse(digest_json(weekly_digest(rows, *journal, request)))["counts"];
        const auto found = expected.find(format_iso_week(week));
        if (found != expected.end()) ++weeks_found;
        for (const char* name : {"opened", "acknowledged", "mitigated", "resolved", "closed", "reopened"}) {
            INFO(format_iso_week(week) << " " << name);
            CHECK(counts[name] == (found == expected.end() ? 0 : (*found)[name].get<int>()));
        }
    }
    CHECK(weeks_found == expected.size());
}
