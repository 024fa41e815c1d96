// What Postgres and libpq say of a fault, for people: in one line, without secrets, and with what to do about it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace daybook::postgres {

// libpq's text in one line, without its own advice.
std::string one_line(std::string_view text);
// With *** for each of `secrets` (none is empty).
std::string without(std::string text, const std::vector<std::string>& secrets);

// What to do about a connection that did not come about. Servers say why in words alone.
std::string advice_on_connecting(std::string_view said);
// Whether it is the database that the server does not have, and not the role. A server that speaks another language than English
// is not understood.
bool lacks_database(std::string_view said);
// Whether that may be over by itself: the server is away, starts, stops, or is full.
bool is_passing(std::string_view said);

// What the server says of an error (PostgreSQL 15, protocol-error-fields).
struct ServerError {
    std::string state;    // SQLSTATE
    std::string message;  // of one line
    std::string detail, context, table;
};
// What went wrong, and with what. Of the detail only what names keys and objects, and no row's texts.
std::string text_of(const ServerError& error);
// What to do about it (PostgreSQL 15, appendix A); empty where nothing is known.
std::string advice_on(const ServerError& error);
// Whether the same may go well in a moment: another transaction was in the way.
bool was_in_the_way(std::string_view state);
// Whether the server has let go of the connection with it.
bool is_lost(std::string_view state);

}  // namespace daybook::postgres
