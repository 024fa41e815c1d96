#include "ops/cli/verification.hpp"

#include <algorithm>

#include "journal/journal_lock.hpp"
#include "journal/page_check.hpp"

namespace daybook {

Verification verify_structure(const std::filesystem::path& directory) {
    const JournalLock user = JournalLock::shared(directory, false);  // nobody puts another file in its place meanwhile
    PageCheck check = check_pages(directory, DecisionIndex::table_names());
    Verification verification;
    verification.findings = std::move(check.findings);
    verification.findings_count = check.findings_count;
    if (check.lost != 0) {
        verification.notices.push_back(std::to_string(check.lost) +
                                       " pages of the file belong to nothing: they are never used again, and do no harm");
        verification.notices_count = 1;
    }
    return verification;
}

Verification verify_contents(Session& session, const Journal& journal, const std::filesystem::path& scratch) {
    Progress bar(session.progress_screen(), "Verifying", journal.snapshot()->size(), "events");
    std::uint64_t done = 0;
    VerifyOptions options;
    options.make_indexes = [] {
        std::vector<std::unique_ptr<TransactionalIndex>> indexes;
        indexes.push_back(std::make_unique<DecisionIndex>());
        return indexes;
    };
    options.index_tables = DecisionIndex::table_names();
    options.scratch = scratch;
    options.progress = [&](std::uint64_t events, std::uint64_t) {
        bar.advance(events - std::min(done, events));
        done = std::max(done, events);
    };
    struct Cleaner {
        const std::filesystem::path& path;
        ~Cleaner() {
            std::error_code ignored;
            std::filesystem::remove_all(path, ignored);
        }
    } cleaner{scratch};
    return verify(journal, options);
}

Verification verify_directory(Session& session, const std::filesystem::path& directory, const std::filesystem::path& scratch) {
    Verification structure = verify_structure(directory);
    if (!structure.sound()) return structure;
    JournalOptions options;
    options.read_only = true;
    const Journal journal(directory, options);
    Verification verification = verify_contents(session, journal, scratch);
    verification.notices.insert(verification.notices.begin(), structure.notices.begin(), structure.notices.end());
    verification.notices_count += structure.notices_count;
    return verification;
}

void tell(Session& session, const Verification& verification) {
    for (const Finding& finding : verification.findings) {
        session.messages().say(MessageKind::error, std::string(to_text(finding.kind)) + ": " + finding.text);
    }
    for (const std::string& notice : verification.notices) session.messages().say(MessageKind::warning, notice);
}

}  // namespace daybook
