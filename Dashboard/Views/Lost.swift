import Configuration
import Watch

extension Frame {
    /// The reason why nothing comes, and what to do about it.
    static func lost(_ context: Context) -> [Page.HeaderLine] {
        let model = context.model
        var lines: [String]
        let address = model.server.statsAddress
        switch model.link {
        case .live, .replay: return []
        case .waiting: lines = ["waiting for the first report from \(address)"]
        case .lost(let since, let reason):
            let seconds = Double(context.now > since ? context.now - since : 0) / 1e9
            if let remote = model.server.remote {
                lines = ["NOTHING FROM \(remote) FOR \(Format.span(seconds)): \(reason)"]
                if !model.processes.isEmpty { lines.append("Values are the last known, marked ~.") }
                if !model.server.retry.isEmpty { lines.append("It is tried again \(model.server.retry) (Space: now).") }
                break
            }
            lines = ["NO STATS FOR \(Format.span(seconds)): hub \(address): \(reason)"]
            if model.processes.isEmpty {
                lines.append("No server was seen yet. U starts one in the background: megacomet start")
            } else {
                lines += whatIsLeft(model, seconds: seconds)
            }
            if context.session.isReadOnly {
                lines = lines.map {
                    $0.replacing("U starts one in the background: ", with: "Start it: ").replacing(
                        "U starts a supervisor; it adopts them.", with: "Start it: megacomet start"
                    ).replacing("U starts them.", with: "Start them: megacomet start")
                }
            }
        }
        return lines.enumerated().map { index, text in
            Page.HeaderLine(
                line: Line("## " + context.capabilities.clean(text), index == 0 ? .critical : .warning),
                from: index == 0 ? 5 : index == 1 ? 9 : 13)
        }
    }
    /// The processes that still serve, and for how long. They serve on without a supervisor for a while
    /// (`Settings.orphanGraceSeconds`), and then they drain and leave.
    private static func whatIsLeft(_ model: Model, seconds: Double) -> [String] {
        let alive = model.processes.values.count { $0.pid > 0 && !$0.isGone }
        let count = "\(alive) of \(model.processes.count) processes are alive"
        guard alive > 0 else {
            return ["\(count): nobody is served. U starts them.", "Values are the last known, marked ~."]
        }
        guard model.supervisor.isGone else {
            return [
                "Values are the last known, marked ~. \(count).",
                "Trying each second (Space: now). U starts a supervisor; it adopts them.",
            ]
        }
        let left = Settings.orphanGraceSeconds - seconds
        let fuse =
            left > 0
            ? "in \(Format.age(left.rounded(.up))) they drain and leave."
            : "no supervisor came in \(Format.span(Settings.orphanGraceSeconds)): they drain and leave."
        return ["\(count); " + fuse, "Values are the last known, marked ~. U starts a supervisor; it adopts them."]
    }
}
