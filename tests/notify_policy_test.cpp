#include "ops/notify/notify_policy.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "tests/support.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

// A secret in a file, and a policy with one receiver that names it and has these lines too.
class PolicyDesk {
public:
    PolicyDesk() { put_secret("0123456789abcdef0123456789abcdef\n"); }
    void put_secret(std::string_view text) {
        write_file(directory_ / "secret", text);
        ::chmod((directory_ / "secret").c_str(), 0600);
    }
    std::string secret_file() const { return (directory_ / "secret").string(); }
    Result<NotifyPolicy> parse(const std::string& lines) const {
        return parse_notify_policy("receivers:\n  - secret_file: " + secret_file() + "\n" + lines, "notify.yml");
    }
    // Why it is refused; empty where it is not.
    std::string refusal(const std::string& lines) const {
        const auto policy = parse(lines);
        return policy ? std::string() : policy.refusal().message;
    }

private:
    TemporaryDirectory directory_;
};

const std::string pager = "    name: pager\n    url: https://example.org/hook\n";

}  // namespace

TEST_CASE("the policy that is shipped names nobody, and so does one that is not there", "[notify]") {
    const auto shipped = load_notify_policy(project_file(notify_policy_file));
    REQUIRE(shipped);
    CHECK(shipped->receivers.empty());
    const TemporaryDirectory directory;
    CHECK(load_notify_policy(directory / "none.yml")->receivers.empty());
}

TEST_CASE("a receiver has what the policy says of it, and defaults for the rest", "[notify]") {
    PolicyDesk desk;
    Receiver expected;
    expected.name = "pager";
    expected.url = *parse_http_url("https://example.org/hook");
    expected.secret = "0123456789abcdef0123456789abcdef";
    REQUIRE(desk.parse(pager));
    CHECK(desk.parse(pager)->receivers == std::vector{expected});
    expected.events = {News::opened, News::overdue};
    expected.severity = Severity::p1;
    expected.services = {"db", "gateway"};
    expected.envs = {"prod"};
    expected.timeout = std::chrono::seconds(3);
    expected.give_up_after = std::chrono::hours(2);
    expected.ca_file = "ca.pem";
    const auto policy =
        desk.parse(pager +
                   "    events: [opened, overdue]\n    severity: P1\n    services: [db, gateway]\n    envs: [prod]\n"
                   "    timeout_seconds: 3\n    give_up_after_hours: 2\n    ca_file: ca.pem\n");
    REQUIRE(policy);
    CHECK(policy->receivers == std::vector{expected});
    desk.put_secret("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
    CHECK(desk.parse(pager)->receivers.front().secret == expected.secret);
}

TEST_CASE("a receiver that is wrong is refused with file, line and key", "[notify]") {
    PolicyDesk desk;
    CHECK(desk.refusal("    name: a b\n    url: http://a/\n") ==
          "notify.yml:3: receivers[0].name must be 1 to 64 of [A-Za-z0-9_-]");
    CHECK(desk.refusal("    name: a\n    url: a.example\n")
              .starts_with("notify.yml:4: receivers[0].url must be an http or https URL"));
    CHECK(desk.refusal("    name: a\n").find("receivers[0].url is missing") != std::string::npos);
    CHECK(desk.refusal(pager + "    events: [opened, shut]\n")
              .starts_with("notify.yml:5: receivers[0].events[1] must be one of opened, "));
    CHECK(desk.refusal(pager + "    timeout_seconds: 0\n") ==
          "notify.yml:5: receivers[0].timeout_seconds must lie between 1 and 60");
    CHECK(desk.refusal(pager + "    uri: a\n") == "notify.yml:5: receivers[0].uri is not a key of this policy");
    CHECK(desk.refusal(pager + "  - name: pager\n    url: http://a/\n    secret_file: " + desk.secret_file() + "\n") ==
          "notify.yml:5: receivers[1].name stands here twice");
    desk.put_secret("short\n");
    CHECK(desk.refusal(pager).find("receivers[0].secret_file names a file whose first line is shorter than 24 bytes") !=
          std::string::npos);
    desk.put_secret("whsec_%%%%");
    CHECK(desk.refusal(pager).find("no base64") != std::string::npos);
    CHECK(desk.refusal(pager).find("%%%%") == std::string::npos);
}
