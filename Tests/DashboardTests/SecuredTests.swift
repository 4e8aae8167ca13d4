import Dashboard
import Stats
import Supervision
import Testing
import Watch

/// TLS on the screens: its line, and the alert of a certificate that ends.
struct SecuredTests {
    private static let day: UInt64 = 86_400

    /// The incident, whose workers serve TLS under a certificate with so many seconds left.
    static func model(left: Int64 = 61 * 86_400 + 3600, _ changes: [(MetricID, UInt64)] = []) -> Model {
        var model = Samples.incident()
        let ends = UInt64(Int64(Samples.wall / 1000) + left)
        for second in 91...95 {
            model.now = Samples.start + UInt64(second) * Samples.second
            let count = UInt64(second) + 100_000
            for worker in [0, 1, 2, 3, 4, 6] {
                var report = Samples.report(worker, second, model.now)
                let set: [(MetricID, UInt64)] = [
                    (.tlsParked, UInt64(97_000 + worker)), (.tlsWhole, 120), (.tlsShaking, 2),
                    (.tlsHandshakes, count * 40), (.tlsResumed, count * 30), (.tlsHandshakesFailed, count * 3),
                    (.tlsBadRecords, 7), (.tlsKeyUpdates, 3), (.tlsCertificateEnd, ends),
                ]
                for (id, value) in set + changes { report.values[raw: id.rawValue] = value }
                model.take(report)
            }
            model.take(Samples.manager(second, model.now, 8))
            model.take(Samples.supervisor(second, 90, model.now, 8))
            model.tick()
        }
        return model
    }
    private func text(_ model: Model, _ size: Size, _ worker: Int? = nil) -> String {
        var session = Session()
        if let worker { session.overlay = .detail(.worker(worker), .history) }
        return Views.draw(model, session, size, Capabilities()).text
    }
    private func line(_ text: String) -> Substring? { text.split(separator: "\n").first { $0.hasPrefix(" TLS ") } }

    @Test(arguments: [Size(20, 4), Size(40, 12), Size(80, 24), Size(140, 36)])
    func screens_areAsTheyWere(_ size: Size) throws {
        try Golden.compare("secured-\(size.width)x\(size.height)", text(Self.model(), size))
        guard size.width >= 80 else { return }
        let ending = Self.model(left: 9 * 86_400 + 60)
        try Golden.compare("secured-ending-\(size.width)x\(size.height)", text(ending, size))
        try Golden.compare("secured-detail-\(size.width)x\(size.height)", text(Self.model(), size, 1))
    }
    @Test func whereTLSIsOff_nothingSaysSo() {
        // A worker without TLS reports zeros, and an old one reports nothing.
        let zeros = MetricID.tlsParked.rawValue...MetricID.tlsCertificateEnd.rawValue
        let off = Self.model(zeros.compactMap { MetricID(rawValue: $0) }.map { ($0, 0) })
        for model in [off, Samples.shown] {
            #expect(line(text(model, Size(140, 36))) == nil && line(text(model, Size(140, 36), 1)) == nil)
            #expect(!model.alerts.contains { $0.key == "certificate" })
        }
    }
    @Test func oneWorkerWithAnOlderCertificate_countsForAll() throws {
        var model = Self.model()
        var report = Samples.report(3, 96, model.now + Samples.second)
        let left = 3 * Self.day + 60
        report.values[raw: MetricID.tlsCertificateEnd.rawValue] = Samples.wall / 1000 + left
        model.now += Samples.second
        model.take(report)
        model.tick()
        #expect(try #require(line(text(model, Size(140, 36)))).hasSuffix("cert 3d W"))
        #expect(try #require(line(text(model, Size(140, 36), 1))).hasSuffix("cert 61d"))
        #expect(try #require(line(text(model, Size(140, 36), 3))).hasSuffix("cert 3d W"))
    }
    @Test(arguments: [
        (14 * 86_400, Level.fine, "cert 14d"), (14 * 86_400 - 1, .warning, "cert 13d W"),
        (86_400, .warning, "cert 1d W"), (60, .warning, "cert <1d W"),
        (0, .critical, "cert OVER C"), (-90_000, .critical, "cert OVER C"),
    ])
    func certificate_isMarkedFrom14DaysOn(_ left: Int64, _ level: Level, _ text: String) {
        let end = CertificateEnd(Int64(Samples.wall / 1000) + left, wall: Samples.wall)
        #expect(end.level == level && end.text == text)
        #expect((end.alert == nil) == (level == .fine))
        let alert = Self.model(left: left).alerts.first { $0.key == "certificate" }
        #expect(alert?.isCritical == (level == .fine ? nil : level == .critical))
    }
    @Test func whatShouldNotHappen_isNoZero() throws {
        let bad = Self.model([(.tlsCertificateEnd, .max)])
        #expect(line(text(bad, Size(140, 36))) == nil, "an end that no Int64 holds is no certificate")
        let far = Self.model([(.tlsCertificateEnd, UInt64(Int64.max))])
        #expect(line(text(far, Size(140, 36)))?.contains("cert ") == true)
    }
}
