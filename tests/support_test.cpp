#include "tests/support.hpp"

#include <unistd.h>
#include <catch2/catch.hpp>

using namespace daybook::test;

TEST_CASE("a program that is run gets its input and gives its outputs and status", "[support]") {
    const Outcome outcome = run({"sh", "-c", "cat; echo wrong >&2; exit 3"}, "hello");
    CHECK(outcome.status == 3);
    CHECK(outcome.out == "hello");
    CHECK(outcome.err == "wrong\n");
    CHECK(run({"sh", "-c", "kill -9 $$"}).status == 137);
    CHECK(run({"printf", "%s", "a b'\"$x"}).out == "a b'\"$x");
}

TEST_CASE("a program with more input and output than pipes hold does not hang", "[support]") {
    const std::string input(3'000'000, 'x');
    const Outcome outcome = run({"sh", "-c", "tee /dev/stderr"}, input);
    CHECK(outcome.status == 0);
    CHECK(outcome.out == input);
    CHECK(outcome.err == input);
}

TEST_CASE("a program that does not read its input may end, and one that is not there is an error", "[support]") {
    CHECK(run({"true"}, std::string(3'000'000, 'x')).status == 0);
    CHECK_THROWS_AS(run({"no-such-program-as-this"}), std::system_error);
}

TEST_CASE("a program runs in the directory that it is given, which is removed in the end", "[support]") {
    std::filesystem::path path;
    {
        TemporaryDirectory directory;
        path = directory.path();
        CHECK(run({"pwd"}, "", path).out == path.string() + "\n");
        write_file(path / "a", "1");
        CHECK(read_file(path / "a") == "1");
    }
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a child process answers with its text, its exception or its end", "[support]") {
    CHECK(Child([] { return std::string(300'000, 'y'); }).wait() == std::string(300'000, 'y'));
    CHECK(Child([]() -> std::string { throw std::runtime_error("no"); }).wait() == "exception: no");
    CHECK(Child([]() -> std::string { ::_exit(7); }).wait() == "ended with status 7");
    CHECK(without_root([] { return std::string(::geteuid() == 0 ? "root" : "not root"); }) == "not root");
}
