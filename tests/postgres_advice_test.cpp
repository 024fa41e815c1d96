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

TEST_CASE("two URLs name one database where host, port and name are the same", "[postgres]") {
    const std::string url = "postgresql://ada:s3cret@db.example/incidents";
    for (const char* same : {"postgresql://db.example:5432/incidents", "postgres://ben@db.example/incidents?sslmode=prefer",
                             "host=db.example dbname=incidents user=ada"}) {
        INFO(same);
        CHECK(postgres::same_database(url, same));
    }
    for (const char* other : {"postgresql://ada@db.example/incident", "postgresql://ada@db.example:5433/incidents",
                              "postgresql://ada@db.elsewhere/incidents", "postgresql://ada@/incidents", ""}) {
        INFO(other);
        CHECK_FALSE(postgres::same_database(url, other));
    }
    CHECK(postgres::same_database("postgresql://ada@db", "postgresql://db/ada"));
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

TEST_CASE("what a server or PgBouncer says while it is away is passing, and what somebody has to mend is not", "[postgres]") {
    for (const char* said :
         {"connection to server at \"db\" (10.0.0.1), port 5432 failed: Connection refused", "timeout expired",
          "failed: FATAL: the database system is starting up", "failed: FATAL: the database system is not accepting connections",
          "failed: FATAL: terminating connection due to administrator command", "failed: FATAL: sorry, too many clients already",
          "failed: FATAL: pgbouncer cannot connect to server", "failed: FATAL: query_wait_timeout",
          "failed: FATAL: server login has been failing, try again later (server_login_retry)",
          "failed: FATAL: client_login_timeout (server down)", "failed: FATAL: no more connections allowed (max_client_conn)",
          "failed: FATAL: server login failed: FATAL the database system is shutting down"}) {
        INFO(said);
        CHECK(postgres::is_passing(said));
        CHECK_FALSE(postgres::lacks_database(said));
    }
    for (const char* said : {"failed: FATAL: password authentication failed for user \"x\"",
                             "failed: FATAL: role \"x\" does not exist", "failed: FATAL: database \"x\" does not exist",
                             "failed: FATAL: no pg_hba.conf entry for host", "server does not support SSL, but SSL was required"}) {
        INFO(said);
        CHECK_FALSE(postgres::is_passing(said));
        CHECK(postgres::lacks_database(said) == (std::string_view(said) == "failed: FATAL: database \"x\" does not exist"));
    }
}
