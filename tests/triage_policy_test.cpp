#include <catch2/catch.hpp>

#include "ingest/triage_policy.hpp"
#include "tests/support.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

std::string error_of(const std::string& text) {
    const auto policy = parse_triage_policy(text, "triage.yml");
    if (policy) return "taken";
    CHECK(policy.refusal().code == RefusalCode::invalid);
    return policy.refusal().message;
}

std::string escalation_error(const std::string& lines) {
    return error_of("escalation:\n  - name: storm\n    target: helion\n" + lines);
}

}  // namespace

TEST_CASE("the policy file that comes with daybook says what the defaults are") {
    const auto policy = load_triage_policy(project_file("ops/policy/triage.yml"));
    REQUIRE(policy);
    CHECK(policy->reopen_minutes == TriagePolicy{}.reopen_minutes);
    CHECK(policy->auto_resolve == TriagePolicy{}.auto_resolve);
    CHECK(policy->escalation.empty());
    CHECK(policy->labels.service == TriagePolicy{}.labels.service);
    CHECK(policy->labels.env == TriagePolicy{}.labels.env);
    CHECK(policy->labels.kind == TriagePolicy{}.labels.kind);
    CHECK(policy->labels.severity == TriagePolicy{}.labels.severity);
    CHECK(policy->labels.title == TriagePolicy{}.labels.title);
    CHECK(policy->defaults.service == TriagePolicy{}.defaults.service);
    CHECK(policy->defaults.env == TriagePolicy{}.defaults.env);
    CHECK(policy->defaults.kind == TriagePolicy{}.defaults.kind);
    CHECK(policy->defaults.severity == TriagePolicy{}.defaults.severity);
    CHECK(policy->severity_words == TriagePolicy{}.severity_words);
    CHECK(TriagePolicy{}.reopen_minutes == 30);
    CHECK(TriagePolicy{}.auto_resolve);
}

TEST_CASE("the example in the policy file is a policy") {
    // The example stands there as a comment: `# escalation:` and what is indented below it.
    std::string text;
    const std::string file = read_file(project_file("ops/policy/triage.yml"));
    bool inside = false;
    for (std::size_t start = 0; start < file.size();) {
        const std::size_t end = file.find('\n', start);
        const std::string line = file.substr(start, end - start);
        start = end == std::string::npos ? file.size() : end + 1;
        if (line == "# escalation:") inside = true;
        if (!line.starts_with("# ")) inside = false;
        if (inside) text += line.substr(2) + '\n';
    }
    const auto policy = parse_triage_policy(text, "example");
    REQUIRE(policy);
    REQUIRE(policy->escalation.size() == 2);
    CHECK(policy->escalation[0].name == "storm");
    CHECK(policy->escalation[0].target == "helion");
    CHECK(policy->escalation[0].level == 1);
    CHECK(policy->escalation[0].alerts == 5);
    CHECK(policy->escalation[0].minutes == 10);
    CHECK(policy->escalation[0].cooldown_minutes == 60);
    CHECK_FALSE(policy->escalation[0].severity);
    CHECK(policy->escalation[1].severity == Severity::p0);
    CHECK(policy->escalation[1].env == "prod");
    CHECK(policy->escalation[1].alerts == 0);
    CHECK(policy->escalation[1].level == 2);
}

TEST_CASE("what a policy leaves out has its default, also where there is no file") {
    for (const char* text : {"", "{}", "# nothing\n", "escalation: []"}) {
        const auto policy = parse_triage_policy(text, "triage.yml");
        REQUIRE(policy);
        CHECK(policy->reopen_minutes == 30);
        CHECK(policy->auto_resolve);
        CHECK(policy->escalation.empty());
    }
    const TemporaryDirectory directory;
    const auto policy = load_triage_policy(directory / "triage.yml");
    REQUIRE(policy);
    CHECK(policy->reopen_minutes == 30);

    const auto least = parse_triage_policy("escalation:\n  - {name: a, target: b, severity: P1}", "triage.yml");
    REQUIRE(least);
    CHECK(least->escalation.at(0).level == 1);
    CHECK(least->escalation[0].cooldown_minutes == 60);
    const auto set = parse_triage_policy("reopen_minutes: 0\nauto_resolve: false\n", "triage.yml");
    REQUIRE(set);
    CHECK(set->reopen_minutes == 0);
    CHECK_FALSE(set->auto_resolve);
}

TEST_CASE("every error names file, line and key") {
    CHECK(error_of("reopen_minute: 5") == "triage.yml:1: reopen_minute is not a key of this policy");
    CHECK(error_of("auto_resolve: true\nreopen_minutes: soon") == "triage.yml:2: reopen_minutes must be a whole number");
    CHECK(error_of("reopen_minutes: 1.5") == "triage.yml:1: reopen_minutes must be a whole number");
    CHECK(error_of("reopen_minutes: [1]") == "triage.yml:1: reopen_minutes must be a whole number");
    CHECK(error_of("reopen_minutes:") == "triage.yml:1: reopen_minutes must be a whole number");
    CHECK(error_of("\n\nreopen_minutes: -1") == "triage.yml:3: reopen_minutes must lie between 0 and 525600");
    CHECK(error_of("reopen_minutes: 525601") == "triage.yml:1: reopen_minutes must lie between 0 and 525600");
    CHECK(error_of("auto_resolve: maybe") == "triage.yml:1: auto_resolve must be true or false");
    CHECK(error_of("reopen_minutes: 1\nreopen_minutes: 2") == "triage.yml:2: reopen_minutes stands here twice");
    CHECK(error_of("escalation: {}") == "triage.yml:1: escalation must be a list");
    CHECK(error_of("reopen_minutes: 1\nescalation:\n  - storm") == "triage.yml:3: escalation[0] must be a mapping");
    CHECK(error_of("escalation:\n  - name: a\n    severity: P1") == "triage.yml:2: escalation[0].target is missing, or no text");
    CHECK(error_of("escalation:\n  - {target: a, severity: P1}") == "triage.yml:2: escalation[0].name is missing, or no text");
    CHECK(escalation_error("") == "triage.yml:2: escalation[0].name needs `after` or `severity`: it would fit every alert");
    CHECK(escalation_error("    env: prod") ==
          "triage.yml:2: escalation[0].name needs `after` or `severity`: it would fit every alert");
    CHECK(escalation_error("    severity: bad") == "triage.yml:4: escalation[0].severity must be one of P0, P1, P2, P3, P4");
    CHECK(escalation_error("    severity: P1\n    env: []") == "triage.yml:5: escalation[0].env is missing, or no text");
    CHECK(escalation_error("    severity: P1\n    env: ''") == "triage.yml:5: escalation[0].env must have 1 to 128 characters");
    CHECK(escalation_error("    severity: P1\n    level: 255") == "triage.yml:5: escalation[0].level must lie between 0 and 254");
    CHECK(escalation_error("    severity: P1\n    cooldown_minutes: x") ==
          "triage.yml:5: escalation[0].cooldown_minutes must be a whole number");
    CHECK(escalation_error("    after: 5") == "triage.yml:4: escalation[0].after must be a mapping");
    CHECK(escalation_error("    after: {alerts: 0}") == "triage.yml:4: escalation[0].after.alerts must lie between 1 and 1000");
    CHECK(escalation_error("    after:\n      alerts: 5\n      minutes: 0") ==
          "triage.yml:6: escalation[0].after.minutes must lie between 1 and 525600");
    CHECK(escalation_error("    after: {alert: 5}") == "triage.yml:4: escalation[0].after.alert is not a key of this policy");
    CHECK(escalation_error("    colour: red") == "triage.yml:4: escalation[0].colour is not a key of this policy");
    CHECK(error_of("escalation:\n  - {name: a, target: b, severity: P1}\n  - {name: a, target: b, severity: P9}") ==
          "triage.yml:3: escalation[1].severity must be one of P0, P1, P2, P3, P4");
}

TEST_CASE("labels, defaults and words are taken, each key for itself") {
    const auto policy = parse_triage_policy(
        "labels:\n  service: [app]\n  env: []\ndefaults: {service: none, severity: P4}\nseverity_words: {Urgent: P0}\n",
        "triage.yml");
    REQUIRE(policy);
    CHECK(policy->labels.service == std::vector<std::string>{"app"});
    CHECK(policy->labels.env.empty());
    CHECK(policy->labels.kind == TriagePolicy{}.labels.kind);
    CHECK(policy->defaults.service == "none");
    CHECK(policy->defaults.env == "prod");
    CHECK(policy->defaults.severity == Severity::p4);
    CHECK(policy->severity_of("urgent") == Severity::p0);
    CHECK(policy->severity_of("URGENT") == Severity::p0);
    CHECK_FALSE(policy->severity_of("critical"));
    CHECK(policy->severity_of("P3") == Severity::p3);
    CHECK(policy->severity_of("p3") == Severity::p3);
    CHECK_FALSE(policy->severity_of("P7"));
    CHECK_FALSE(policy->severity_of(""));
    CHECK(TriagePolicy{}.severity_of("critical") == Severity::p1);
    CHECK(TriagePolicy{}.severity_of("warning") == Severity::p2);
    CHECK(TriagePolicy{}.severity_of("info") == Severity::p3);
}

TEST_CASE("an error in labels, defaults or words names file, line and key") {
    CHECK(error_of("labels:\n  team: [x]") == "triage.yml:2: labels.team is not a key of this policy");
    CHECK(error_of("labels:\n  service: x") == "triage.yml:2: labels.service must be a list of names");
    CHECK(error_of("labels:\n  service:\n    - a\n    - []") == "triage.yml:4: labels.service[1] must be a name");
    CHECK(error_of("labels:\n  service: ['']") == "triage.yml:2: labels.service[0] must have 1 to 128 characters");
    CHECK(error_of("labels: [service]") == "triage.yml:1: labels must be a mapping");
    CHECK(error_of("defaults:\n  env: ''") == "triage.yml:2: defaults.env must have 1 to 128 characters");
    CHECK(error_of("defaults:\n  severity: high") == "triage.yml:2: defaults.severity must be one of P0, P1, P2, P3, P4");
    CHECK(error_of("defaults: {title: x}") == "triage.yml:1: defaults.title is not a key of this policy");
    CHECK(error_of("severity_words:\n  high: P1\n  low: bad") ==
          "triage.yml:3: severity_words.low must be one of P0, P1, P2, P3, P4");
    CHECK(error_of("severity_words:\n  high: P1\n  HIGH: P2") == "triage.yml:3: severity_words.HIGH stands here twice");
    CHECK(error_of("severity_words: P1") == "triage.yml:1: severity_words must be a mapping");
}

TEST_CASE("a file that is no YAML, or no mapping, is an error with its line") {
    CHECK(error_of("- a") == "triage.yml:1: the policy must be a mapping");
    CHECK(error_of("nonsense") == "triage.yml:1: the policy must be a mapping");
    CHECK(error_of("reopen_minutes: 1\nauto_resolve: [").starts_with("triage.yml:"));
    CHECK(error_of("reopen_minutes: 1\n\tx: y").starts_with("triage.yml:2: "));
    CHECK(error_of("{a: b}: c").starts_with("triage.yml:1: "));
    CHECK(error_of("a: 1\n---\nb: 2") != "taken");
}

TEST_CASE("a name that could not stand in an event, no UTF-8 or a NUL, is an error with its line") {
    CHECK(error_of("reopen_minutes: 1\ndefaults:\n  env: \xff") == "triage.yml:3: is no UTF-8 text");
    CHECK(error_of(std::string("a: 1\n\0", 6)) == "triage.yml:2: is no UTF-8 text");
    CHECK(error_of("defaults:\n  env: \"a\\0b\"") == "triage.yml:2: defaults.env must have no NUL");
}

TEST_CASE("a policy file that can't be read is an error, not the defaults") {
    const TemporaryDirectory directory;
    const auto file = directory / "triage.yml";
    write_file(file, "reopen_minutes: 5");
    std::filesystem::permissions(directory.path(), std::filesystem::perms::all);
    std::filesystem::permissions(file, std::filesystem::perms::none);
    CHECK(without_root([&] {
              const auto policy = load_triage_policy(file);
              return policy ? std::string("taken") : policy.refusal().message;
          }) == file.string() + " can't be read: check what it is, and its mode");
    const auto folder = load_triage_policy(directory.path());
    REQUIRE_FALSE(folder);
    CHECK(folder.refusal().message.starts_with(directory.path().string() + " can't be read"));
}
