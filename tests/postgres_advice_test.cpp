#include <catch2/catch.hpp>

#include "projections/postgres.hpp"
#include "projections/postgres_advice.hpp"

using namespace daybook;

TEST_CASE("a database's URL is shown without its passwords, whatever its form", "[postgres]") {
    CHECK(postgres::without_password("postgresql://ada:s3cret@db.example:5432/incidents?sslmode=verify-full&sslpassword=s3cret") ==
          "postgresql://ada@db.example:5432/incidents?sslmode=verify-full");
    CHECK(postgres::without_password("host=/run/postgresql user=ada password='a b' dbname=x") ==
          "postgresql://ada@/x?host=%2Frun%2Fpostgresql");
    CHECK(postgres::without_password("postgresql://ada@one:1,two:2/x?password=s3cret") ==
          "postgresql://ada@/x?host=one%2Ctwo&port=1%2C2");
    CHECK(postgres::without_password("postgres://ada%40home@db/") == "postgresql://ada%40home@db");
}

TEST_CASE("a URL that can't be read is refused without a word of it", "[postgres]") {
    for (const char* url : {"postgresql://ada:s3/cret@db/x", "postgresql://ada:s3cret@db:5x/y",
                            "postgresql://ada:s3#cret@db@other/x", "postgresql://ada:s3cret@db/x?no_such_option=1", "s3cret"}) {
        INFO(url);
        try {
            (void)postgres::without_password(url);
            FAIL("it was taken");
        } catch (const postgres::Error& error) {
            const std::string said = error.what();
            CHECK(said.find("s3") == std::string::npos);
            CHECK(said.find("cret") == std::string::npos);
            CHECK(said.find("postgresql://user@host") != std::string::npos);
        }
    }
}

TEST_CASE("what libpq says of a failed connection is one line, says what to do, and whether it may pass", "[postgres]") {
    const std::string refused = "connection to server at \"db\", port 5432 failed: Connection refused\n\tIs the server running?\n";
    CHECK(postgres::one_line(refused) == "connection to server at \"db\", port 5432 failed: Connection refused");
    CHECK(postgres::is_passing(refused));
    CHECK(postgres::is_passing("FATAL:  the database system is starting up"));
    CHECK(postgres::is_passing("FATAL:  sorry, too many clients already"));
    CHECK_FALSE(postgres::is_passing("FATAL:  password authentication failed for user \"ada\""));
    CHECK_FALSE(postgres::is_passing("fe_sendauth: no password supplied"));
    CHECK_FALSE(postgres::is_passing("server does not support SSL, but SSL was required"));
    CHECK(postgres::advice_on_connecting("fe_sendauth: no password supplied").find("PGPASSWORD") != std::string::npos);
    CHECK(postgres::without("say s3cret, s3cret", {"s3cret"}) == "say ***, ***");
}
