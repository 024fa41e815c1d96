// Power is lost at each moment of a run of commands: whatever the disk may then hold, the journal opens and verifies, holds what
// was acknowledged, and takes new events; and what was redacted stays gone.
#include <algorithm>

#include <catch2/catch.hpp>

#include "tests/fault/disk_model.hpp"
#include "tests/fault/fault.hpp"
#include "tests/fault/system_calls.hpp"
#include "tests/integration/program.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

constexpr const char* secret = "hunter2-SECRET-marker";

// Each command, once it has ended well, is acknowledged by the words that are in the journal from then on.
std::string script() {
    const std::string daybook = daybook_program() + " --data data -q ";
    std::string text =
        "id=$(" + daybook + "incident create --service gateway --severity P1 --title first.)\necho 'ack first.' >&2\n";
    const auto step = [&](const std::string& command, const std::string& acknowledged) {
        text += daybook + command + " >/dev/null\necho 'ack " + acknowledged + "' >&2\n";
    };
    step("note $id '" + std::string(secret) + "'", "\"seq\":2,");  // its text may go
    step("note $id 'third. " + std::string(5000, 'x') + "'", "third.");
    step("incident list", "first.");
    step("ingest " + project_file("fixtures/triage/monday.jsonl").string(), "gw-5xx");
    step("checkpoint --save kept", "a checkpoint");
    step("export jsonl layout", "first.");
    step("redact 2 --reason 'a password'", "the redaction");
    step("replay --rebuild", "first.");
    step("note $id last.", "last.");
    return text;
}

// What is wrong with what the disk holds; empty where nothing is.
std::string examine(const std::filesystem::path& image, const std::vector<std::string>& acknowledged) {
    const std::string data = (image / "data").string();
    const auto daybook = [&](std::vector<std::string> words) {
        words.insert(words.begin(), {"--data", data, "-q"});
        return run_forked(words);
    };
    bool redacted = false;
    if (!acknowledged.empty()) {
        const Outcome verify = daybook({"verify"});
        if (verify.status != 0) return "verify: " + verify.err;
        const std::string events = daybook({"events", "-o", "jsonl"}).out;
        for (const std::string& text : acknowledged) {
            if (text == "a checkpoint") {
                const Outcome extends = daybook({"--witness", (image / "kept").string(), "checkpoint"});
                if (extends.status != 0) return "the journal does not extend the checkpoint: " + extends.err;
            } else if (text == "the redaction") {
                redacted = true;
            } else if (events.find(text) == std::string::npos) {
                return "'" + text + "' was acknowledged and is not there";
            }
        }
    }
    if (redacted) {
        const Outcome finish = daybook({"redact", "--finish"});
        if (finish.status != 0) return "redact --finish: " + finish.err;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(image)) {
            if (entry.is_regular_file() && read_file(entry.path()).find(secret) != std::string::npos)
                return "the redacted text is in " + entry.path().string();
        }
    }
    const Outcome create = daybook({"incident", "create", "--service", "api", "--severity", "P2", "--title", "after"});
    if (create.status != 0) return "incident create: " + create.err;
    const Outcome verify = daybook({"verify"});
    if (verify.status != 0) return "verify after the next event: " + verify.err;
    const Outcome views = daybook({"replay", "--check"});
    return views.status == 0 ? "" : "replay --check: " + views.err;
}

}  // namespace

TEST_CASE("whatever a disk holds when power is lost, what was acknowledged is there, and the journal goes on", "[fault][power]") {
    if (!can_trace()) return skip("strace is not there, or may not trace");
    Choices choices;
    INFO(choices.said());
    const TemporaryDirectory directory;
    std::filesystem::create_directory(directory / "run");
    const DiskModel disk(script(), directory / "run");
    REQUIRE(disk.acknowledged(disk.size()).size() == 10);
    std::vector<std::size_t> moments(disk.size() + 1);
    for (std::size_t i = 0; i < moments.size(); ++i) moments[i] = i;
    std::shuffle(moments.begin(), moments.end(), choices.random);
    moments.resize(std::min(moments.size(), rounds(20, moments.size())));
    std::size_t images = 0;
    const auto try_out = [&](std::size_t moment, DiskModel::Lost lost, const char* what) {
        const TemporaryDirectory image;
        disk.make_image(moment, lost, choices, image.path());
        const std::string wrong = examine(image.path(), disk.acknowledged(moment));
        INFO("before call " << moment << " (" << disk.describe(moment) << "), with " << what);
        if (!wrong.empty())
            report("before call " + std::to_string(moment) + " (" + disk.describe(moment) + "), with " + what + ": " + wrong);
        CHECK(wrong == "");
        ++images;
    };
    for (const std::size_t moment : moments) {
        try_out(moment, DiskModel::Lost::nothing, "everything before it");
        try_out(moment, DiskModel::Lost::all_that_may, "what was synced alone");
        for (std::size_t i = 0; i < rounds(1, 10); ++i) try_out(moment, DiskModel::Lost::some, "a part of what was not synced");
    }
    report(std::to_string(disk.size()) + " calls, " + std::to_string(images) + " images of the disk");
}
