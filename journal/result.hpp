// The two ways in which an answer can be no: absence is a std::optional, an expected refusal is a Result.
//
// A fault of the machine (disk, LMDB) is neither: it is thrown (StorageError, journal/lmdb.hpp) and caught in ops/.
#pragma once

#include <cassert>
#include <string>
#include <utility>
#include <variant>

namespace daybook {

// What kind of no. The command line maps each to an exit status, the HTTP server to a status code.
enum class RefusalCode {
    invalid,               // the input itself is wrong: a field, a time, a JSON text
    not_found,             // the thing that it names does not exist
    conflict,              // the state, or an expected version, does not allow it
    idempotency_conflict,  // the key was used for another input
    not_permitted,         // the caller lacks a permission
    too_large,             // over a documented limit
    unauthenticated,       // it is not known who the caller is: no API key, or none that holds
};

// Returns the code's name as it appears in answers: "invalid", "idempotency_conflict" …
const char* to_text(RefusalCode code);

struct Refusal {
    RefusalCode code = RefusalCode::invalid;
    std::string message;  // for people: what happened, to which thing, what to do
    std::string field;    // JSON Pointer (RFC 6901) into the input, or empty
};

// A value, or the refusal to give one.
template <class T>
class [[nodiscard]] Result {
public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Refusal refusal) : state_(std::in_place_index<1>, std::move(refusal)) {}

    explicit operator bool() const { return state_.index() == 0; }
    T& operator*() { return value(); }
    const T& operator*() const { return value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }
    T& value() {
        assert(state_.index() == 0);
        return *std::get_if<0>(&state_);
    }
    const T& value() const {
        assert(state_.index() == 0);
        return *std::get_if<0>(&state_);
    }
    Refusal& refusal() {
        assert(state_.index() == 1);
        return *std::get_if<1>(&state_);
    }
    const Refusal& refusal() const {
        assert(state_.index() == 1);
        return *std::get_if<1>(&state_);
    }

private:
    std::variant<T, Refusal> state_;
};

}  // namespace daybook
