#include "projections/risk_reports.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "projections/markdown.hpp"
#include "projections/report_json.hpp"

namespace daybook {
namespace {

using Place = std::pair<std::string, std::string>;  // service, env

ReportJson reasons_json(const std::vector<RiskReason>& reasons) {
    return list_json(reasons,
                     [](const RiskReason& reason) { return ReportJson{{"text", reason.text}, {"points", reason.points}}; });
}

std::string reasons_text(const std::vector<RiskReason>& reasons) {
    std::string text;
    for (const RiskReason& reason : reasons) text += (text.empty() ? "" : ", ") + reason.text + " " + std::to_string(reason.points);
    return text;
}

std::string signed_number(int number) {
    return number == 0 ? "=" : number > 0 ? "+" + std::to_string(number) : "−" + std::to_string(-number);
}

std::string provenance_lines(const Provenance& provenance) {
    return "\n---\n\nMade from the first " + std::to_string(provenance.journal_size) + " events of " +
           markdown_name(provenance.origin) + ", for " + format_time(provenance.generated_for) + ".  \nRoot hash `" +
           provenance.root_hash + "`\n";
}

}  // namespace

ReportFiles daily_risk_digest(const std::string& period, const Provenance& provenance, const std::vector<Risk>& now,
                              const std::vector<Risk>& before) {
    std::map<Place, int> earlier;
    for (const Risk& risk : before) earlier[{risk.service, risk.env}] = risk.score;
    std::vector<Risk> all = now;
    for (const Risk& risk : before) {  // what is at rest again
        const bool still = std::any_of(now.begin(), now.end(),
                                       [&](const Risk& one) { return one.service == risk.service && one.env == risk.env; });
        if (!still) all.push_back({risk.service, risk.env, 0, {}});
    }
    ReportJson json = {{"report", "daily_risk_digest"}, {"period", period}, {"provenance", provenance_json(provenance)}};
    json["risks"] = ReportJson::array();
    std::string markdown = "# Risk, " + period + "\n\n";
    markdown += all.empty() ? "All is at rest.\n" : "| Service | Env | Score | Since yesterday | Why |\n|---|---|--:|--:|---|\n";
    for (const Risk& risk : all) {
        const int was = earlier[{risk.service, risk.env}];
        json["risks"].push_back({{"service", risk.service},
                                 {"env", risk.env},
                                 {"score", risk.score},
                                 {"yesterday", was},
                                 {"moved", risk.score - was},
                                 {"reasons", reasons_json(risk.reasons)}});
        markdown += "| " + markdown_name(risk.service) + " | " + markdown_name(risk.env) + " | " + std::to_string(risk.score) +
                    " | " + signed_number(risk.score - was) + " | " + reasons_text(risk.reasons) + " |\n";
    }
    return {report_text(json), markdown + provenance_lines(provenance)};
}

ReportFiles platform_priority_digest(const std::string& period, const Provenance& provenance, const std::vector<Risk>& now) {
    std::map<std::string, std::vector<const Risk*>> services;
    for (const Risk& risk : now) services[risk.service].push_back(&risk);
    struct Ranked {
        std::string service;
        int score = 0;
        std::vector<const Risk*> envs;
    };
    std::vector<Ranked> ranked;
    for (auto& [service, envs] : services) {
        int score = 0;
        for (const Risk* risk : envs) score = std::min(100, score + risk->score);
        ranked.push_back({service, score, std::move(envs)});
    }
    std::sort(ranked.begin(), ranked.end(),
              [](const Ranked& a, const Ranked& b) { return std::tie(b.score, a.service) < std::tie(a.score, b.service); });
    ReportJson json = {
        {"report", "weekly_platform_priority_digest"}, {"period", period}, {"provenance", provenance_json(provenance)}};
    json["services"] = ReportJson::array();
    std::string markdown = "# Services by priority, week " + period + "\n\n";
    if (ranked.empty()) markdown += "All is at rest.\n";
    for (std::size_t i = 0; i < ranked.size(); ++i) {
        ReportJson envs = ReportJson::array();
        markdown +=
            std::to_string(i + 1) + ". **" + markdown_name(ranked[i].service) + "** " + std::to_string(ranked[i].score) + "\n";
        for (const Risk* risk : ranked[i].envs) {
            envs.push_back({{"env", risk->env}, {"score", risk->score}, {"reasons", reasons_json(risk->reasons)}});
            markdown +=
                "   - " + markdown_name(risk->env) + " " + std::to_string(risk->score) + ": " + reasons_text(risk->reasons) + "\n";
        }
        json["services"].push_back(
            {{"rank", i + 1}, {"service", ranked[i].service}, {"score", ranked[i].score}, {"envs", std::move(envs)}});
    }
    return {report_text(json), markdown + provenance_lines(provenance)};
}

}  // namespace daybook
