// The plot: small panels, one for each work, with a bar for each that did it.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "tests/bench/bench.hpp"

namespace daybook::bench {
namespace {

constexpr int width = 760, names_width = 190, values_width = 110, bar_height = 18, title_height = 40, gap = 16;
constexpr int scale_width = width - names_width - values_width;

constexpr const char* style =
    "text{font:12px sans-serif;fill:#24292f}.title{font-weight:bold;font-size:13px}.unit{fill:#57606a}"
    ".bar{fill:#8c959f}.daybook{fill:#0969da}.line{stroke:#d0d7de}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.unit{fill:#9198a1}.bar{fill:#656c76}.daybook{fill:#4493f8}"
    ".line{stroke:#3d444d}}";

std::string escaped(std::string_view text) {
    std::string out;
    for (const char letter : text) {
        if (letter == '<') {
            out += "&lt;";
        } else if (letter == '&') {
            out += "&amp;";
        } else {
            out += letter;
        }
    }
    return out;
}

std::string value_text(double value) { return value < 100 ? fmt::format("{:.1f}", value) : grouped(value); }

int height_of(const Panel& panel) { return title_height + bar_height * static_cast<int>(panel.bars.size()) + gap; }

void draw(std::string& out, const Panel& panel, int top) {
    double least = panel.bars.front().value, most = least;
    for (const Panel::Bar& bar : panel.bars) {
        least = std::min(least, bar.value);
        most = std::max(most, bar.value);
    }
    // Whole powers of ten, the first one below the shortest bar.
    const double first = std::ceil(std::log10(least)) - 1, last = std::max(first + 1, std::ceil(std::log10(most)));
    const auto x_of = [&](double value) { return names_width + scale_width * (std::log10(value) - first) / (last - first); };
    const int bars_top = top + title_height, bottom = bars_top + bar_height * static_cast<int>(panel.bars.size());
    out += fmt::format("<text class=\"title\" x=\"8\" y=\"{}\">{} <tspan class=\"unit\">({})</tspan></text>\n", top + 16,
                       escaped(panel.work), escaped(panel.unit));
    for (double power = first; power <= last; power += 1) {
        const double x = x_of(std::pow(10, power));
        out += fmt::format("<line class=\"line\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/>\n", x, bars_top - 2, bottom);
        out += fmt::format("<text class=\"unit\" text-anchor=\"middle\" x=\"{:.1f}\" y=\"{}\">{}</text>\n", x, bars_top - 6,
                           power < 0 ? fmt::format("{:g}", std::pow(10, power)) : grouped(std::pow(10, power)));
    }
    int y = bars_top;
    for (const Panel::Bar& bar : panel.bars) {
        const double end = x_of(bar.value);
        out += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n", names_width - 8, y + 13, escaped(bar.name));
        out += fmt::format("<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\"/>\n",
                           bar.daybook ? "daybook" : "bar", names_width, y + 2, end - names_width, bar_height - 4);
        out += fmt::format("<text x=\"{:.1f}\" y=\"{}\">{}</text>\n", end + 5, y + 13, value_text(bar.value));
        y += bar_height;
    }
}

}  // namespace

std::string draw(const std::vector<Panel>& panels) {
    int height = gap;
    for (const Panel& panel : panels) height += height_of(panel);
    std::string out = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\">\n<style>{2}</style>\n",
        width, height, style);
    int top = gap / 2;
    for (const Panel& panel : panels) {
        draw(out, panel, top);
        top += height_of(panel);
    }
    return out + "</svg>\n";
}

}  // namespace daybook::bench
