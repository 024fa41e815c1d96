#include "journal/page_check.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <thread>

#include <catch2/catch.hpp>

#include "journal/meta_pages.hpp"
#include "projections/decision_index.hpp"
#include "tests/journal_samples.hpp"
#include "tests/support.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

constexpr std::size_t page_size = 4096;

PageCheck check(const std::filesystem::path& directory) { return check_pages(directory, DecisionIndex::table_names()); }

std::string findings_of(const PageCheck& check) {
    std::string text;
    for (const Finding& finding : check.findings) text += finding.text + '\n';
    return text;
}

// A journal's file, to be damaged.
struct Pages {
    DecisionIndex index;
    TestJournal journal{{&index}};
    std::string bytes;

    Pages() {
        fill_with_samples(journal, 200);
        REQUIRE(journal.append_note(stream_name(1), std::string(20'000, 'x')));
        journal.close();
        bytes = read_file(file());
        REQUIRE(findings() == "");
    }
    std::filesystem::path file() const { return journal.directory() / "data.mdb"; }
    template <class T>
    T read(std::size_t at) const {
        T value{};
        std::memcpy(&value, bytes.data() + at, sizeof value);
        return value;
    }
    template <class T>
    void write(std::size_t at, T value) {
        std::memcpy(bytes.data() + at, &value, sizeof value);
    }
    // The newest meta page's offset.
    std::size_t meta_at() const {
        const auto commit = [&](std::size_t page) { return read<lmdb::Meta>(page * page_size + 16).commit; };
        return commit(1) > commit(0) ? page_size : 0;
    }
    lmdb::Meta meta() const { return read<lmdb::Meta>(meta_at() + 16); }
    // The first page with those flags that is in use.
    std::size_t page_with(std::uint16_t flags) {
        std::optional<std::size_t> found;
        (void)check_pages(journal.directory(), DecisionIndex::table_names(), [&](std::uint64_t at, std::uint64_t, ByteUse use) {
            const std::size_t page = at / page_size * page_size;
            const bool fits = page > page_size && use == ByteUse::live && read<lmdb::PageHeader>(page).flags == flags;
            if (fits && !found) found = page;
        });
        REQUIRE(found);
        return *found;
    }
    // What is found in the file as `bytes` are now.
    std::string findings() {
        write_file(file(), bytes);
        return findings_of(check(journal.directory()));
    }
};

}  // namespace

TEST_CASE("the pages of a journal that took many commits are all accounted for", "[pages]") {
    DecisionIndex index;
    TestJournal journal({&index});
    for (int i = 0; i < 300; ++i) REQUIRE(journal.append_note(stream_name(1 + static_cast<unsigned>(i) % 50), std::to_string(i)));
    const PageCheck found = check(journal.directory());
    CHECK(findings_of(found) == "");
    CHECK(found.lost == 0);
    journal.close();
    CHECK(std::filesystem::file_size(journal.directory() / "data.mdb") == found.pages * page_size);
    journal.reopen();
    CHECK(journal.size() == 300);
}

TEST_CASE("every page of a sound journal is in a tree or free, at each of its commits", "[pages]") {
    DecisionIndex index;
    TestJournal journal({&index});
    for (unsigned round = 0; round < 40; ++round) {
        fill_with_samples(journal, 8);
        REQUIRE(journal.append_note(stream_name(round), std::string(round * 150, 'n')));
        journal.close();
        const PageCheck checked = check(journal.directory());
        INFO(findings_of(checked));
        CHECK(checked.sound());
        CHECK(checked.lost == 0);
        CHECK(checked.live + checked.free == checked.pages);
        journal.reopen();
    }
}

TEST_CASE("pages can be checked while another process writes", "[pages]") {
    DecisionIndex index;
    TestJournal journal({&index});
    fill_with_samples(journal, 50);
    journal.close();
    Child writer([&] {
        journal.reopen();
        for (unsigned i = 0; i < 300; ++i) (void)journal.append_note(stream_name(i % 7), std::string(i * 10, 'n'));
        journal.close();
        return std::string("done");
    });
    for (int round = 0; round < 30; ++round) {
        const PageCheck checked = check(journal.directory());
        INFO(findings_of(checked));
        CHECK(checked.sound());
    }
    CHECK(writer.wait() == "done");
}

TEST_CASE("a page that is not what it must be is named, with its table", "[pages]") {
    Pages pages;
    SECTION("another number in its header") {
        const std::size_t at = pages.page_with(lmdb::PageHeader::leaf);
        pages.write<std::uint64_t>(at, 77777);
        const std::string found = pages.findings();
        CHECK(found.find("page " + std::to_string(at / page_size) + " of the table") == 0);
        CHECK(found.find("its header has the number 77777") != std::string::npos);
    }
    SECTION("a branch that leads out of the file") {
        const std::size_t at = pages.page_with(lmdb::PageHeader::branch);
        pages.write<std::uint32_t>(at + pages.read<std::uint16_t>(at + 16), 123456);
        CHECK(pages.findings().find("page 123456 of the table") != std::string::npos);
    }
    SECTION("a branch that leads to itself") {
        const std::size_t at = pages.page_with(lmdb::PageHeader::branch);
        pages.write(at + pages.read<std::uint16_t>(at + 16), static_cast<std::uint32_t>(at / page_size));
        CHECK(pages.findings().find("it is reached twice") != std::string::npos);
    }
    SECTION("a long value with fewer pages than it needs") {
        const std::size_t at = pages.page_with(lmdb::PageHeader::overflow);
        pages.write<std::uint32_t>(at + 12, 1);
        CHECK(pages.findings().find("its 1 pages cannot hold") != std::string::npos);
    }
    SECTION("a node that lies beyond the page") {
        const std::size_t at = pages.page_with(lmdb::PageHeader::leaf);
        pages.write<std::uint16_t>(at + 16, 4094);
        CHECK(pages.findings().find("its node 0 at 4094: it does not lie where nodes do") != std::string::npos);
    }
    SECTION("more rows in the head of a table than it has") {
        pages.write<std::uint64_t>(pages.meta_at() + 16 + 24 + 48 + 32, 99);
        CHECK(pages.findings().find("it is said to have 99 rows") != std::string::npos);
    }
}

TEST_CASE("a meta page that points to another commit than the last is found", "[pages]") {
    Pages pages;
    const std::size_t commit_at = pages.meta_at() + 16 + offsetof(lmdb::Meta, commit);
    const auto commit = pages.read<std::uint64_t>(commit_at);
    SECTION("one that was long ago") { pages.write<std::uint64_t>(commit_at, commit - 4); }
    SECTION("one that is to come") { pages.write<std::uint64_t>(commit_at, commit + 2); }
    SECTION("the one before the one before, so that both are neighbours still") {
        pages.write<std::uint64_t>(commit_at, commit - 2);
    }
    CHECK(pages.findings() != "");
}

TEST_CASE("a page in use that the free list has too is found, before it would be written over", "[pages]") {
    Pages pages;
    const auto free_root = pages.meta().free_list.root;
    REQUIRE(pages.meta().free_list.depth == 1);
    const std::size_t page_at = static_cast<std::size_t>(free_root) * page_size;
    const std::size_t node_at = page_at + pages.read<std::uint16_t>(page_at + 16);
    const std::size_t first_freed_at = node_at + 8 + 8 + 8;  // the node's header, its key, how many
    pages.write<std::uint64_t>(first_freed_at, pages.meta().last_page + 1);
    CHECK(pages.findings().find("which is none that could be free") != std::string::npos);
    pages.write<std::uint64_t>(first_freed_at, free_root);
    CHECK(pages.findings().find("page " + std::to_string(free_root)) != std::string::npos);
}

TEST_CASE("a row of the free list that says it has fewer pages than stand there is found", "[pages]") {
    Pages pages;
    const std::size_t page_at = static_cast<std::size_t>(pages.meta().free_list.root) * page_size;
    const std::size_t node_at = page_at + pages.read<std::uint16_t>(page_at + 16);
    const std::size_t count_at = node_at + 8 + 8;  // the node's header, its key
    const auto count = pages.read<std::uint64_t>(count_at);
    REQUIRE(count > 0);
    for (std::uint64_t fewer = 0; fewer < count; ++fewer) {
        pages.write<std::uint64_t>(count_at, fewer);
        CHECK(pages.findings().find("behind as many as its row says it has") != std::string::npos);
    }
}

TEST_CASE("a table that is missing, and one that is none of daybook's, are named", "[pages]") {
    Pages pages;
    const auto root = static_cast<std::size_t>(pages.meta().main.root) * page_size;
    const std::size_t at = pages.bytes.find("stream_index", root);
    REQUIRE(at < root + page_size);
    pages.bytes[at + 11] = 'y';
    const std::string found = pages.findings();
    CHECK(found.find("the table stream_index is missing") != std::string::npos);
    CHECK(found.find("there is a table 'stream_indey'") != std::string::npos);
}

TEST_CASE("a copy of a journal has no free pages, and is as sound", "[pages]") {
    Pages pages;
    TemporaryDirectory directory;
    pages.journal.reopen();
    const int fd = ::open((directory / "data.mdb").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(pages.journal->environment().copy_to(fd, true));
    ::close(fd);
    const PageCheck checked = check(directory.path());
    INFO(findings_of(checked));
    CHECK(checked.sound());
    CHECK(checked.free == 0);
    CHECK(checked.lost == 0);
}
