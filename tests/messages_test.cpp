#include <sstream>
#include <string>

#include <catch2/catch.hpp>

#include "ops/messages.hpp"

namespace daybook {
namespace {

std::string said(Messages::Options options, MessageKind kind, std::string_view text) {
    std::ostringstream out;
    Messages messages(out, options);
    messages.say(kind, text);
    return out.str();
}

}  // namespace

TEST_CASE("a message has the program's name in front, and its kind where that matters") {
    CHECK(said({}, MessageKind::notice, "taken 3") == "daybook: taken 3\n");
    CHECK(said({}, MessageKind::warning, "3 ignored") == "daybook: warning: 3 ignored\n");
    CHECK(said({}, MessageKind::error, "no such incident") == "daybook: error: no such incident\n");
}

TEST_CASE("-q leaves errors alone, -v adds details") {
    for (const MessageKind kind : {MessageKind::warning, MessageKind::notice, MessageKind::detail}) {
        CHECK(said({.least = MessageKind::error}, kind, "x") == "");
    }
    CHECK(said({.least = MessageKind::error}, MessageKind::error, "x") == "daybook: error: x\n");
    CHECK(said({}, MessageKind::detail, "x") == "");
    CHECK(said({.least = MessageKind::detail}, MessageKind::detail, "x") == "daybook: x\n");
}

TEST_CASE("a message cannot command the terminal nor look like another message") {
    CHECK(said({}, MessageKind::error, "no file \x1b[2J\xc2\x9b\xff\xe2\x80\xae") ==
          "daybook: error: no file \\x1b[2J\\u{9b}\\xff\\u{202e}\n");
    CHECK(said({}, MessageKind::notice, "one\r\ndaybook: error: two\n\n") == "daybook: one\n  daybook: error: two\n");
    CHECK(said({}, MessageKind::notice, "{} {0} %v %n") == "daybook: {} {0} %v %n\n");
}

TEST_CASE("on a terminal a message first wipes what a progress bar left on the line") {
    CHECK(said({.terminal = true}, MessageKind::notice, "x") == "\r\x1b[Kdaybook: x\n");
}

TEST_CASE("colour is for the kind of a message, not for its text") {
    CHECK(said({.colour = true}, MessageKind::error, "x") == "daybook: \x1b[31merror: \x1b[0mx\n");
    CHECK(said({.colour = true}, MessageKind::warning, "x") == "daybook: \x1b[33mwarning: \x1b[0mx\n");
    CHECK(said({.colour = true}, MessageKind::notice, "x") == "daybook: x\n");
    CHECK(said({.least = MessageKind::detail, .colour = true}, MessageKind::detail, "x") == "daybook: \x1b[2mx\x1b[0m\n");
}

TEST_CASE("a server's message begins with its time and kind") {
    const std::string text = said({.timed = true}, MessageKind::warning, "x");
    CHECK(text.substr(4, 1) == "-");
    CHECK(text.substr(10, 1) == "T");
    CHECK(text.substr(19, 1) == ".");
    CHECK(text.substr(23) == "Z warning x\n");
}

}  // namespace daybook
