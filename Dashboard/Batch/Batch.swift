import Base
import Glibc
import Reactor
import Stats
import Supervision
import Watch

/// The screens as data, without a terminal: for scripts, monitoring and pipes.
package final class Batch {
    private let options: Options
    private let batchLoop = BatchLoop()
    private let source: Source

    /// How long it waits for the first report, and for a second one that rates need. Reports come each second.
    private static let patienceNanoseconds: UInt64 = 3_000_000_000
    /// ssh gives up after ten seconds.
    static let remotePatienceNanoseconds: UInt64 = 15_000_000_000

    package init(_ options: Options) throws {
        self.options = options
        source = try Source(batchLoop.loop, options, host: options.hosts.first)
    }

    package func run() -> Int32 {
        source.retry()
        let code = batchLoop.run { [unowned self] in tick() }
        source.leave()
        RemoteHost.end([source.remote].compactMap(\.self))
        return code
    }
    /// A machine that ssh can't reach needs no patience, and one that it can reach needs more.
    private var patience: UInt64 {
        guard source.remote != nil else { return Batch.patienceNanoseconds }
        return source.model.isLost ? 0 : Batch.remotePatienceNanoseconds
    }
    private func tick() {
        let now = Clock.monotonicNanoseconds
        source.tick()
        if asksApps { source.ask(.apps, every: 1) }
        if asksNodes { source.ask(.nodes, every: 1) }
        if options.shot != nil {
            for (question, seconds) in Views.questions(source.model, session, options.size) {
                source.ask(question, every: seconds)
            }
        }
        guard batchLoop.isDue(now, isKnown: isReady, patience: patience) else { return }
        if source.model.processes.isEmpty {
            var text = "no stats from \(options.hub): no supervisor answers (megacomet start)"
            if let remote = source.model.server.remote {
                text = "nothing from \(remote)"
                if case .lost(_, let reason) = source.model.link { text += ": \(reason)" }
            }
            if options.isCheck { put("UNKNOWN \(text)\n") } else { complain(text) }
            return batchLoop.end(options.isCheck ? 3 : 69)
        }
        let context = Context(source.model, session, Capabilities())
        if let format = options.shot {
            put(picture(format))
            return batchLoop.end()
        }
        if options.isCheck {
            let (text, code) = Check.result(context)
            put(text)
            return batchLoop.end(code)
        }
        batchLoop.print(of: options.count, every: context.session.interval, at: now) {
            BatchText.sample(context, options.format, isFirst: $0)
        }
    }
    /// One picture of a screen, as a terminal of this size would show it. Files other than text are always UTF-8.
    private func picture(_ format: Shot.Format) -> String {
        let isUTF8 = !options.isASCII && (format != .text || Terminal.isUTF8())
        let context = Context(source.model, session, Capabilities(isUTF8: isUTF8, hasColour: options.hasColour))
        let grid = Views.draw(source.model, session, options.size, context.capabilities)
        return Shot.document(grid, format, context)
    }
    private lazy var session = options.session()
    /// The screen shows apps, and the format has a place for them.
    private var asksApps: Bool {
        options.screen == .delivery && hasPlace
    }
    /// The same for the machines of a cluster.
    private var asksNodes: Bool { options.screen == .nodes && hasPlace }
    private var hasPlace: Bool {
        !options.isCheck && (options.shot != nil || options.format == .text || options.format == .json)
    }

    /// Rates are known: each running process has reported twice, and the apps were told twice. A recording has all at
    /// once.
    private var isReady: Bool {
        let model = source.model
        if source.isReplay { return model.processes.values.contains { $0.own.samples.count > 1 } }
        if asksApps, model.told.apps.previousTime == nil, model.told.apps.problem.isEmpty { return false }
        if asksNodes, model.told.nodes.answer == nil, model.told.nodes.problem.isEmpty { return false }
        if options.shot != nil, source.isWaiting { return false }
        return model.totals.areWhole
    }
    @discardableResult
    private func put(_ text: String) -> Bool { Batch.put(text) }
    /// Writes to standard output. False if the reader is gone.
    @discardableResult
    static func put(_ text: String) -> Bool {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
            if count > 0 { bytes = bytes.dropFirst(count) } else if errno != EINTR, errno != EAGAIN { return false }
        }
        return true
    }
    private func complain(_ text: String) { _ = "megatop: \(text)\n".withCString { write(2, $0, strlen($0)) } }
}

/// The form of Nagios: a line and an exit code.
enum Check {
    static func result(_ context: Context) -> (String, Int32) {
        let model = context.model
        let alerts = model.alerts.filter(\.isOpen)
        let critical = alerts.filter(\.isCritical), warning = alerts.filter { !$0.isCritical }
        var parts: [String] = []
        if !critical.isEmpty { parts.append("CRITICAL " + critical.map(\.sentence).joined(separator: ", ")) }
        if !warning.isEmpty { parts.append("WARNING " + warning.map(\.sentence).joined(separator: ", ")) }
        var code: Int32 = critical.isEmpty ? warning.isEmpty ? 0 : 1 : 2
        let totals = context.totals
        if model.isLost {
            parts = ["UNKNOWN no supervisor answers; the last values are old"] + parts
            code = 3
        }
        if parts.isEmpty {
            parts.append(
                "OK \(totals.readyCount) of \(model.processes.count) ready, \(totals.connections.text(Format.grouped)) "
                    + "connections, \(totals.waiting(.queueMessages).text(Format.grouped)) messages wait"
            )
        }
        func plain(_ value: Double?) -> String { value.map { BatchText.number($0) } ?? "U" }
        let limit = totals.connectionLimit ?? 0
        let data =
            "conns=\(plain(totals.connections.value));\(BatchText.number(limit * 0.8))"
            + ";\(BatchText.number(limit * 0.95)) queue=\(plain(totals.waiting(.queueMessages).value)) "
            + "expire=\(plain(totals.waitingRate(.expired, seconds: 10).value))"
        // A bar divides text from data, so the text must have none.
        return (plainText(parts.joined(separator: "; ")).replacing("|", with: "/") + " | " + data + "\n", code)
    }
}
