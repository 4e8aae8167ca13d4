import Stats
import Supervision

// The certificate of the workers, by their own reports.
extension ProcessModel {
    /// When the certificate that the worker serves ends, in seconds since 1970. `nil` if the worker serves no TLS, or
    /// does not run.
    package func certificateEnd(_ now: UInt64) -> Int64? {
        guard state(now).isRunning, let end = own.count(.tlsCertificateEnd), end > 0 else { return nil }
        return Int64(exactly: end)
    }
}

extension Totals {
    /// The end of the certificate that ends first. A worker that was not told to reload serves an older one.
    package var certificateEnd: Int64? { workers.compactMap { $0.certificateEnd(now) }.min() }
}

/// How the end of a certificate is shown.
package struct CertificateEnd: Equatable, Sendable {
    package let level: Level
    /// `cert 61d`: whole days.
    package let text: String
    /// The sentence of the alert. `nil` if all is well.
    package let alert: String?

    /// `end` is in seconds since 1970, `wall` in milliseconds.
    package init(_ end: Int64, wall: UInt64) {
        let now = Int64(clamping: wall / 1000)
        let days = CertificateTerm(begins: 0, ends: end).daysLeft(now: now)
        let isOver = now >= end
        level = isOver ? .critical : days < CertificateTerm.warnsDays ? .warning : .fine
        text = "cert " + (isOver ? "OVER" : days == 0 ? "<1d" : "\(days)d") + level.mark
        let count = days == 0 ? "less than a day" : days == 1 ? "1 day" : "\(days) days"
        let what = isOver ? "is over, no browser takes it" : "ends in \(count)"
        alert = level == .fine ? nil : "certificate \(what): renew it, then megacomet reload"
    }
}
