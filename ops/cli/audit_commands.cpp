// What an auditor takes away, and brings back: checkpoints, proofs, evidence.
#include <ostream>

#include <CLI/CLI.hpp>

#include "journal/atomic_file.hpp"
#include "journal/evidence.hpp"
#include "journal/log_proofs.hpp"
#include "journal/small_file.hpp"
#include "ops/cli/command_set.hpp"
#include "ops/cli/named.hpp"
#include "ops/cli/number_option.hpp"

namespace daybook {
namespace {

constexpr std::size_t evidence_bytes_max = std::size_t{1} << 30;

// A journal that does not extend what was signed is a failure, not a question of what the caller relied on.
template <class T>
T signed_or_fail(Result<T> outcome) {
    if (outcome) return std::move(*outcome);
    if (outcome.refusal().code == RefusalCode::conflict) throw CommandError(ExitStatus::failure, outcome.refusal().message);
    fail(outcome.refusal());
}

std::string read_or_fail(const std::string& file, std::size_t bytes_max) {
    check_readable(file);
    return read_if_exists(file, bytes_max).value_or("");
}

void add_checkpoint(CLI::App& root, ChosenCommand& chosen) {
    struct Options {
        std::string file;
        bool vkey = false;
    };
    auto o = std::make_shared<Options>();
    CLI::App* app = root.add_subcommand("checkpoint", "Sign how many events there are, and their root: what an auditor keeps");
    app->add_option("--save", o->file, "The file to write (default: standard output)")->type_name("FILE");
    app->add_flag("--vkey", o->vkey, "Print the public key instead: what an auditor checks signatures with");
    app->footer(
        "Examples:\n  daybook checkpoint\n  daybook checkpoint --save monday.checkpoint\n  daybook checkpoint --vkey\n"
        "Later, `daybook verify --checkpoint monday.checkpoint` shows that the journal extends it.");
    app->callback([o, &chosen] {
        chosen = [o](Session& session) {
            if (!o->file.empty()) check_directory_of(o->file);
            const LogSigner signer = session.signer();
            if (o->vkey) {
                session.out() << signer.verifier().vkey() << '\n';
                return ExitStatus::done;
            }
            const LogSigner::Signed made = signed_or_fail(signer.checkpoint(session.journal_to_read()));
            if (o->file.empty()) {
                session.out() << made.note;
                return ExitStatus::done;
            }
            refuse_to_write_over(o->file, made.note);
            AtomicFile file(o->file);
            file.write(made.note);
            file.commit();
            session.messages().say(MessageKind::notice,
                                   "the checkpoint of " + std::to_string(made.checkpoint.size) + " events is in " + o->file);
            return ExitStatus::done;
        };
    });
}

void add_inclusion(CLI::App& proof, ChosenCommand& chosen) {
    struct Options {
        std::uint64_t sequence = 0;
        std::optional<std::uint64_t> size;
    };
    auto o = std::make_shared<Options>();
    CLI::App* app = proof.add_subcommand("inclusion", "That an event is in the journal, as c2sp.org/tlog-proof@v1");
    add_number(*app, "seq", o->sequence, "The event's seq")->required()->type_name("SEQ");
    add_number(*app, "--size", o->size, "In the tree of the first N events (default: of all)");
    app->footer("Examples:\n  daybook proof inclusion 42 > 42.tlog-proof\n  daybook proof inclusion 42 --size 1000");
    app->callback([o, &chosen] {
        chosen = [o](Session& session) {
            const LogSigner signer = session.signer();
            const auto made = signed_or_fail(prove_inclusion(session.journal_to_read(), signer, {o->sequence}, o->size));
            session.out() << made.text();
            return ExitStatus::done;
        };
    });
}

void add_consistency(CLI::App& proof, ChosenCommand& chosen) {
    struct Options {
        std::uint64_t from = 0;
        std::optional<std::uint64_t> to;
    };
    auto o = std::make_shared<Options>();
    CLI::App* app =
        proof.add_subcommand("consistency", "That the journal extends what it was, in the form of c2sp.org/tlog-witness");
    add_number(*app, "from", o->from, "How many events there were")->required()->type_name("FROM");
    add_number(*app, "to", o->to, "How many there were later (default: now)")->type_name("TO");
    app->footer("Examples:\n  daybook proof consistency 1000\n  daybook proof consistency 1000 2000");
    app->callback([o, &chosen] {
        chosen = [o](Session& session) {
            const LogSigner signer = session.signer();
            const auto made = signed_or_fail(prove_consistency(session.journal_to_read(), signer, o->from, o->to));
            session.out() << made.text();
            return ExitStatus::done;
        };
    });
}

void add_evidence(CLI::App& root, ChosenCommand& chosen) {
    struct Options {
        std::string incident, file;
    };
    auto o = std::make_shared<Options>();
    CLI::App* app = root.add_subcommand("evidence", "One file about an incident that anyone can check with the public key alone");
    app->add_option("incident", o->incident, "The incident's id")->required()->type_name("INCIDENT");
    app->add_option("--to", o->file, "The file to write (default: standard output)")->type_name("FILE");
    app->footer(
        "Examples:\n  daybook evidence inc_20260223_1000_k3f9 --to k3f9.evidence\n"
        "  daybook verify --evidence k3f9.evidence --key \"$(daybook checkpoint --vkey)\"\n"
        "What it proves, and what it does not: journal/FORMAT.md. Artifact bytes are not in it, their SHA-256 are.");
    app->callback([o, &chosen] {
        chosen = [o](Session& session) {
            if (!o->file.empty()) check_directory_of(o->file);
            const LogSigner signer = session.signer();
            const Journal& journal = session.journal_to_read();
            if (o->file.empty()) {
                signed_or_fail(
                    write_evidence(journal, o->incident, signer, [&](std::string_view piece) { session.out() << piece; }));
                return ExitStatus::done;
            }
            refuse_to_write_over(o->file);
            AtomicFile file(o->file);
            const Evidence evidence =
                signed_or_fail(write_evidence(journal, o->incident, signer, [&](std::string_view piece) { file.write(piece); }));
            file.commit();
            session.messages().say(MessageKind::notice,
                                   std::to_string(evidence.statement.version) + " events of " + o->incident + " are in " + o->file);
            return ExitStatus::done;
        };
    });
}

}  // namespace

VerifierKey key_option(const std::string& vkey) {
    auto key = VerifierKey::parse(vkey);
    if (!key) throw CommandError(ExitStatus::usage, "--key: " + key.refusal().message);
    return *key;
}

std::string read_kept_checkpoint(const std::string& file) {
    std::string note = read_or_fail(file, note_bytes_max);
    const auto checkpoint = read_checkpoint(note);
    if (checkpoint) return note;
    throw CommandError(ExitStatus::usage, file + " (--checkpoint) is no checkpoint: " + checkpoint.refusal().message +
                                              "; nothing was verified: name a file that `daybook checkpoint --save` wrote");
}

bool journal_extends(Session& session, const std::string& file, const std::string& note, const std::string& vkey) {
    const VerifierKey key = vkey.empty() ? session.verifier_key() : key_option(vkey);
    const auto checkpoint = open_checkpoint(note, key);
    if (!checkpoint) {
        session.messages().say(MessageKind::error, "the checkpoint in " + file + ": " + checkpoint.refusal().message);
        return false;
    }
    if (const auto why = contradiction(*session.journal_to_read().snapshot(), *checkpoint)) {
        session.messages().say(MessageKind::error, "the journal does not extend the checkpoint in " + file + ": " + *why);
        return false;
    }
    session.messages().say(MessageKind::notice, "the journal extends the checkpoint in " + file + ": its first " +
                                                    std::to_string(checkpoint->size) + " events are the same");
    return true;
}

ExitStatus verify_evidence_file(Session& session, const std::string& file, const std::string& vkey) {
    if (vkey.empty()) throw CommandError(ExitStatus::usage, "--evidence wants --key, the public key that you know the signer by");
    const VerifierKey key = key_option(vkey);
    const auto evidence = verify_evidence(read_or_fail(file, evidence_bytes_max), key);
    if (!evidence) {
        session.messages().say(MessageKind::error, file + " is no good evidence: " + evidence.refusal().message);
        return ExitStatus::no;
    }
    const EvidenceStatement& statement = evidence->statement;
    session.print({{"sound", ""},
                   {"stream", ""},
                   {"events", ""},
                   {"redacted", "events redacted"},
                   {"head", ""},
                   {"origin", ""},
                   {"journal_size", "events in the journal"},
                   {"root_hash", "root"}},
                  {true, statement.stream, statement.version, evidence->redacted, to_hex(statement.head), statement.origin,
                   statement.size, to_hex(statement.root)});
    return ExitStatus::done;
}

void add_audit_commands(CLI::App& root, ChosenCommand& chosen) {
    add_checkpoint(root, chosen);
    CLI::App* proof = root.add_subcommand("proof", "Prove that an event is in the journal, or that the journal only grew");
    proof->require_subcommand(1);
    add_inclusion(*proof, chosen);
    add_consistency(*proof, chosen);
    add_evidence(root, chosen);
}

}  // namespace daybook
