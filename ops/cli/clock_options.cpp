#include "ops/cli/clock_options.hpp"

#include <CLI/CLI.hpp>

#include "ops/cli/number_option.hpp"

namespace daybook {

ClockOptions::ClockOptions(CLI::App& command, Clocks clocks) : command_(command) {
    if (clocks == Clocks::both) {
        command.add_option("--as-of", as_of_, "What was true then: the events that had occurred by then")->type_name("TIME");
    }
    command.add_option("--known-at", known_at_, "What was known then: the events that had been recorded by then")
        ->type_name("TIME");
    add_number(command, "--at-seq", at_seq_, "What was known then: the first N events of the journal");
}

bool ClockOptions::given() const { return !as_of_.empty() || !known_at_.empty() || command_.count("--at-seq") != 0; }

LookBack ClockOptions::look_back() const {
    LookBack back;
    if (!as_of_.empty()) back.as_of = time_option("--as-of", as_of_);
    if (!known_at_.empty()) back.known_at = time_option("--known-at", known_at_);
    if (command_.count("--at-seq") != 0) back.at_seq = at_seq_;
    return back;
}

Horizon ClockOptions::horizon(const JournalView& journal) const {
    const auto horizon = look_back().horizon(journal);
    if (!horizon) throw CommandError(ExitStatus::usage, "--at-seq " + std::to_string(at_seq_) + ": " + horizon.refusal().message);
    return *horizon;
}

Time ClockOptions::now(const Session& session, const JournalView& journal) const {
    LookBack back = look_back();
    if (session.settings().now) back.at_seq.reset();  // a seq says how much was known, and its moment only for want of another
    return back.now(journal, session.now());
}

void ClockOptions::refuse_beside(const std::string& option) const {
    if (!given()) return;
    throw CommandError(ExitStatus::usage, option + " writes down what is known now, and can't stand beside --at-seq or --known-at");
}

void ClockOptions::read_views(Session& session, std::string_view projection,
                              const std::function<void(lmdb::Transaction&)>& use) const {
    if (!given()) {
        lmdb::Transaction views = session.views().read();
        return use(views);
    }
    ReplayLimit limit;
    {
        const Snapshot journal = session.journal_to_read().snapshot();
        const Horizon horizon = this->horizon(*journal);
        limit = {std::min(horizon.size, journal->size()), horizon.as_of};
    }
    Progress bar(session.progress_screen(), "Looking back", limit.size, "events");
    std::uint64_t done = 0;
    // What is parked on the way is no news: an event may well have occurred before what it speaks of was there.
    session.stale_views().build_apart(
        limit,
        [&](lmdb::Environment& apart) {
            bar.finish();
            lmdb::Transaction views(apart, lmdb::Transaction::Kind::read);
            use(views);
        },
        [&](Sequence reached, std::uint64_t) {
            bar.advance(reached.value - std::min(done, reached.value));
            done = reached.value;
        },
        projection);
}

}  // namespace daybook
