// What an auditor fetches: checkpoints and proofs, as texts of C2SP.
#include "journal/log_proofs.hpp"
#include "ops/service/service.hpp"
#include "ops/whole_number.hpp"

namespace daybook {
namespace {

// The number in a parameter; nothing where it is not there. Refuses: invalid.
Result<std::optional<std::uint64_t>> number_in(const HttpRequest& request, std::string_view name) {
    const auto text = request.parameter(name);
    if (!text) return std::optional<std::uint64_t>();
    const auto number = whole_number(*text);
    if (!number) return Refusal{RefusalCode::invalid, std::string(name) + " must be a number", '/' + std::string(name)};
    return number;
}

HttpResponse plain(std::string text) {
    HttpResponse response;
    response.content_type = "text/plain; charset=utf-8";
    response.body = std::move(text);
    return response;
}

}  // namespace

void Service::add_log_routes() {
    const auto add = [&](std::string path, std::string summary, std::vector<QueryParameter> query,
                         HttpResponse (Service::*handle)(const Call&)) {
        Route route;
        route.method = "GET";
        route.path = std::move(path);
        route.summary = std::move(summary);
        route.query = std::move(query);
        route.answers = {"text/plain"};
        route.needs = Permission::read;
        route.handle = [this, handle](const Call& call) { return (this->*handle)(call); };
        routes_.push_back(std::move(route));
    };
    add("/v1/log/checkpoint", "How many events there are, and their root, signed (c2sp.org/tlog-checkpoint)",
        {{"size", "Of the first N events"}}, &Service::checkpoint);
    add("/v1/log/proof/inclusion", "That an event is in the journal (c2sp.org/tlog-proof@v1)",
        {{"seq", "The event's seq"}, {"size", "In the tree of the first N events"}}, &Service::inclusion);
    add("/v1/log/proof/consistency", "That the journal extends what it was (c2sp.org/tlog-witness)",
        {{"from", "How many events there were"}, {"to", "How many there were later; now, if not given"}}, &Service::consistency);
}

HttpResponse Service::checkpoint(const Call& call) {
    const auto size = number_in(call.request, "size");
    if (!size) return refuse(size.refusal());
    const auto made = parts_.signer.checkpoint(parts_.journal, *size);
    return made ? plain(made->note) : refuse(made.refusal());
}

HttpResponse Service::inclusion(const Call& call) {
    const auto sequence = number_in(call.request, "seq");
    if (!sequence) return refuse(sequence.refusal());
    const auto wanted = number_in(call.request, "size");
    if (!wanted) return refuse(wanted.refusal());
    if (!*sequence) return refuse({RefusalCode::invalid, "seq is missing", "/seq"});
    const auto proof = prove_inclusion(parts_.journal, parts_.signer, {**sequence}, *wanted);
    return proof ? plain(proof->text()) : refuse(proof.refusal());
}

HttpResponse Service::consistency(const Call& call) {
    const auto from = number_in(call.request, "from");
    if (!from) return refuse(from.refusal());
    const auto wanted = number_in(call.request, "to");
    if (!wanted) return refuse(wanted.refusal());
    if (!*from) return refuse({RefusalCode::invalid, "from is missing", "/from"});
    const auto proof = prove_consistency(parts_.journal, parts_.signer, **from, *wanted);
    return proof ? plain(proof->text()) : refuse(proof.refusal());
}

}  // namespace daybook
