#include "ops/cli/known_exports.hpp"

#include <cstdlib>

#include "ops/backlog.hpp"
#include "ops/cli/reports_again.hpp"
#include "ops/export_owner.hpp"
#include "ops/layout_exports.hpp"

namespace daybook {
namespace {

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

// With the password of DATABASE_URL, where that is the place; else libpq has ways to find one. The rows of what was redacted are
// written over; VACUUM takes their old versions out of the pages.
void write_tables_anew(Session& session, const std::string& place) {
    const char* url = std::getenv("DATABASE_URL");
    postgres::Options options;
    options.url = url != nullptr && postgres::without_password(url) == place ? url : place;
    postgres::Connection connection(options);
    lmdb::Transaction views = session.stale_views().read();
    const auto exported = export_postgres(connection, session.journal_to_read(), views, position_of_all(views).sequence.value,
                                          postgres_export_options());
    if (!exported) throw StorageError(exported.refusal().message);
    connection.allow(postgres_export_options().load_timeout);
    for (const char* table : {"incidents", "incident_events", "incident_artifacts", "backlog_items"})
        connection.execute(std::string("VACUUM ") + table);
}

// The directory may be somebody else's by now.
void refuse_others(const std::optional<Refusal>& refusal) {
    if (refusal) throw StorageError(refusal->message);
}

void write_anew(Session& session, const KnownExport& place) {
    const Journal& journal = session.journal_to_read();
    switch (place.kind) {
        case KnownExport::Kind::jsonl:
            refuse_others(refuse_other_layout(place.directory, journal));
            write_jsonl(session, place);
            return;
        case KnownExport::Kind::journal:
            refuse_others(refuse_other_text(place.directory, journal));
            export_journal(journal, place.directory, {});
            return;
        case KnownExport::Kind::weekly_digests: write_reports_again(session, weekly_report, place.directory); return;
        case KnownExport::Kind::risk_digests: write_reports_again(session, risk_report, place.directory); return;
        case KnownExport::Kind::platform_digests: write_reports_again(session, platform_report, place.directory); return;
        case KnownExport::Kind::backlog: write_backlog(*journal.snapshot(), place.directory); return;
        case KnownExport::Kind::postgres: write_tables_anew(session, place.directory.string()); return;
    }
}

}  // namespace

void remember_export(Session& session, KnownExport place) {
    const auto warning = remember_export(session.settings().data, std::move(place));
    if (warning) session.messages().say(MessageKind::warning, *warning);
}

std::vector<KnownExport> known_exports(Session& session) { return known_exports(session.settings().data); }

JsonlExported write_jsonl(Session& session, const KnownExport& place, const ExportProgress& progress) {
    lmdb::Transaction views = session.stale_views().read();
    JsonlExportOptions options;
    options.directory = place.directory;
    options.artifacts = place.artifacts;
    options.other_artifacts = artifact_directories(session.settings().data, place.directory);
    options.progress = progress;
    return export_jsonl(session.journal_to_read(), views, position_of_all(views).sequence.value, options);
}

bool write_again(Session& session, const KnownExport& place) {
    if (place.kind != KnownExport::Kind::postgres && !std::filesystem::exists(place.directory)) {
        session.messages().say(MessageKind::warning, name_of(place) + " is not there any more: if it was moved, write it again");
        return true;
    }
    try {
        write_anew(session, place);
        session.messages().say(MessageKind::notice, "written again: " + name_of(place));
        return true;
    } catch (const StorageError& error) {
        session.messages().say(MessageKind::error, name_of(place) + " may hold the text yet: " + error.what());
        return false;
    }
}

}  // namespace daybook
