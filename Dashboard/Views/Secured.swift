import Stats
import Watch

// TLS on the screens: a line for all workers, and two for each. There are none where TLS is off.
extension Views {
    /// The TLS of all workers.
    static func securedLine(_ context: Context) -> Line? {
        let totals = context.totals
        return totals.certificateEnd.map { end in
            let secured = Secured(
                context: context, end: end, gauge: { totals.sum($0) }, rate: { totals.sumRate($0, seconds: $1) })
            var line = Line(" TLS", .title)
            secured.addConnections(to: &line)
            line.add("handshakes " + secured.handshakes + "/s", leaves: 2)
            secured.addFailed(to: &line)
            line.add("resumed " + secured.resumed, leaves: 5)
            secured.addBadRecords(to: &line)
            secured.addCertificate(to: &line)
            return line
        }
    }
    /// The TLS of one worker.
    static func securedLines(_ process: ProcessModel, _ context: Context) -> [Line] {
        guard let end = process.certificateEnd(context.now) else { return [] }
        let secured = Secured(
            context: context, end: end, gauge: { process.gauge($0, context.now) },
            rate: { process.rate($0, context.now, seconds: $1) })
        var line = Line(" TLS", .title)
        secured.addConnections(to: &line)
        secured.addBadRecords(to: &line)
        secured.addCertificate(to: &line)
        var shakes = Line(" HANDSHAKES", .title)
        shakes.add(secured.handshakes + "/s", gap: 1)
        secured.addFailed(to: &shakes)
        shakes.add("resumed " + secured.resumed, leaves: 3)
        shakes.add("under way " + secured.gauge(.tlsShaking).text(Format.grouped), leaves: 5)
        return [line, shakes]
    }
}

/// The pieces of these lines, of one worker or of all.
private struct Secured {
    let context: Context
    let end: Int64
    let gauge: (MetricID) -> Quantity
    let rate: (MetricID, Double) -> Quantity

    var handshakes: String { rate(.tlsHandshakes, context.seconds).text(Format.rate) }
    /// The share of handshakes that were done by a ticket, over ten seconds. Absent if there were none.
    var resumed: String {
        let all = rate(.tlsHandshakes, 10)
        guard let made = all.value, let byTicket = rate(.tlsResumed, 10).value else { return all.text(Format.percent) }
        return (made > 0 ? Quantity(byTicket / made, all.freshness) : .absent).text(Format.percent)
    }
    /// Parked is a connection of which only the keys are kept. One that is whole keeps OpenSSL's object.
    func addConnections(to line: inout Line) {
        line.add("parked " + context.number(gauge(.tlsParked), width: 11), gap: 4)
        line.add("whole " + context.number(gauge(.tlsWhole), width: 9), leaves: 3)
    }
    func addFailed(to line: inout Line) { addFault("failed", .tlsHandshakesFailed, leaves: 4, to: &line) }
    func addBadRecords(to line: inout Line) { addFault("bad records", .tlsBadRecords, leaves: 6, to: &line) }
    private func addFault(_ name: String, _ id: MetricID, leaves: Int, to line: inout Line) {
        let faults = rate(id, context.seconds)
        line.add(
            "\(name) " + faults.text(Format.rate) + "/s", role: (faults.value ?? 0) > 0 ? .warning : .normal,
            leaves: leaves)
    }
    func addCertificate(to line: inout Line) {
        let certificate = CertificateEnd(end, wall: context.model.wall)
        line.addRight(certificate.text, role: certificate.level.role, leaves: 1)
    }
}
