// doctor: what may be wrong around the journal, and what to do.
#include <ostream>
#include <random>

#include <unistd.h>
#include <CLI/CLI.hpp>

#include "journal/journal_lock.hpp"
#include "ops/cli/command_set.hpp"
#include "ops/cli/verification.hpp"
#include "ops/doctor.hpp"

namespace daybook {
namespace {

constexpr int syncs = 25;
constexpr const char* damage_advice = "run `daybook verify`, and restore a backup";

using Diagnoses = std::vector<Diagnosis>;

// What cannot be looked at is a finding, and no reason to say nothing about the rest.
void attempt(Diagnoses& diagnoses, const std::string& check, Verdict on_failure, const std::string& advice,
             const std::function<void()>& look) {
    try {
        look();
    } catch (const std::exception& error) {
        diagnoses.push_back({check, on_failure, error.what(), advice});
    }
}

// Before LMDB opens the file, which it would follow a damaged page out of. A large one is left to `daybook verify`, since it takes
// its time. Whether nothing is wrong.
bool look_at_pages(const std::filesystem::path& journal, Diagnoses& diagnoses) {
    constexpr std::uintmax_t looked_at_max = 256 * 1024 * 1024;
    if (std::filesystem::file_size(journal / "data.mdb") > looked_at_max) return true;
    const Verification structure = verify_structure(journal);
    if (structure.sound()) return true;
    diagnoses.push_back({"journal", Verdict::problem, structure.findings.front().text, damage_advice});
    return false;
}

// Before the journal is opened, since that clears the slots of dead readers.
void look_at_file(const std::filesystem::path& journal, Diagnoses& diagnoses) {
    const JournalLock user = JournalLock::shared(journal, false);
    lmdb::Options options;
    options.read_only = true;
    options.keep_dead_readers = true;
    lmdb::Environment environment(journal, options);
    const std::vector<lmdb::Reader> readers = environment.readers();
    std::uint64_t oldest = UINT64_MAX;
    for (const lmdb::Reader& reader : readers) oldest = std::min(oldest, reader.commit.value_or(UINT64_MAX));
    const lmdb::Transaction transaction(environment, lmdb::Transaction::Kind::read);
    const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    const std::uint64_t held = oldest == UINT64_MAX ? 0 : transaction.free_pages(oldest) * page_bytes;
    diagnoses.push_back(judge_readers(readers, transaction.number(), held, environment.used_bytes(), is_alive));
    (void)environment.clear_dead_readers();
    diagnoses.push_back(
        judge_room({environment.used_bytes(), transaction.free_pages() * page_bytes, environment.map_bytes(), disk_room(journal)}));
}

void look_at_events(Session& session, Diagnoses& diagnoses) {
    const Journal& journal = session.journal_to_read();
    const Snapshot snapshot = journal.snapshot();
    const std::uint64_t size = snapshot->size();
    std::optional<Time> newest;
    if (size != 0) newest = snapshot->record({size})->recorded_at();
    diagnoses.push_back(judge_clock(newest, real_clock()));
    QuickOptions options;
    options.seed = std::random_device()();
    const QuickVerification quick = verify_quick(journal, options);
    if (quick.verification.sound()) {
        diagnoses.push_back({"events", Verdict::ok, std::to_string(quick.checked) + " of " + std::to_string(size) + " looked at"});
    } else {
        diagnoses.push_back({"events", Verdict::problem, quick.verification.findings.front().text,
                             "run `daybook verify`, and restore a backup if it says so"});
    }
    if (session.forked()) {
        diagnoses.push_back({"witness", Verdict::problem, "the journal does not extend the checkpoint that is kept outside",
                             "restore the journal that it is of"});
    }
    attempt(diagnoses, "views", Verdict::warning, "remove the directory views: it is made anew",
            [&] { diagnoses.push_back(check_views(session.settings().data / "views", size)); });
}

Diagnoses examine(Session& session) {
    const std::filesystem::path& data = session.settings().data;
    Diagnoses diagnoses;
    diagnoses.push_back(check_file_system(data));
    attempt(diagnoses, "sync", Verdict::problem, "give this user the right to write there, and room",
            [&] { diagnoses.push_back(judge_sync(measure_sync(data, syncs))); });
    const bool there = std::filesystem::exists(data / "journal" / "data.mdb");
    if (there) {
        attempt(diagnoses, "journal", Verdict::problem, damage_advice, [&] {
            if (!look_at_pages(data / "journal", diagnoses)) return;
            look_at_file(data / "journal", diagnoses);
            look_at_events(session, diagnoses);
        });
    } else {
        diagnoses.push_back({"journal", Verdict::warning, "there is none in " + data.string(), "--data says where it is"});
    }
    diagnoses.push_back(check_synchronisation());
    for (Diagnosis& diagnosis : check_modes(data)) diagnoses.push_back(std::move(diagnosis));
    diagnoses.push_back(check_leftovers(data));
    diagnoses.push_back(check_dead_letters(session.dead_letters()));
    return diagnoses;
}

ExitStatus doctor(Session& session) {
    if (!std::filesystem::is_directory(session.settings().data)) session.check_journal_exists();
    const Diagnoses diagnoses = examine(session);
    RowWriter rows(session.out(), session.format(), session.style(),
                   {{"check", ""},
                    {"verdict", ""},
                    {"found", "", Align::left, Paint::none, true},
                    {"advice", "what to do", Align::left, Paint::none, true}});
    bool problem = false;
    for (const Diagnosis& diagnosis : diagnoses) {
        problem = problem || diagnosis.verdict == Verdict::problem;
        rows.add({diagnosis.check, diagnosis.verdict, diagnosis.found, diagnosis.advice.empty() ? Cell() : Cell(diagnosis.advice)});
    }
    rows.finish();
    return problem ? ExitStatus::no : ExitStatus::done;
}

}  // namespace

void add_doctor_command(CLI::App& root, ChosenCommand& chosen) {
    CLI::App* app = root.add_subcommand("doctor", "Look at the disk, the clock, modes, readers and room, and say what to do");
    app->footer(
        "Examples:\n  daybook doctor\n  daybook doctor -o json\n"
        "Exit status 3 when there is a problem. What is in the journal, `daybook verify` looks at.");
    app->callback([&chosen] { chosen = doctor; });
}

}  // namespace daybook
