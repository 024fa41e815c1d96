// Writing out what others read: layouts, and the journal's own text.
#include <algorithm>
#include <cstdlib>

#include <CLI/CLI.hpp>

#include "journal/json.hpp"
#include "journal/line_file.hpp"
#include "ops/cli/command_set.hpp"
#include "ops/cli/known_exports.hpp"

namespace daybook {
namespace {

constexpr std::size_t line_bytes_max = std::size_t{4} << 20;

// A file that an export writes, and a member of the object in its first line.
struct ExportedFile {
    const char* name;
    const char* member;
};

// What is written over must itself be an export, or the layout of a store before daybook: other files are somebody's.
void refuse_other_files(const std::filesystem::path& directory, std::initializer_list<ExportedFile> files) {
    for (const auto& [name, member] : files) {
        const std::filesystem::path file = directory / name;
        if (!std::filesystem::exists(file)) continue;
        LineFile lines(file, line_bytes_max);
        const auto first = lines.next();
        JsonReader reader;
        const auto value = reader.read(first.value_or("{}"));
        if (!first || (value && (*value)->is_object() && (*value)->find(member) != nullptr)) continue;
        throw CommandError(ExitStatus::conflict, file.string() +
                                                     " is not from an export, and would be written over: name another "
                                                     "directory, or move it away");
    }
}

}  // namespace

void add_export_commands(CLI::App& root, ChosenCommand& chosen) {
    CLI::App* parent = root.add_subcommand("export", "Write what others read");
    parent->require_subcommand(1);
    auto directory = std::make_shared<std::string>("ops/incidents");
    CLI::App* jsonl = parent->add_subcommand("jsonl", "The JSONL layout: incidents, events, artifacts, export.json");
    jsonl->add_option("directory", *directory, "Where to")->type_name("DIR")->capture_default_str();
    jsonl->footer(
        "Examples:\n  daybook export jsonl\n  daybook export jsonl /srv/incidents\n"
        "Artifact files go to INCIDENT_ARTIFACTS_DIR, if that is set.");
    jsonl->callback([directory, &chosen] {
        chosen = [directory](Session& session) {
            refuse_other_files(*directory, {{"incidents.jsonl", "id"},
                                            {"events.jsonl", "incident_id"},
                                            {"artifacts.jsonl", "incident_id"},
                                            {"export.json", "root"}});
            KnownExport place{KnownExport::Kind::jsonl, *directory, {}};
            if (const char* artifacts = std::getenv("INCIDENT_ARTIFACTS_DIR"); artifacts != nullptr) place.artifacts = artifacts;
            Progress bar(session.progress_screen(), "Exporting", session.views().size(), "events");
            std::uint64_t done = 0;
            remember_export(session, place);
            const JsonlExported exported = write_jsonl(session, place, [&](std::uint64_t sequence) {
                bar.advance(sequence - std::min(done, sequence));
                done = sequence;
            });
            bar.finish();
            session.print(
                {{"directory", ""},
                 {"size", "journal size"},
                 {"root_hash", "root"},
                 {"incidents", ""},
                 {"events", ""},
                 {"artifacts", ""}},
                {*directory, exported.size, to_hex(exported.root), exported.incidents, exported.events, exported.artifacts});
            return ExitStatus::done;
        };
    });

    auto journal_directory = std::make_shared<std::string>("daybook-export");
    CLI::App* journal = parent->add_subcommand("journal", "The whole journal as text: journal.jsonl and the artifacts' bytes");
    journal->add_option("directory", *journal_directory, "Where to")->type_name("DIR")->capture_default_str();
    journal->footer("Example:\n  daybook export journal /srv/daybook-export");
    journal->callback([journal_directory, &chosen] {
        chosen = [journal_directory](Session& session) {
            refuse_other_files(*journal_directory, {{"journal.jsonl", "leaf"}});
            const Journal& source = session.journal_to_read();
            Progress bar(session.progress_screen(), "Exporting", source.snapshot()->size(), "events");
            std::uint64_t done = 0;
            remember_export(session, {KnownExport::Kind::journal, *journal_directory, {}});
            const Exported exported = export_journal(source, *journal_directory, [&](std::uint64_t events) {
                bar.advance(events - done);
                done = events;
            });
            bar.finish();
            session.print({{"directory", ""}, {"events", ""}, {"blobs", ""}, {"root_hash", "root"}},
                          {*journal_directory, exported.events, exported.blobs, to_hex(exported.root)});
            return ExitStatus::done;
        };
    });
}

}  // namespace daybook
