#include "ops/jobs/postmortems.hpp"

#include <algorithm>

#include "projections/artifacts.hpp"

namespace daybook {
namespace {

// Both, before either is attached. The Markdown may be what a person wrote, brought up to date.
std::optional<Refusal> refuse_too_large(const PostmortemFiles& files) {
    for (const auto& [name, bytes] :
         {std::pair(postmortem_markdown_name, &files.markdown), std::pair(postmortem_json_name, &files.json)}) {
        if (bytes->size() <= artifact_bytes_max) continue;
        return Refusal{RefusalCode::too_large,
                       std::string(name) + " would have " + std::to_string(bytes->size()) + " bytes, the limit is " +
                           std::to_string(artifact_bytes_max) +
                           ": nothing was attached; attach a shorter postmortem.md, or keep the draft as a file",
                       ""};
    }
    return std::nullopt;
}

std::string warning_of(const std::set<std::string, std::less<>>& behind) {
    std::string names;
    for (const std::string& name : behind) names += (names.empty() ? "" : ", ") + name;
    return "what the journal says now is not in these parts of " + std::string(postmortem_markdown_name) +
           ", since somebody changed or removed them: " + names +
           ". To have one made anew, attach the document with nothing between its two marks";
}

// The newest postmortem.md of the first `size` events.
std::optional<Artifact> newest_document(lmdb::Transaction& views, const JournalView& journal, StreamNumber incident,
                                        std::uint64_t size) {
    auto newest = find_artifact(views, incident, postmortem_markdown_name);
    if (!newest || newest->sequence <= size) return newest;
    newest.reset();
    for (const Sequence sequence : journal.stream_sequences(incident)) {
        if (sequence.value > size) break;
        const auto artifact = find_artifact(views, sequence);
        if (artifact && artifact->name == postmortem_markdown_name) newest = artifact;
    }
    return newest;
}

}  // namespace

Result<PostmortemFiles> draft_postmortem(const WithViews& with_views, const IntelligencePolicy& policy,
                                         const PostmortemSaving& saving) {
    std::optional<PostmortemFiles> files;
    std::string missing = "no such incident: " + saving.incident_id;
    with_views([&](lmdb::Transaction& views, const JournalView& journal, std::uint64_t seen) {
        const std::uint64_t size = std::min(saving.size, seen);
        const auto stream = is_incident_id(saving.incident_id) ? journal.stream_number(saving.incident_id) : std::nullopt;
        if (!stream) return;
        const auto draft = postmortem_draft(views, journal, {*stream, saving.now, size, policy});
        if (!draft) {
            missing = saving.incident_id + " was not there yet at " + format_time(saving.now);
            return;
        }
        const auto before = newest_document(views, journal, *stream, size);
        const auto document = before ? journal.blob(*digest_from_hex(before->sha256)) : std::nullopt;
        PostmortemDocument made = postmortem_markdown(*draft, document);
        files = PostmortemFiles{postmortem_json(*draft), std::move(made.markdown)};
        if (!made.behind.empty()) files->warnings.push_back(warning_of(made.behind));
    });
    if (!files) return Refusal{RefusalCode::not_found, missing, "/incident_id"};
    return *files;
}

Result<PostmortemFiles> make_postmortem(const WithViews& with_views, CommandHandler& commands, const IntelligencePolicy& policy,
                                        const PostmortemSaving& saving) {
    auto files = draft_postmortem(with_views, policy, saving);
    if (!files || !saving.save) return files;
    if (auto refusal = refuse_too_large(*files)) return *refusal;
    CommandContext context;
    context.actor = saving.actor;
    context.source = saving.source;
    context.occurred_at = saving.now;
    std::string ids = "[";
    for (const auto& [name, bytes] :
         {std::pair(postmortem_markdown_name, &files->markdown), std::pair(postmortem_json_name, &files->json)}) {
        const auto attached = commands.run(AttachArtifact{saving.incident_id, postmortem_draft_kind, name, *bytes, {}}, context);
        if (!attached) return attached.refusal();
        ids += (ids.size() > 1 ? ",\"" : "\"") + attached->subject_id + '"';
    }
    files->artifacts = ids + ']';
    return files;
}

}  // namespace daybook
