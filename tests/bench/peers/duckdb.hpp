// DuckDB by its C interface, of a library that is loaded when it is asked for: no package of Debian's has it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace daybook::bench {

// The functions of libduckdb.so, found by their names.
struct DuckdbLibrary;
// The library in a node_modules folder. Throws std::runtime_error where it is not there.
const DuckdbLibrary& duckdb_library(const std::filesystem::path& packages);

class Duckdb {
public:
    // A database in a file, made if it is not there; an empty path: in memory.
    Duckdb(const DuckdbLibrary& library, const std::filesystem::path& file);
    ~Duckdb();
    Duckdb(const Duckdb&) = delete;
    Duckdb& operator=(const Duckdb&) = delete;
    // Both throw std::runtime_error.
    void run(const std::string& statements);
    // The first column of the last statement's rows, which is text, a line each.
    std::string ask(const std::string& statements);
    void* handle() const { return database_; }

private:
    const DuckdbLibrary& library_;
    void* database_ = nullptr;
    void* connection_ = nullptr;
};

}  // namespace daybook::bench
