#include "journal/lmdb.hpp"

#include <fstream>
#include <limits>
#include <memory>
#include <thread>

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/descriptor.hpp"
#include "journal/failed_commit.hpp"
#include "tests/support.hpp"

using namespace daybook;
using namespace daybook::test;
using lmdb::Environment;
using lmdb::Transaction;

namespace {

lmdb::Options small() {
    lmdb::Options options;
    options.map_bytes = std::size_t{64} << 20;
    return options;
}

lmdb::Options reading() {
    lmdb::Options options = small();
    options.read_only = true;
    return options;
}

// Makes a database with `count` rows of 1,000 bytes.
void fill(const std::filesystem::path& directory, int count) {
    Environment environment(directory, small());
    Transaction transaction(environment, Transaction::Kind::write);
    const auto table = *transaction.open("rows");
    for (int i = 0; i < count; ++i) transaction.append(table, key_of(static_cast<std::uint64_t>(i), 8), std::string(1000, 'x'));
    transaction.commit();
}

// Why the database cannot be opened; empty when it can.
std::string refusal(const std::filesystem::path& directory, const lmdb::Options& options) {
    try {
        Environment environment(directory, options);
        Transaction transaction(environment, options.read_only ? Transaction::Kind::read : Transaction::Kind::write);
        return "";
    } catch (const StorageError& error) {
        return error.what();
    }
}

}  // namespace

TEST_CASE("a key that is not there is absent, one that is there has its value", "[lmdb]") {
    TemporaryDirectory directory;
    Environment environment(directory.path(), small());
    Transaction transaction(environment, Transaction::Kind::write);
    const auto table = *transaction.open("rows");
    CHECK_FALSE(transaction.get(table, "a"));
    transaction.put(table, "a", "1");
    transaction.put(table, "empty", "");
    CHECK(transaction.get(table, "a") == "1");
    CHECK(transaction.get(table, "empty") == "");
    CHECK_FALSE(transaction.get(table, "b"));
    transaction.put(table, "a", "2");
    CHECK(transaction.get(table, "a") == "2");
    CHECK(transaction.count(table) == 2);
    CHECK(transaction.erase(table, "a"));
    CHECK_FALSE(transaction.erase(table, "a"));
    transaction.clear(table);
    CHECK(transaction.count(table) == 0);
}

TEST_CASE("a table that is not there is absent to a reader, and made by a writer", "[lmdb]") {
    TemporaryDirectory directory;
    Environment environment(directory.path(), small());
    CHECK_FALSE(Transaction(environment, Transaction::Kind::read).open("rows"));
    Transaction transaction(environment, Transaction::Kind::write);
    CHECK(transaction.open("rows"));
}

TEST_CASE("a transaction that is not committed leaves nothing", "[lmdb]") {
    TemporaryDirectory directory;
    Environment environment(directory.path(), small());
    lmdb::Table table;
    {
        Transaction transaction(environment, Transaction::Kind::write);
        table = *transaction.open("rows");
        transaction.put(table, "kept", "1");
        transaction.commit();
    }
    {
        Transaction transaction(environment, Transaction::Kind::write);
        transaction.put(table, "lost", "1");
        transaction.erase(table, "kept");
    }
    Transaction transaction(environment, Transaction::Kind::read);
    CHECK(transaction.get(table, "kept") == "1");
    CHECK_FALSE(transaction.get(table, "lost"));
}

TEST_CASE("a reader sees what was there when it began, until it renews", "[lmdb]") {
    TemporaryDirectory directory;
    fill(directory.path(), 1);
    Environment environment(directory.path(), small());
    lmdb::Table table;
    {
        Transaction opening(environment, Transaction::Kind::read);
        table = *opening.open("rows");
        opening.commit();  // a table is known to other transactions from here on
    }
    Transaction reader(environment, Transaction::Kind::read);
    {
        Transaction writer(environment, Transaction::Kind::write);
        writer.append(table, key_of(1, 8), "new");
        writer.commit();
    }
    CHECK_FALSE(reader.get(table, key_of(1, 8)));
    CHECK(reader.count(table) == 1);
    reader.renew();
    CHECK(reader.get(table, key_of(1, 8)) == "new");
}

TEST_CASE("a key that is appended out of order is a bug, not a row", "[lmdb]") {
    TemporaryDirectory directory;
    Environment environment(directory.path(), small());
    Transaction transaction(environment, Transaction::Kind::write);
    const auto table = *transaction.open("rows");
    transaction.append(table, "b", "1");
    CHECK_THROWS_AS(transaction.append(table, "a", "2"), std::logic_error);
    CHECK_THROWS_AS(transaction.append(table, "b", "2"), std::logic_error);
    CHECK(transaction.get(table, "b") == "1");
}

TEST_CASE("a cursor walks both ways and seeks the first key that is not less", "[lmdb]") {
    TemporaryDirectory directory;
    Environment environment(directory.path(), small());
    Transaction transaction(environment, Transaction::Kind::write);
    const auto table = *transaction.open("rows");
    {
        lmdb::Cursor empty(transaction, table);
        CHECK_FALSE(empty.first());
        CHECK_FALSE(empty.last());
        CHECK_FALSE(empty.seek("a"));
    }
    for (const char* key : {"b", "d", "f"}) transaction.put(table, key, std::string("of ") + key);
    lmdb::Cursor cursor(transaction, table);
    REQUIRE(cursor.seek("c"));
    CHECK(cursor.key() == "d");
    CHECK(cursor.value() == "of d");
    REQUIRE(cursor.next());
    CHECK(cursor.key() == "f");
    CHECK_FALSE(cursor.next());
    REQUIRE(cursor.first());
    CHECK(cursor.key() == "b");
    CHECK_FALSE(cursor.previous());
    CHECK_FALSE(cursor.seek("g"));
    REQUIRE(cursor.last());
    REQUIRE(cursor.previous());
    CHECK(cursor.key() == "d");
}

TEST_CASE("a directory that is not there is an error to a reader, and made by a writer, for its owner alone", "[lmdb]") {
    TemporaryDirectory directory;
    const auto inner = directory / "a/b";
    CHECK(refusal(inner, reading()).find("No such file") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(inner));
    CHECK(refusal(inner, small()).empty());
    CHECK(refusal(inner, reading()).empty());
    struct stat status{};
    REQUIRE(::stat(inner.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0700U);
    REQUIRE(::stat((inner / "data.mdb").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0600U);
}

TEST_CASE("a directory that may not be written to is refused, with the directory and what to look at", "[lmdb]") {
    TemporaryDirectory directory;
    const auto locked = directory / "locked";
    std::filesystem::create_directory(locked);
    ::chmod(directory.path().c_str(), 0755);
    ::chmod(locked.c_str(), 0555);
    for (const auto& place : {locked, locked / "journal"}) {
        const std::string why = without_root([&] { return refusal(place, small()); });
        CHECK(why.find(place.string()) != std::string::npos);
        CHECK(why.find("Permission denied") != std::string::npos);
    }
    ::chmod(locked.c_str(), 0755);
}

TEST_CASE("a write to a database that was opened read-only is refused", "[lmdb]") {
    TemporaryDirectory directory;
    fill(directory.path(), 1);
    Environment environment(directory.path(), reading());
    CHECK_THROWS_WITH(Transaction(environment, Transaction::Kind::write), Catch::Contains("it was opened read-only"));
}

TEST_CASE("a data.mdb that was cut is refused, wherever it was cut", "[lmdb]") {
    TemporaryDirectory directory;
    fill(directory / "whole", 200);
    const std::string bytes = read_file(directory / "whole/data.mdb");
    REQUIRE(bytes.size() > 100'000);
    for (const std::size_t size : {std::size_t{1}, std::size_t{100}, std::size_t{4096}, std::size_t{8191}, std::size_t{8192},
                                   bytes.size() / 2, bytes.size() - 4096, bytes.size() - 1}) {
        CAPTURE(size);
        const auto cut = directory / ("cut" + std::to_string(size));
        std::filesystem::create_directory(cut);
        write_file(cut / "data.mdb", std::string_view(bytes).substr(0, size));
        // In a child: a fault in a map is a signal.
        for (const auto& options : {small(), reading()}) {
            const std::string why = Child([&] { return refusal(cut, options); }).wait();
            CHECK(why.find(cut.string()) != std::string::npos);
            CHECK(why.find("was cut") != std::string::npos);
        }
        CHECK(read_file(cut / "data.mdb").size() == size);
    }
}

TEST_CASE("a file that is no database is refused, and left as it is", "[lmdb]") {
    TemporaryDirectory directory;
    const std::string text(20'000, '#');
    write_file(directory / "data.mdb", text);
    CHECK(refusal(directory.path(), small()).find("not a daybook database") != std::string::npos);
    CHECK(read_file(directory / "data.mdb") == text);
}

TEST_CASE("a map that is full is an error, and the transaction leaves nothing", "[lmdb]") {
    TemporaryDirectory directory;
    lmdb::Options options;
    options.map_bytes = std::size_t{1} << 20;
    Environment environment(directory.path(), options);
    lmdb::Table table;
    {
        Transaction transaction(environment, Transaction::Kind::write);
        table = *transaction.open("rows");
        transaction.put(table, "kept", "1");
        transaction.commit();
    }
    {
        Transaction transaction(environment, Transaction::Kind::write);
        CHECK_THROWS_WITH(transaction.put(table, "large", std::string(2 << 20, 'x')), Catch::Contains("address space"));
    }
    Transaction transaction(environment, Transaction::Kind::write);
    CHECK(transaction.get(table, "kept") == "1");
    transaction.put(table, "small", "1");
    transaction.commit();
}

namespace {

// In how many places of the file the pages lie that changed, but for the two that each commit changes.
int places(const std::string& before, const std::string& after) {
    constexpr std::size_t page_bytes = 4096;
    int count = 0;
    bool last = false;
    for (std::size_t at = 2 * page_bytes; at < after.size(); at += page_bytes) {
        const bool changed = at >= before.size() || before.compare(at, page_bytes, after, at, page_bytes) != 0;
        if (changed && !last) ++count;
        last = changed;
    }
    return count;
}

}  // namespace

TEST_CASE("the pages that a commit writes lie together once the free ones were gathered", "[lmdb]") {
    TemporaryDirectory directory;
    fill(directory / "db", 8'000);
    const std::filesystem::path file = directory / "db/data.mdb";
    Environment environment(directory / "db", small());
    std::uint64_t next = 1;
    // Changes 20 rows all over the table; returns in how many places the file changed.
    const auto commit = [&](bool gather) {
        const std::string before = read_file(file);
        Transaction transaction(environment, Transaction::Kind::write);
        const auto table = *transaction.open("rows");
        if (gather) transaction.gather_free_pages(table);
        for (int i = 0; i < 20; ++i) {
            next = next * 6'364'136'223'846'793'005 + 1;
            transaction.put(table, key_of((next >> 33) % 8'000, 8), std::string(1000, static_cast<char>('a' + next % 26)));
        }
        CHECK(transaction.count(table) == 8'000);
        transaction.commit();
        return places(before, read_file(file));
    };
    for (int i = 0; i < 60; ++i) (void)commit(false);
    const int scattered = commit(false);
    CHECK(scattered > 10);
    const std::uintmax_t size = std::filesystem::file_size(file);
    (void)commit(true);
    for (int i = 0; i < 8; ++i) CHECK(commit(false) < scattered / 2);
    for (int i = 0; i < 50; ++i) (void)commit(i % 10 == 0);
    CHECK(std::filesystem::file_size(file) <= size + size / 2);  // they are used again
    CHECK(refusal(directory / "db", reading()) == "");
}

TEST_CASE("two writers take turns", "[lmdb]") {
    TemporaryDirectory directory;
    fill(directory.path(), 1);
    Environment environment(directory.path(), small());
    const auto count = [&] {
        for (int i = 0; i < 200; ++i) {
            Transaction transaction(environment, Transaction::Kind::write);
            const auto table = *transaction.open("counter");
            const std::uint64_t now = read_big_endian(transaction.get(table, "n").value_or(""));
            transaction.put(table, "n", key_of(now + 1, 8));
            transaction.commit();
        }
    };
    std::thread other(count);
    count();
    other.join();
    Transaction transaction(environment, Transaction::Kind::read);
    CHECK(read_big_endian(*transaction.get(*transaction.open("counter"), "n")) == 400);
}

TEST_CASE("big-endian keys sort as their numbers do", "[lmdb]") {
    std::string out;
    append_big_endian(out, 0x0102030405060708, 8);
    CHECK(out == std::string("\x01\x02\x03\x04\x05\x06\x07\x08"));
    CHECK(std::string_view(key_of(0x01020304, 4)) == "\x01\x02\x03\x04");
    CHECK(read_big_endian(out) == 0x0102030405060708);
    rc::prop("unsigned", [](std::uint64_t a, std::uint64_t b) {
        RC_ASSERT((a < b) == (std::string_view(key_of(a, 8)) < std::string_view(key_of(b, 8))));
        RC_ASSERT(read_big_endian(key_of(a, 8)) == a);
    });
    rc::prop("signed", [](std::int64_t a, std::int64_t b) {
        RC_ASSERT((a < b) == (sortable(a) < sortable(b)));
        RC_ASSERT(from_sortable(sortable(a)) == a);
    });
    CHECK(from_sortable(sortable(std::numeric_limits<std::int64_t>::min())) == std::numeric_limits<std::int64_t>::min());
}

TEST_CASE("processes that open a database at once, with less address space than it asks for, lose no commit", "[lmdb]") {
    const TemporaryDirectory directory;
    constexpr int processes = 4, rounds = 100;
    const auto work = [&] {
        std::ifstream statm("/proc/self/statm");  // pages in use; the sanitizers have terabytes of them
        rlim_t pages = 0;
        statm >> pages;
        const rlim_t bytes = pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + (rlim_t{8} << 30);
        const rlimit limit{bytes, bytes};
        if (::setrlimit(RLIMIT_AS, &limit) != 0) return std::string("no limit");
        for (int i = 0; i < rounds; ++i) {
            Environment environment(directory.path(), {});
            Transaction transaction(environment, Transaction::Kind::write);
            const auto table = *transaction.open("rows");
            const auto count = transaction.get(table, "count");
            transaction.put(table, "count", std::to_string(count ? std::stoi(std::string(*count)) + 1 : 1));
            transaction.commit();
        }
        return std::string("done");
    };
    {
        std::vector<std::unique_ptr<Child>> children;
        for (int i = 0; i < processes; ++i) children.push_back(std::make_unique<Child>(work));
        for (const auto& child : children) CHECK(child->wait() == "done");
    }
    Environment environment(directory.path(), small());
    Transaction transaction(environment, Transaction::Kind::read);
    CHECK(transaction.get(*transaction.open("rows"), "count") == std::to_string(processes * rounds));
}

TEST_CASE("a writer does not go on from an older commit than the newest, whatever lock.mdb says", "[lmdb]") {
    const TemporaryDirectory directory;
    Environment environment(directory.path(), small());
    const auto commit = [&] {
        Transaction transaction(environment, Transaction::Kind::write);
        transaction.put(*transaction.open("rows"), "a", "1");
        transaction.commit();
    };
    for (int i = 0; i < 7; ++i) commit();
    const std::uint64_t newest = Transaction(environment, Transaction::Kind::read).number();
    Child forgetting([&] {  // another process, since closing the file ends the locks of its process
        std::string bytes = read_file(directory / "lock.mdb");
        const std::size_t place = bytes.find(std::string(reinterpret_cast<const char*>(&newest), sizeof newest));
        if (place > 64) return std::string("not found");
        std::fstream file(directory / "lock.mdb", std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(place));
        file.write(std::string(sizeof newest, '\0').data(), sizeof newest);
        return std::string(file.flush() ? "done" : "not written");
    });
    REQUIRE(forgetting.wait() == "done");
    try {
        commit();
        FAIL("it was written");
    } catch (const StorageError& error) {
        CHECK(std::string(error.what()).find("lock.mdb does not know the newest commit") != std::string::npos);
    }
}

TEST_CASE("a commit whose last write fails is noted, whoever made it", "[lmdb]") {
    const TemporaryDirectory directory;
    fill(directory.path(), 3);
    write_file(directory / "users.lock", "");
    Environment environment(directory.path(), small());
    // LMDB writes the page that makes a commit count through a descriptor of its own, which syncs each write: it is made one of a
    // disk that is always full.
    int last_writes = 0;
    for (int fd = 3; fd < 64; ++fd) {
        std::error_code error;
        const auto file = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), error);
        if (error || file != directory / "data.mdb" || (::fcntl(fd, F_GETFL) & O_DSYNC) == 0) continue;
        const Descriptor full(::open("/dev/full", O_RDWR | O_CLOEXEC));
        REQUIRE(::dup2(full.get(), fd) == fd);
        ++last_writes;
    }
    REQUIRE(last_writes == 1);
    Transaction transaction(environment, Transaction::Kind::write);
    transaction.put(*transaction.open("rows"), "another", "row");
    const std::uint64_t number = transaction.number();
    CHECK(failed_commit(directory.path()) == 0);
    CHECK_THROWS_AS(transaction.commit(), StorageError);
    CHECK(failed_commit(directory.path()) == number);
}
