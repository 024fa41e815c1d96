// key create, key list, key revoke: who may call from elsewhere. The command line itself needs no key: who can open the files can
// do all.
#include <charconv>

#include <CLI/CLI.hpp>

#include "ops/access/access_policy.hpp"
#include "ops/access/api_keys.hpp"
#include "ops/cli/command_set.hpp"
#include "ops/cli/named.hpp"
#include "ops/rows.hpp"

namespace daybook {
namespace {

// `90d` and `12h` from `now`, or a time.
Time expiry_option(const std::string& text, Time now) {
    std::int64_t count = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, count);
    const bool one_letter = read.ec == std::errc() && read.ptr + 1 == end;
    if (one_letter && count > 0 && count <= 36'500 && *read.ptr == 'd') return now + std::chrono::days(count);
    if (one_letter && count > 0 && count <= 876'000 && *read.ptr == 'h') return now + std::chrono::hours(count);
    if (const auto time = parse_time(text)) return *time;
    throw CommandError(ExitStatus::usage,
                       "--expires must be days or hours from now (90d, 12h), or a time such as 2026-05-23T10:00:00Z, not " + text);
}

const char* state_of(const KeyInfo& key, Time now) {
    if (key.revoked_at) return "revoked";
    return key.holds(now) ? "valid" : "expired";
}

struct CreateOptions {
    std::string name, agent, role, expires;
};

ExitStatus create(Session& session, const CreateOptions& o) {
    const AccessPolicy policy = read_access_policy();
    const Time now = real_clock();
    NewKey wanted{o.name, o.agent, std::nullopt, std::nullopt};
    if (!o.role.empty()) wanted.role = o.role;
    if (!o.expires.empty()) wanted.expires_at = expiry_option(o.expires, now);
    const std::string role = wanted.role.value_or(std::string(policy.role_of(o.agent)));
    if (policy.find_role(role) == nullptr) {
        throw CommandError(ExitStatus::usage, "--role must be one of " + policy.role_names() + ", not " + role);
    }
    session.make_data_directory();
    const auto made = create_key(session.settings().data, wanted, session.settings().agent, now, session.entropy());
    if (!made) fail(made.refusal());
    const KeyInfo& key = made->info;
    if (session.settings().format) {
        session.print({{"id", ""}, {"name", ""}, {"agent", ""}, {"role", ""}, {"expires_at", ""}, {"key", ""}},
                      {key.id, key.name, key.agent, role, Cell(key.expires_at), made->key});
    } else {
        session.out() << made->key << '\n';
    }
    session.messages().say(MessageKind::notice,
                           "the key " + key.id + " is of " + key.agent + " (" + role + ") and " +
                               (key.expires_at ? "expires at " + format_time(*key.expires_at) : "does not expire") +
                               "; it is shown this once: keep it where only its user reads it");
    return ExitStatus::done;
}

void add_create(CLI::App& parent, ChosenCommand& chosen) {
    auto o = std::make_shared<CreateOptions>();
    CLI::App* app = parent.add_subcommand("create", "Make a key; it is printed this once");
    app->add_option("--name", o->name, "What it is for")->required()->type_name("NAME");
    app->add_option("--agent", o->agent, "Who will call with it")->required()->type_name("AGENT");
    app->add_option("--role", o->role, "What it may do (default: what its agent may)")->type_name("ROLE");
    app->add_option("--expires", o->expires, "When it ends: 90d, 12h, or a time (default: never)")->type_name("TIME");
    app->footer(
        "Examples:\n  daybook key create --name laptop --agent helion --expires 90d\n"
        "  daybook key create --name alertmanager --agent alertmanager --role agent_ingest > alertmanager.key\n"
        "  daybook key create --name gateway --agent gateway --role agent_gateway -o json\n"
        "Roles are policy: ops/policy/rbac.yml. From the first key on, a server wants one with each call. Who makes the key is "
        "the\n"
        "--agent before `key`, as in `daybook --agent sofiia key create …`.");
    app->callback([o, &chosen] { chosen = [o](Session& session) { return create(session, *o); }; });
}

std::vector<Column> key_columns(Format format) {
    if (is_for_programs(format)) {
        return {{"id", ""},         {"name", ""},       {"agent", ""},      {"role", ""},       {"state", ""},
                {"created_at", ""}, {"created_by", ""}, {"expires_at", ""}, {"revoked_at", ""}, {"revoked_by", ""}};
    }
    return {{"id", "KEY"},
            {"name", "NAME", Align::left, Paint::none, true},
            {"agent", "AGENT"},
            {"role", "ROLE"},
            {"state", "STATE"},
            {"created_at", "CREATED"},
            {"expires_at", "EXPIRES"}};
}

Row key_cells(const KeyInfo& key, const std::string& role, Time now, Format format) {
    if (is_for_programs(format)) {
        return {
            key.id,         key.name,       key.agent,      role,           state_of(key, now),
            key.created_at, key.created_by, key.expires_at, key.revoked_at, key.revoked_by.empty() ? Cell() : Cell(key.revoked_by)};
    }
    return {key.id, key.name, key.agent, role, state_of(key, now), key.created_at, key.expires_at};
}

ExitStatus list(Session& session, bool valid_only) {
    const AccessPolicy policy = read_access_policy();
    const Time now = session.now();
    RowWriter rows(session.out(), session.format(), session.style(), key_columns(session.format()));
    for (const StoredKey& key : read_keys(session.settings().data)) {
        if (valid_only && !key.info.holds(now)) continue;
        const std::string role = key.info.role.value_or(std::string(policy.role_of(key.info.agent)));
        rows.add(key_cells(key.info, role, now, session.format()));
    }
    rows.finish();
    return ExitStatus::done;
}

void add_list(CLI::App& parent, ChosenCommand& chosen) {
    auto valid = std::make_shared<bool>(false);
    CLI::App* app = parent.add_subcommand("list", "All keys, in the order in which they were made; never what they read");
    app->add_flag("--valid", *valid, "Only those that hold");
    app->footer("Examples:\n  daybook key list\n  daybook key list --valid -o json\n  daybook --now 2026-06-01T00:00:00Z key list");
    app->callback([valid, &chosen] { chosen = [valid](Session& session) { return list(session, *valid); }; });
}

ExitStatus revoke(Session& session, const std::string& given) {
    const std::filesystem::path& data = session.settings().data;
    if (!std::filesystem::exists(data)) throw CommandError(ExitStatus::not_found, "there are no keys in " + data.string());
    // Who holds a key that got about may give all of it.
    const std::string_view id = id_of_key(given).value_or(given);
    const auto revoked = revoke_key(data, id, session.settings().agent, real_clock());
    if (!revoked) fail(revoked.refusal());
    const KeyInfo& key = revoked->info;
    session.messages().say(MessageKind::notice, "the key " + key.id + " of " + key.agent +
                                                    (revoked->already ? " was revoked at " : " is revoked since ") +
                                                    format_time(*key.revoked_at) + " by " + key.revoked_by);
    return ExitStatus::done;
}

void add_revoke(CLI::App& parent, ChosenCommand& chosen) {
    auto id = std::make_shared<std::string>();
    CLI::App* app = parent.add_subcommand("revoke", "Let a key hold no more, for good");
    app->add_option("key", *id, "The key's id")->required()->type_name("KEY");
    app->footer(
        "Examples:\n  daybook key list\n  daybook key revoke dbk_1jgm6f0q0k3f9a0b\nA server sees it within a second or so.");
    app->callback([id, &chosen] { chosen = [id](Session& session) { return revoke(session, *id); }; });
}

}  // namespace

void add_key_commands(CLI::App& root, ChosenCommand& chosen) {
    CLI::App* key = root.add_subcommand("key", "API keys: who may call from elsewhere");
    key->require_subcommand(1);
    key->footer(
        "Examples:\n  daybook key create --name laptop --agent helion --expires 90d\n  daybook key list\n  daybook key revoke "
        "dbk_1jgm6f0q0k3f9a0b");
    add_create(*key, chosen);
    add_list(*key, chosen);
    add_revoke(*key, chosen);
}

}  // namespace daybook
