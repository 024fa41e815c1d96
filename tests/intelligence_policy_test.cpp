#include <catch2/catch.hpp>

#include "ops/policies/intelligence_policy.hpp"
#include "tests/support.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

std::string refusal(const std::string& text) {
    const auto policy = parse_intelligence_policy(text, "intelligence.yml");
    return policy ? "taken" : policy.refusal().message;
}

}  // namespace

TEST_CASE("the intelligence policy that comes with daybook holds the defaults", "[policy]") {
    const auto policy = load_intelligence_policy(project_file("ops/policy/intelligence.yml"));
    REQUIRE(policy);
    CHECK(policy->correlation.strong == CorrelationPolicy().strong);
    CHECK(policy->correlation.related == CorrelationPolicy().related);
    CHECK(policy->correlation.possible == CorrelationPolicy().possible);
    CHECK(policy->correlation.common_signature_percent == CorrelationPolicy().common_signature_percent);
    CHECK(policy->correlation.dependencies.empty());
    CHECK(policy->recurrence.recurring_in_30_days == 3);
    CHECK(policy->recurrence.chronic_in_30_days == 5);
    CHECK(policy->bytes == read_file(project_file("ops/policy/intelligence.yml")));
}

TEST_CASE("without an intelligence policy the defaults hold, and reports name none", "[policy]") {
    const TemporaryDirectory directory;
    const auto policy = load_intelligence_policy(directory / "intelligence.yml");
    REQUIRE(policy);
    CHECK_FALSE(policy->bytes);
    CHECK(policy->correlation.strong == 70);
}

TEST_CASE("what is wrong in an intelligence policy is named with file, line and key", "[policy]") {
    CHECK(refusal("correlation:\n  strong: 101\n") == "intelligence.yml:2: correlation.strong must lie between 41 and 100");
    CHECK(refusal("correlation:\n  related: 39\n") == "intelligence.yml:2: correlation.related must lie between 40 and 99");
    CHECK(refusal("correlation:\n  colour: red\n") == "intelligence.yml:2: correlation.colour is not a key of this policy");
    CHECK(refusal("correlation:\n  dependencies:\n    gateway: payments\n") ==
          "intelligence.yml:3: correlation.dependencies.gateway must be a list of names");
    CHECK(refusal("recurrence:\n  chronic:\n    weeks_running: 1\n") ==
          "intelligence.yml:3: recurrence.chronic.weeks_running must lie between 2 and 8");
    CHECK(refusal("correlation: [1\n").starts_with("intelligence.yml:"));
    CHECK(refusal("correlation:\n  dependencies:\n    gateway: [payments, search]\n") == "taken");
}
