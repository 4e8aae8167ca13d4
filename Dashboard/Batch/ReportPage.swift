import Base
import Configuration
import Stats
import Supervision
package import Watch

/// Everything that a colleague needs to judge an incident, in one page that needs nothing else. It is made of the model
/// and of what was gathered for it. It has no keys: the configuration comes with masks, and nothing else has any.
package enum ReportPage {
    static let size = Size(120, 40)
    /// The bytes that a section may have in the page. A longer one ends with a line that says so. With its twelve
    /// sections and seven screens a report is always smaller than 8 MiB.
    package static let mostBytes = 512 << 10
    static let outputLines = 40
    /// The newest crash report of each process is there, of at most so many processes.
    static let mostCrashes = 20

    /// The parts that the reports of the appliance do not tell. `nil` stands for a part that could not be had.
    package struct Gathered: Sendable {
        /// The supervisor's answer to `status`, a line of JSON.
        package var status: String?
        package var configuration: String?
        /// Files of the machine, with the reason if one could not be read.
        package var machine: [(path: String, contents: Result<String, Missing>)] = []
        /// The reason why the supervisor's answers are missing, if they are.
        package var problem = ""
        package init() {}
    }
    package struct Missing: Error {
        let reason: String
        package init(reason: String) { self.reason = reason }
    }

    /// Made for a span of so many seconds before the picture. The screens are those of the operator, but without
    /// filter and chosen row.
    package static func html(
        _ model: Model, _ session: Session, _ capabilities: Capabilities, seconds: Double, _ gathered: Gathered
    ) -> String {
        let time = UTC.text(model.wall, milliseconds: false)
        var page = Pages(name: "megatop report, \(plainText(model.server.host)), \(time)")
        page.add("REPORT", facts(model, session, seconds, time))
        page.add(
            "ALERTS",
            model.alerts.map {
                "\($0.isOpen ? $0.level.rawValue.uppercased() : "OVER") since \(UTC.text($0.since)): \($0.sentence)"
            })
        let since = Double(model.wall) - seconds * 1000
        page.add(
            "EVENTS of \(Format.span(seconds)), the newest at the end",
            model.events.filter { Double($0.time) >= since }.map(\.line))
        for screen in Screen.allCases {
            var shown = Session()
            shown.screen = screen
            shown.showsTotals = session.showsTotals
            shown.span = session.span
            shown.showsClientIDs = session.showsClientIDs
            shown.adminUntil = session.adminUntil
            shown.moment = session.moment
            page.add("SCREEN \(screen.tab)", Views.draw(model, shown, size, capabilities))
        }
        page.add("DOCTOR", model.told.doctor.map(line), or: gathered.problem)
        // One process in each line.
        page.add(
            "STATUS", (gathered.status?.replacing("{\"name\":", with: "\n{\"name\":")).map(lines) ?? [],
            or: gathered.problem)
        page.add(
            "CONFIGURATION, the file as it is now, keys masked", gathered.configuration.map(lines) ?? [],
            or: "this megatop was not told which configuration counts")
        page.add("CRASH REPORTS, the newest of each process", crashes(model), or: gathered.problem)
        page.add("LAST OUTPUT of each process", output(model), or: gathered.problem)
        page.add(
            "MACHINE",
            gathered.machine.flatMap { file in
                switch file.contents {
                case .success(let text): ["== \(file.path)"] + lines(text)
                case .failure(let missing): ["== \(file.path): not had: \(missing.reason)"]
                }
            }, or: model.isReplay ? "a recording has nothing of the machine" : "")
        page.add("METRICS", lines(BatchText.sample(Context(model, session, capabilities), .prom, isFirst: true)))
        return page.text + HTMLPage.end
    }
    /// `megatop-report-push1-2026-11-23-140231`.
    static func stem(_ model: Model) -> String {
        let host = model.server.host.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") ? $0 : "-" }
        return "megatop-report-\(String(host.prefix(64)))-\(Shot.stem(model.wall).dropFirst("megatop-".count))"
    }

    // MARK: the sections

    private static func facts(_ model: Model, _ session: Session, _ seconds: Double, _ time: String) -> [String] {
        let ids = session.showsIDs(model.now) ? "as they are: the operator shows them" : "hashed"
        var lines = [
            "host         \(model.server.host)", "time         \(time)", "span         \(Format.span(seconds))",
            "megatop      \(model.server.version)", "kernel       \(model.server.kernel)",
            "directory    \(model.server.runDirectory)", "client ids   \(ids)",
            "size         at most \(Format.bytes(Double(mostBytes))) a section; a longer one says that it was cut",
        ]
        switch model.link {
        case .live: break
        case .waiting: lines.append("link         no report has come yet")
        case .replay: lines.append("link         a recording, not the present")
        case .lost(_, let reason): lines.append("link         LOST: \(reason); the values are the last known")
        }
        let age = model.supervisor.startTime > 0 && model.wall >= model.supervisor.startTime
        lines.append(
            "supervisor   "
                + (age
                    ? "pid \(model.supervisor.pid), up "
                        + Format.span(Double(model.wall - model.supervisor.startTime) / 1000) : "not seen"))
        lines += model.ordered.map { process in
            "process      \(Format.left(process.id.short, 4)) \(process.state(model.now).text), pid \(process.pid), "
                + "boot " + hex(process.boot, digits: 16)
        }
        return lines
    }
    private static func line(_ row: Doctor.Row) -> String {
        "\(row.enough ? "  " : "! ")\(row.name)  \(row.have ?? "-")  want \(row.want)"
            + (row.enough ? "" : "  \(row.why)")
    }
    /// The newest crash of each process.
    static func newestCrashes(_ model: Model) -> [Told.CrashReport] {
        model.processes.keys.sorted().compactMap { model.told.crashes(of: $0)?.first }.prefix(mostCrashes).map(\.self)
    }
    private static func crashes(_ model: Model) -> [String] {
        guard model.told.crashes != nil else { return [] }
        let newest = newestCrashes(model)
        return newest.isEmpty
            ? ["no process has one"] : newest.flatMap { ($0.lines ?? ["\($0.id): not had"]) + [""] }
    }
    private static func output(_ model: Model) -> [String] {
        model.ordered.flatMap { process in
            let lines = model.told.children[process.id]?.output
            return ["== \(process.id.short)" + (lines == nil ? ": not had" : lines == [] ? ": it wrote nothing" : "")]
                + (lines ?? []).suffix(outputLines)
        }
    }
    private static func lines(_ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }
}

/// The page as it is written, section by section.
private struct Pages {
    private(set) var text: String

    init(name: String) { text = HTMLPage.begin(name: name) }

    mutating func add(_ title: String, _ grid: Grid) {
        head(title)
        text += "<pre class=\"normal\">\n" + grid.markedLines + "</pre>\n"
    }
    /// Every line passes as plain text. Without lines the section says why: `missing`, or that there are none.
    mutating func add(_ title: String, _ lines: [String], or missing: String = "") {
        head(title)
        text += "<pre class=\"normal\">\n"
        if lines.isEmpty {
            text +=
                "<span class=\"dim\">" + markup(missing.isEmpty ? "none" : "not had: " + plainText(missing))
                + "</span>\n"
        }
        var room = ReportPage.mostBytes
        for line in lines {
            let marked = markup(plainText(line.replacing("\t", with: "    "))) + "\n"
            room -= marked.utf8.count
            guard room >= 0 else {
                text += "<span class=\"warning\">cut here: the section is longer than it may be</span>\n"
                break
            }
            text += marked
        }
        text += "</pre>\n"
    }
    private mutating func head(_ title: String) { text += "<h2 class=\"title\">\(markup(title))</h2>\n" }
}
