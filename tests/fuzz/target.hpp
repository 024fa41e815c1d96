// What is fuzzed: decoders of bytes from outside, what each promises for any bytes, and good bytes to begin with.
//
// The promise: bytes are refused in the project's own way, with a message; or they are taken, and what they were read as, written
// and read again, is the same. The table is run by libFuzzer (tests/fuzz/fuzz.cpp, `ops/fuzz`) and, in its short form, by the
// test program (tests/fuzz_test.cpp).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "journal/result.hpp"

namespace daybook::test {

struct FuzzTarget {
    std::string_view name;
    // Hands the bytes to the decoder. Throws where the promise is broken: whatever it throws is a find, as a crash is.
    void (*run)(std::string_view bytes);
    std::vector<std::string> (*seeds)();
    std::string_view dictionary;  // tests/fuzz/<dictionary>.dict
};

std::span<const FuzzTarget> fuzz_targets();

// Throws std::logic_error where it does not hold.
void promise(bool holds, const std::string& what);
// A refusal says why, in a text that can stand in an answer.
void promise_reason(const Refusal& refusal);

// The contents of files of this repository.
std::vector<std::string> contents_of(std::initializer_list<const char*> files);

// Each in the file that is named for what it reads.
// alerts.cpp
void fuzz_triage(std::string_view bytes);
void fuzz_alertmanager(std::string_view bytes);
void fuzz_grafana(std::string_view bytes);
void fuzz_pagerduty(std::string_view bytes);
void fuzz_cloudevents(std::string_view bytes);
void fuzz_webhook(std::string_view bytes);
std::vector<std::string> webhook_seeds();
// journal.cpp
void fuzz_json(std::string_view bytes);
void fuzz_time(std::string_view bytes);
void fuzz_journal(std::string_view bytes);
void fuzz_record(std::string_view bytes);
void fuzz_pages(std::string_view bytes);
std::vector<std::string> journal_seeds();
std::vector<std::string> record_seeds();
std::vector<std::string> pages_seeds();
// proofs.cpp
void fuzz_checkpoint(std::string_view bytes);
void fuzz_proof(std::string_view bytes);
void fuzz_evidence(std::string_view bytes);
std::vector<std::string> checkpoint_seeds();
std::vector<std::string> proof_seeds();
std::vector<std::string> evidence_seeds();
// layout.cpp
void fuzz_layout(std::string_view bytes);
std::vector<std::string> layout_seeds();
// requests.cpp
void fuzz_http(std::string_view bytes);
void fuzz_tool_call(std::string_view bytes);
void fuzz_policies(std::string_view bytes);
std::vector<std::string> http_seeds();
std::vector<std::string> tool_call_seeds();

}  // namespace daybook::test
