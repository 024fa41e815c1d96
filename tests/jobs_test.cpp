#include <catch2/catch.hpp>

#include "ops/jobs/jobs.hpp"
#include "ops/jobs/task_registry.hpp"
#include "tests/support.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

std::string between(const char* schedule, const char* from, const char* to, std::size_t limit = 100) {
    std::string text;
    const auto parsed = Schedule::parse(schedule);
    if (!parsed) return "no schedule";
    for (const Time time : parsed->between(at(from), at(to), limit))
        text += (text.empty() ? "" : " ") + format_time(time).substr(5, 11);
    return text;
}

}  // namespace

TEST_CASE("a schedule names the minutes that cron would", "[jobs]") {
    CHECK(between("0 8 * * 1", "2026-02-16T08:00:00Z", "2026-03-02T08:00:00Z") == "02-23T08:00 03-02T08:00");
    CHECK(between("*/20 9-10 * * *", "2026-02-16T08:00:00Z", "2026-02-16T10:10:00Z") ==
          "02-16T09:00 02-16T09:20 02-16T09:40 02-16T10:00");
    CHECK(between("0 0 1,15 * *", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z") == "02-15T00:00 03-01T00:00");
    CHECK(between("0 0 1 * 0", "2026-02-01T00:00:00Z", "2026-02-16T00:00:00Z") == "02-08T00:00 02-15T00:00");    // either day
    CHECK(between("0 6 */2 * 1", "2026-02-01T00:00:00Z", "2026-02-28T00:00:00Z") == "02-09T06:00 02-23T06:00");  // both days
    CHECK(between("0 0 * * 7", "2026-02-16T00:00:00Z", "2026-02-22T12:00:00Z") == "02-22T00:00");
    CHECK(between("0 * * * *", "2026-02-16T00:00:00Z", "2026-02-16T05:00:00Z", 1) == "02-16T05:00");
    for (const char* wrong : {"", "* * * *", "60 * * * *", "* 24 * * *", "*/0 * * * *", "5-1 * * * *", "a * * * *", "* * 0 * *",
                              "*-3 * * * *", "*/60 * * * *", "5/18446744073709551615 * * * *"})
        CHECK_FALSE(Schedule::parse(wrong));
}

TEST_CASE("the cron file is what the registry says, and the registry is the one that daybook comes with", "[jobs]") {
    const auto tasks = load_task_registry(project_file("ops/task_registry.yml"));
    REQUIRE(tasks);
    CHECK(read_file(project_file("ops/cron/jobs.cron")) == cron_file(*tasks));
    const TemporaryDirectory nothing;
    const auto built_in = load_task_registry(nothing / "task_registry.yml");
    REQUIRE(built_in);
    REQUIRE(built_in->size() == tasks->size());
    for (std::size_t i = 0; i < tasks->size(); ++i) {
        CHECK((*tasks)[i].id == (*built_in)[i].id);
        CHECK((*tasks)[i].schedule.text() == (*built_in)[i].schedule.text());
        CHECK((*tasks)[i].permission == (*built_in)[i].permission);
        CHECK((*tasks)[i].each_missed == (*built_in)[i].each_missed);
        CHECK((*tasks)[i].what == (*built_in)[i].what);
        CHECK(is_job((*tasks)[i].id));
    }
}

TEST_CASE("what is wrong in the registry is named with file, line and key", "[jobs][policy]") {
    const auto refusal = [](const std::string& text) {
        const auto tasks = parse_task_registry(text, "task_registry.yml");
        return tasks ? "taken" : tasks.refusal().message;
    };
    CHECK(refusal("tasks:\n  export: {schedule: \"* *\"}\n")
              .starts_with("task_registry.yml:2: tasks.export.schedule must be five fields"));
    CHECK(refusal("tasks:\n  nosuch: {schedule: \"* * * * *\"}\n").starts_with("task_registry.yml:2: tasks.nosuch is no job"));
    CHECK(refusal("tasks:\n  export: {schedule: \"* * * * *\", missed: all}\n") ==
          "task_registry.yml:2: tasks.export.missed must be last or each");
    CHECK(refusal("tasks:\n  export: {schedule: \"* * * * *\"}\n") == "taken");
}
