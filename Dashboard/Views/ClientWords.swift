import Base
import Stats
import Watch
import Wire

/// What is wrong with a client, if anything is, in a sentence, and what to do about it. No id is in it.
struct ClientWords: Equatable {
    var text: String
    var role = Role.normal
    var advice = ""

    /// `answer` is the manager's last one. `mark` is `~` if it is old.
    init(_ answer: ClientAnswer, mark: String, _ context: Context) {
        let waits = ClientWords.waits(answer, mark)
        let on = answer.worker.map { "w\($0)" }
        switch (answer.connected, waits) {
        case _ where answer.known == false && answer.queued == 0:
            text = "NOT KNOWN: it never came and nothing waits for it, or it left and was forgotten."
            role = .warning
            advice = "Is it the page's id? " + ClientWords.refusals(context)
        case (true, let waits?):
            text =
                "CONNECTED\(mark), " + waits
                + (answer.behind == false ? "; all of it was sent to it and is not acknowledged yet" : "")
            role = .warning
            advice = "Its line or its page is slow, or the page does not acknowledge. If it lasts, disconnect it."
        case (true, nil):
            text = "CONNECTED\(mark), and it was sent all there is for it."
            advice = "If the user sees nothing: apps publish to another id or channel, or the page does not show it."
        case (false, let waits?):
            text = on.map { "AWAY\(mark), last on \($0); " } ?? "HAS NOT COME\(mark) since the manager started; "
            text += waits
            role = .warning
            advice =
                on == nil
                ? "Is it the page's id? " + ClientWords.refusals(context)
                : "Its page is closed, or does not get through. What expires is lost: it is told of a gap."
        case (false, nil):
            text = "AWAY\(mark), and nothing waits for it."
            advice = "Its page is closed, or does not get through. " + ClientWords.refusals(context)
        }
        if let second = answer.revokedUntil {
            let until = (UInt64(exactly: second.rounded()) ?? 0) % UInt64(UInt32.max) * 1000
            text += " Tokens made until \(UTC.date(until)) \(UTC.clock(until)) UTC are revoked."
            role = .warning
        }
    }

    /// The messages that wait, how long they have waited, and by when the first expires. `nil` if none waits.
    private static func waits(_ answer: ClientAnswer, _ mark: String) -> String? {
        guard answer.queued > 0 else {
            return answer.behind == true ? "something waits in one of its channels" : nil
        }
        let verb = answer.queued == 1 ? "message waits" : "messages wait"
        var text = Format.grouped(answer.queued) + mark + " \(verb)"
        if let bytes = answer.bytes { text += " (\(Format.bytes(bytes))\(mark))" }
        if let oldest = answer.oldestSeconds { text += ", oldest \(Format.age(oldest))\(mark)" }
        if let left = answer.expiresSeconds { text += ", first expires in \(Format.age(left))\(mark)" }
        return text
    }
    /// Requests that the workers refuse now. The manager does not learn of them, so nobody knows for which client.
    private static func refusals(_ context: Context) -> String {
        let refused = [
            ("tokens", [MetricID.tokensRefused, .tokensExpired]),
            ("requests over bounds", [.refusedAddressConnections, .refusedAddressAccepts]),
        ].compactMap { name, metrics -> String? in
            let rates = metrics.map { context.totals.sumRate($0, seconds: max(10, context.seconds)).value }
            guard rates.contains(where: { $0 != nil }) else { return nil }
            return "\(name) \(Format.rate(rates.reduce(0) { $0 + ($1 ?? 0) }))/s"
        }
        return refused.isEmpty ? "" : "Workers refuse now: " + refused.joined(separator: ", ") + "."
    }

    /// The newest events of each kind: when it came, was sent something, was told of a loss, and left.
    static func last(_ followed: Told.Followed, _ context: Context) -> Line {
        var line = Line(" LAST", .title)
        var found = 0
        for (kinds, name, role) in [
            (["delivered"], "delivered", Role.normal), (["receiver"], "came", .normal), (["ended"], "ended", .normal),
            (["gap"], "gap told", .warning), (["expired", "dropped"], "lost", .warning),
        ] {
            guard let event = followed.newest(kinds), let time = event.time else { continue }
            line.add(
                "\(name) \(UTC.clock(time))" + (event.why.map { " (\(context.capabilities.clean($0)))" } ?? ""),
                role: role, leaves: 1 + found, gap: found == 0 ? 4 : 2)
            found += 1
        }
        if let event = followed.newest(["published", "sent"]), let app = event.app {
            line.add("from " + Views.appName(app, context), leaves: 7, gap: found == 0 ? 4 : 2)
            found += 1
        }
        guard case .following(let since) = followed.state else { return line }
        line.add(
            found == 0 ? "nothing since \(UTC.clock(since)): it is watched from then on" : "since \(UTC.clock(since))",
            role: .dim, leaves: 6, gap: found == 0 ? 4 : 2)
        return line
    }
}

extension Views {
    /// An app by the number of its connection, and its name if that is known: `app 17 jobs`.
    static func appName(_ number: UInt64, _ context: Context) -> String {
        let row = context.model.told.apps.row(number: number)
        return "app \(number)" + (row?.ownName.map { " " + context.capabilities.clean($0) } ?? "")
    }
}
