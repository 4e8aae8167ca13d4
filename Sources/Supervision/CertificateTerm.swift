import Base
package import Stats

/// How long a certificate is good, and what is to be said of that.
package struct CertificateTerm: Equatable, Sendable {
    /// Seconds since 1970.
    package let begins: Int64
    package let ends: Int64
    private static let day: Int64 = 86_400
    /// It is said from so many days before the end on. What renews certificates does it weeks before.
    package static let warnsDays: Int64 = 14

    package init(begins: Int64, ends: Int64) {
        self.begins = begins
        self.ends = ends
    }

    /// Whole days that are left. Below 0 if it is over.
    package func daysLeft(now: Int64) -> Int64 {
        let left = ends - now
        return left >= 0 ? left / CertificateTerm.day : -((-left + CertificateTerm.day - 1) / CertificateTerm.day)
    }
    package var endText: String { UTC.text(ends * 1000, milliseconds: false) }
    package var beginText: String { UTC.text(begins * 1000, milliseconds: false) }

    /// The fault of its end, and how much that matters. `nil` if all is well.
    package func ending(now: Int64) -> (severity: Severity, text: String)? {
        let days = daysLeft(now: now)
        if now >= ends { return (.error, "it ended on \(endText), so no browser takes it") }
        guard days < CertificateTerm.warnsDays else { return nil }
        return (.warning, "it ends on \(endText), \(days == 0 ? "in less than a day" : "in \(days) days")")
    }
    /// The fault of its beginning. `nil` if all is well.
    package func beginning(now: Int64) -> String? {
        now < begins ? "it is good from \(beginText) on, so no browser takes it before" : nil
    }
}

extension StatusAnswer {
    /// The certificate of the workers.
    package struct Certificate: Codable, Equatable, Sendable {
        /// The names and addresses that it is for.
        package var names: [String]
        /// RFC 3339.
        package var begins: String
        package var ends: String
        /// Whole days that are left. Below 0 if it is over.
        package var daysLeft: Int64

        enum CodingKeys: String, CodingKey { case names, begins, ends, daysLeft = "days_left" }

        package init(names: [String], _ term: CertificateTerm, now: Int64) {
            self.names = names
            (begins, ends) = (term.beginText, term.endText)
            daysLeft = term.daysLeft(now: now)
        }
    }
}
