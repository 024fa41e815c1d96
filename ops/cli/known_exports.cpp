#include "ops/cli/known_exports.hpp"

#include <cstdlib>

#include "journal/file_lock.hpp"
#include "ops/backlog.hpp"
#include "ops/cli/reports_again.hpp"
#include "ops/export_owner.hpp"
#include "ops/layout_exports.hpp"

namespace daybook {
namespace {

constexpr const char* gone = "there is no such place any more; if it was moved, write it again";

std::string name_of(const KnownExport& place) {
    switch (place.kind) {
        case KnownExport::Kind::jsonl: return "the JSONL layout in " + place.directory.string();
        case KnownExport::Kind::journal: return "the journal's text in " + place.directory.string();
        case KnownExport::Kind::weekly_digests: return "the weekly digests in " + place.directory.string();
        case KnownExport::Kind::risk_digests: return "the risk digests in " + place.directory.string();
        case KnownExport::Kind::platform_digests: return "the platform digests in " + place.directory.string();
        case KnownExport::Kind::backlog: return "the backlog in " + place.directory.string();
        case KnownExport::Kind::postgres: return "the tables at " + place.directory.string();
    }
    return {};
}

// As DATABASE_URL says, where that is of the same server; else libpq has ways to find a password.
std::unique_ptr<postgres::Connection> connect_if_there(const std::string& place) {
    const char* url = std::getenv("DATABASE_URL");
    postgres::Options options;
    options.url = url != nullptr ? postgres::reached_as(place, url) : place;
    try {
        return std::make_unique<postgres::Connection>(options);
    } catch (const postgres::Error& error) {
        if (error.state() != postgres::no_such_database) throw;
        return nullptr;
    }
}

std::string taken_by(const std::string& origin) {
    return "it is another journal's by now, " + origin + ", and stays as it is; if what this one wrote was moved, write it again";
}

// The rows of what was redacted are written over; VACUUM takes their old versions out of the pages.
std::optional<std::string> write_tables_anew(Session& session, const std::string& place) {
    const auto there = connect_if_there(place);
    if (there == nullptr) return gone;
    postgres::Connection& connection = *there;
    const auto position = postgres_position(connection);
    if (position && position->origin != session.journal_to_read().snapshot()->origin()) return taken_by(position->origin);
    lmdb::Transaction views = session.stale_views().read();
    const auto exported = export_postgres(connection, session.journal_to_read(), views, position_of_all(views).sequence.value,
                                          postgres_export_options());
    if (!exported) throw StorageError(exported.refusal().message);
    connection.allow(postgres_export_options().load_timeout);
    connection.take_warnings();
    const std::string vacuum = "VACUUM incidents, incident_events, incident_artifacts, backlog_items";
    connection.execute(vacuum);
    if (const auto warnings = connection.take_warnings(); !warnings.empty()) {
        session.messages().say(MessageKind::warning, "the tables at " + place +
                                                         " are written over, but old bytes of their rows lie in " +
                                                         "their files: " + warnings.front() + "; as their owner, run " + vacuum);
    }
    return std::nullopt;
}

// The directory may be somebody else's by now.
void refuse_others(const std::optional<Refusal>& refusal) {
    if (refusal) throw StorageError(refusal->message);
}

// Returns why the place has nothing of this journal; nothing where it was written anew. Throws StorageError where it may have.
std::optional<std::string> write_anew(Session& session, const KnownExport& place) {
    if (place.kind == KnownExport::Kind::postgres) return write_tables_anew(session, place.directory.string());
    if (!std::filesystem::exists(place.directory)) return gone;
    const Journal& journal = session.journal_to_read();
    switch (place.kind) {
        case KnownExport::Kind::jsonl:
            if (const auto origin = origin_of_layout(place.directory); origin && *origin != journal.snapshot()->origin())
                return taken_by(*origin);
            refuse_others(refuse_other_layout(place.directory, journal));
            write_jsonl(session, place);
            break;
        case KnownExport::Kind::journal:
            refuse_others(refuse_other_text(place.directory, journal));
            export_journal(journal, place.directory, {});
            break;
        case KnownExport::Kind::weekly_digests: write_reports_again(session, weekly_report, place.directory); break;
        case KnownExport::Kind::risk_digests: write_reports_again(session, risk_report, place.directory); break;
        case KnownExport::Kind::platform_digests: write_reports_again(session, platform_report, place.directory); break;
        case KnownExport::Kind::backlog: refuse_others(write_backlog(*journal.snapshot(), place.directory)); break;
        case KnownExport::Kind::postgres: break;
    }
    return std::nullopt;
}

}  // namespace

void remember_export(Session& session, KnownExport place) {
    const auto warning = remember_export(session.settings().data, std::move(place));
    if (warning) session.messages().say(MessageKind::warning, *warning);
}

std::vector<KnownExport> known_exports(Session& session) { return known_exports(session.settings().data); }

void forget_export(Session& session, const std::string& place) {
    const bool is_url = place.find("://") != std::string::npos;
    const auto forgotten = forget_exports(session.settings().data, [&](const KnownExport& known) {
        if ((known.kind == KnownExport::Kind::postgres) != is_url) return false;
        if (is_url) return postgres::same_database(place, known.directory.string());
        return std::filesystem::absolute(place).lexically_normal() == known.directory;
    });
    if (forgotten.empty()) {
        throw CommandError(ExitStatus::not_found, "nothing is known to have been exported to " +
                                                      (is_url ? postgres::without_password(place) : place) + ": " +
                                                      (session.settings().data / "exports.jsonl").string() + " names the places");
    }
    for (const KnownExport& known : forgotten)
        session.messages().say(MessageKind::notice, "forgotten, and left as it is: " + name_of(known));
}

JsonlExported write_jsonl(Session& session, const KnownExport& place, const ExportProgress& progress) {
    const auto alone = FileLock::on_directory(place.directory);  // before the views are read: the newest comes last
    lmdb::Transaction views = session.stale_views().read();
    JsonlExportOptions options;
    options.directory = place.directory;
    options.artifacts = place.artifacts;
    options.other_artifacts = artifact_directories(session.settings().data, place.directory);
    options.progress = progress;
    return export_jsonl(session.journal_to_read(), views, position_of_all(views).sequence.value, options);
}

bool write_again(Session& session, const KnownExport& place) {
    try {
        if (const auto why_not = write_anew(session, place)) {
            session.messages().say(MessageKind::warning, name_of(place) + ": " + *why_not);
        } else {
            session.messages().say(MessageKind::notice, "written again: " + name_of(place));
        }
        return true;
    } catch (const StorageError& error) {
        session.messages().say(MessageKind::error, name_of(place) + " may hold the text yet: " + error.what());
        return false;
    }
}

}  // namespace daybook
