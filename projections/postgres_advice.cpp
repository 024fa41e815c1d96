#include "projections/postgres_advice.hpp"

#include <algorithm>
#include <array>

namespace daybook::postgres {
namespace {

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

bool is_about_tls(std::string_view said) { return contains(said, "SSL") || contains(said, "certificate"); }

// The change to a table that failed in the middle of a migration: a statement in quotation marks on a line of its own.
std::string_view alteration_in(std::string_view context) {
    const std::size_t mark = context.find("\"ALTER TABLE ");
    if (mark == std::string_view::npos) return {};
    const std::string_view line = context.substr(mark + 1, context.find('\n', mark) - mark - 1);
    return line.substr(0, line.rfind('"'));
}

// Views, keys and the like of somebody else's: the detail names them.
bool is_depended_on(const ServerError& error) {
    return error.state == "2BP01" || (error.state == "0A000" && !error.detail.empty());
}

}  // namespace

std::string one_line(std::string_view text) {
    std::string line;
    bool advice = false;  // a line that a tab begins
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '\n') advice = text.substr(at + 1).starts_with('\t');
        if (advice) continue;
        const bool space = c == '\n' || c == '\t' || c == ' ';
        if (space && (line.empty() || line.back() == ' ')) continue;
        line += space ? ' ' : c;
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    return line;
}

std::string without(std::string text, const std::vector<std::string>& secrets) {
    constexpr std::string_view stars = "***";
    for (const std::string& secret : secrets) {
        for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + stars.size())) {
            text.replace(at, secret.size(), stars);
        }
    }
    return text;
}

std::string advice_on_connecting(std::string_view said) {
    if (contains(said, "password")) return "give the right password in the URL (DATABASE_URL), PGPASSWORD or a .pgpass file";
    if (contains(said, "does not exist")) return "see that the URL names a database and a role that there are";
    if (contains(said, "pg_hba.conf")) return "the server's pg_hba.conf does not let this user in from here";
    if (is_about_tls(said)) return "see sslmode, sslrootcert and sslcert of the URL";
    return "see that the server runs, and that host and port of the URL are right";
}

bool lacks_database(std::string_view said) {
    return said.find("FATAL: database \"") != std::string_view::npos && said.ends_with("does not exist");
}

bool is_passing(std::string_view said) {
    if (is_about_tls(said) || contains(said, "password")) return false;
    // The last five are PgBouncer's.
    constexpr std::array<std::string_view, 12> passing{"starting up",
                                                       "shutting down",
                                                       "recovery",
                                                       "too many",
                                                       "reserved for",
                                                       "not accepting connections",
                                                       "terminating connection",
                                                       "cannot connect to server",
                                                       "server login has been failing",
                                                       "server down",
                                                       "query_wait_timeout",
                                                       "no more connections allowed"};
    return !contains(said, "FATAL") ||
           std::any_of(passing.begin(), passing.end(), [&](std::string_view part) { return contains(said, part); });
}

std::string text_of(const ServerError& error) {
    std::string text = error.message;
    if (!error.table.empty() && !contains(error.message, '"' + error.table + '"')) text += ", in the table " + error.table;
    const std::string_view alteration = alteration_in(error.context);
    if (!error.detail.empty() && (!alteration.empty() || is_depended_on(error))) {
        std::string detail = one_line(error.detail);
        if (detail.ends_with('.')) detail.pop_back();
        text += " (" + detail + ')';
    }
    if (!alteration.empty()) text += ", at " + std::string(alteration);
    return text;
}

std::string advice_on(const ServerError& error) {
    const std::string_view state = error.state;
    const bool altering = !alteration_in(error.context).empty();
    if (state == "42P01" || state == "42703" || state == "42883" || state == "3F000") return "run `daybook migrate postgres`";
    if (state == "42501") return "grant this role what it needs, or run it as the owner of the tables";
    if (state == "53100") return "the server's disk is full: make room there, and run this again";
    if (state == "57014") return "it took too long: --statement-timeout allows more";
    if (was_in_the_way(state)) return "somebody else holds a lock on the tables: run this again";
    if (state == "25006") return "the server takes no writes: it is a standby, or set read-only";
    if (state == "22P05") return "the database's encoding has no such character: export to a database with the encoding UTF8";
    if (state == "23502") return "run `daybook migrate postgres`, which lets columns be empty";
    if (state == "23505") return "remove what is there twice, or drop the constraint if it is not daybook's";
    if (state.starts_with("23")) return "drop that constraint, or let it allow what the journal says";
    if (is_depended_on(error)) return "drop what depends on it, run this again, and make it anew";
    if (altering && (state.starts_with("22") || state == "42804" || state == "42846"))
        return "what the column holds can't be of that type: mend it, or rename the column, and run this again";
    return "";
}

bool was_in_the_way(std::string_view state) { return state == "55P03" || state == "40P01" || state == "40001"; }

bool is_lost(std::string_view state) { return state.starts_with("08") || state.starts_with("57P"); }

}  // namespace daybook::postgres
