// The draft as Markdown, and how a document that a person has changed is brought up to date.
#include <algorithm>
#include <map>

#include "journal/sha256.hpp"
#include "projections/markdown.hpp"
#include "projections/postmortem.hpp"

namespace daybook {
namespace {

constexpr std::string_view mark_start = "<!-- daybook:facts ";
constexpr std::string_view mark_middle = " -->\n";
constexpr std::string_view mark_end = "<!-- /daybook:facts -->\n";
constexpr std::size_t digest_digits = 16;

using Blocks = std::map<std::string, std::string, std::less<>>;  // name -> text

std::string digest_of(std::string_view text) {
    Sha256 sha256;
    return to_hex(sha256({text})).substr(0, digest_digits);
}

std::string block(const std::string& name, const std::string& text) {
    return std::string(mark_start) + name + ' ' + digest_of(text) + std::string(mark_middle) + text + std::string(mark_end);
}

std::string source(std::uint64_t sequence) { return " [" + std::to_string(sequence) + "]\n"; }

std::string list(const std::vector<PostmortemFact>& facts) {
    std::string out;
    for (const PostmortemFact& fact : facts) out += "- " + markdown_text(fact.text) + source(fact.sequence);
    return out;
}

std::string headline(const PostmortemDraft& draft) {
    const ListedIncident& incident = draft.incident;
    std::string out = "`" + incident.id + "`, " + std::string(to_text(incident.severity)) + " " +
                      std::string(to_text(incident.status)) + ", " + markdown_name(incident.service) + " (" +
                      markdown_name(incident.env) + "): " + markdown_text(incident.title) + "\n\n" + list(draft.summary);
    return out + "\nDrafted for " + format_time(draft.provenance.generated_for) + " from the first " +
           std::to_string(draft.provenance.journal_size) + " events. A number in brackets is the seq of the event that says so.\n";
}

std::string durations(const PostmortemDraft& draft) {
    std::string out;
    const auto line = [&](const char* what, const std::optional<std::int64_t>& seconds) {
        out += std::string("- start to ") + what + ": " + (seconds ? duration_words(*seconds) : "not yet") + '\n';
    };
    line("first acknowledgement", draft.tta);
    line("mitigation", draft.ttm);
    line("resolution", draft.ttr);
    return out + list(draft.detection);
}

// What was taken back must not be read as it stands.
std::string corrections(const PostmortemDraft::Entry& entry) {
    std::string out;
    if (entry.corrected_by) out += "corrected by [" + std::to_string(entry.corrected_by.value) + "]: ";
    if (entry.corrects) out += "corrects [" + std::to_string(entry.corrects.value) + "]: ";
    return out;
}

std::string timeline(const PostmortemDraft& draft) {
    std::string out;
    for (const PostmortemDraft::Entry& entry : draft.timeline) {
        out += "- " + format_time(from_micros(entry.occurred_at)).substr(0, 19).replace(10, 1, " ") + " `" + entry.type + "` " +
               corrections(entry) + markdown_text(entry.text) + " (" + markdown_name(entry.actor) + ")" + source(entry.sequence);
    }
    const std::uint64_t left_out = draft.timeline_total - draft.timeline.size();
    if (left_out != 0) out += "- … and " + std::to_string(left_out) + " more\n";
    return out;
}

std::string followups(const PostmortemDraft& draft) {
    std::string out;
    for (const PostmortemDraft::Followup& one : draft.followups) {
        const ListedFollowup& followup = one.followup;
        out += "- " + std::string(to_text(followup.priority)) + " " + std::string(to_text(followup.status)) + ": " +
               markdown_text(followup.title) + ", " + (followup.owner ? markdown_name(*followup.owner) : "nobody's") +
               (followup.due_at == RecordHeader::no_time ? "" : ", due " + format_time(from_micros(followup.due_at))) + " " +
               markdown_name(followup.id) + source(one.sequence);
    }
    return out.empty() ? "None so far.\n" : out;
}

std::string related(const PostmortemDraft& draft) {
    std::string out;
    for (const Correlated& one : draft.related) {
        out += "- " + std::to_string(one.score) + " " + std::string(to_text(one.kind)) + " `" + one.incident.id +
               "`: " + markdown_text(one.incident.title) + " (" + markdown_text(in_words(one.reasons)) + ")\n";
    }
    return out.empty() ? "None found.\n" : out;
}

Blocks blocks_of(const PostmortemDraft& draft) {
    return {{"summary", headline(draft)},
            {"impact", draft.impact.empty() ? "The journal says nothing more of it.\n" : list(draft.impact)},
            {"timeline", timeline(draft)},
            {"detection", durations(draft)},
            {"factors", draft.factors.empty() ? "The journal says nothing of them.\n" : list(draft.factors)},
            {"followups", followups(draft)},
            {"related", related(draft)}};
}

std::string question(const char* text) { return std::string("\n> **?** ") + text + "\n"; }

// An editor may end lines with CR LF: they are compared, and written, as if it did not.
std::string without_returns(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!text.substr(i).starts_with("\r\n")) out += text[i];
    }
    return out;
}

std::string with_returns(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\n') out += '\r';
        out += c;
    }
    return out;
}

PostmortemDocument updated(std::string document, const Blocks& blocks) {
    if (document.ends_with(mark_end.substr(0, mark_end.size() - 1))) document += '\n';
    PostmortemDocument out;
    for (const auto& [name, text] : blocks) out.behind.insert(name);
    std::string_view rest = document;
    while (true) {
        const std::size_t start = rest.find(mark_start);
        const std::size_t middle = start == rest.npos ? start : rest.find(mark_middle, start);
        const std::size_t end = middle == rest.npos ? middle : rest.find(mark_end, middle);
        if (end == rest.npos) break;
        const std::string_view mark = rest.substr(start + mark_start.size(), middle - start - mark_start.size());
        const std::string_view text = rest.substr(middle + mark_middle.size(), end - middle - mark_middle.size());
        const std::size_t space = std::min(mark.find(' '), mark.size());
        const auto fresh = blocks.find(mark.substr(0, space));
        const std::string_view drafted = mark.substr(std::min(space + 1, mark.size()));  // the digest of what was drafted
        const bool as_drafted = text.find_first_not_of(" \n") == text.npos || drafted == digest_of(text);
        out.markdown += rest.substr(0, start);
        if (as_drafted && fresh != blocks.end()) {
            out.markdown += block(fresh->first, fresh->second);
        } else {
            out.markdown += rest.substr(start, end + mark_end.size() - start);
        }
        if (fresh != blocks.end() && (as_drafted || drafted == digest_of(fresh->second))) out.behind.erase(fresh->first);
        rest.remove_prefix(end + mark_end.size());
    }
    out.markdown += rest;
    return out;
}

std::string first_draft(const PostmortemDraft& draft, const Blocks& blocks) {
    const auto facts = [&](const char* name) { return block(name, blocks.at(name)); };
    return "# Postmortem: " + markdown_text(draft.incident.title) + "\n\n## Summary\n\n" + facts("summary") +
           question("What happened, in two sentences?") + "\n## Impact\n\n" + facts("impact") +
           question("Who noticed it, and what could they not do? For how long?") +
           question("What did it cost: requests, data, money, trust?") + "\n## Timeline\n\n" + facts("timeline") +
           "\n## Detection and response\n\n" + facts("detection") + question("What would have found it sooner?") +
           question("What slowed the response down?") + "\n## Contributing factors\n\n" + facts("factors") +
           question("What made it possible, and why now?") + "\n## What went well\n" +
           question("What helped, and should be kept?") + "\n## What went badly\n" +
           question("What was in the way? Where was it luck?") + "\n## Follow-ups\n\n" + facts("followups") +
           question("Which of the factors does no follow-up answer?") + "\n## Related incidents\n\n" + facts("related");
}

}  // namespace

PostmortemDocument postmortem_markdown(const PostmortemDraft& draft, std::optional<std::string_view> previous) {
    const Blocks blocks = blocks_of(draft);
    if (!previous) return {first_draft(draft, blocks), {}};
    PostmortemDocument document = updated(without_returns(*previous), blocks);
    if (previous->find("\r\n") != previous->npos) document.markdown = with_returns(document.markdown);
    return document;
}

}  // namespace daybook
