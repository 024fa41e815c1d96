#include "ops/cli/known_exports.hpp"

#include "ops/cli/weekly_digests.hpp"

namespace daybook {
namespace {

std::string name_of(const KnownExport& place) {
    switch (place.kind) {
        case KnownExport::Kind::jsonl: return "the JSONL layout in " + place.directory.string();
        case KnownExport::Kind::journal: return "the journal's text in " + place.directory.string();
        case KnownExport::Kind::weekly_digests: return "the weekly digests in " + place.directory.string();
    }
    return {};
}

void write_anew(Session& session, const KnownExport& place) {
    switch (place.kind) {
        case KnownExport::Kind::jsonl: write_jsonl(session, place); return;
        case KnownExport::Kind::journal: export_journal(session.journal_to_read(), place.directory, {}); return;
        case KnownExport::Kind::weekly_digests: write_digests_again(session, place.directory); return;
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
    options.progress = progress;
    return export_jsonl(session.journal_to_read(), views, position_of_all(views).sequence.value, options);
}

bool write_again(Session& session, const KnownExport& place) {
    if (!std::filesystem::exists(place.directory)) {
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
